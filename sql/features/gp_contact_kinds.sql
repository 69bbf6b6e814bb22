-- Title: Contacts with general practice by kind, their rise, and appointments missed
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_gp_contact, codelist_gp_missed_appointment
-- Window: counts [index_date - 12 months, index_date); change: last 3 months against the 3 before; days since: ever before the index date
-- Source: GP record, coded consultations; several codes of a kind on one day are one contact of that kind
-- Null: all columns where gp is not covered; days since when there never was a home visit
with contact_code as (
    select
        codelist_gp_contact.code,
        codelist_gp_contact.kind,
    from codelist_gp_contact
    union all
    select
        codelist_gp_missed_appointment.code,
        'missed' as kind,
    from codelist_gp_missed_appointment
),

contact_day as (
    select
        event.person_key,
        event.event_date,
        event.event_date >= cast($index_date - interval '12' month as date) as is_this_year,
        bool_or(contact_code.kind = 'surgery') as is_surgery,
        bool_or(contact_code.kind = 'telephone') as is_telephone,
        bool_or(contact_code.kind = 'home') as is_home,
        bool_or(contact_code.kind = 'missed') as is_missed,
        bool_or(contact_code.kind != 'missed') as is_contact,
    from event
    inner join contact_code on event.code = contact_code.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by
        event.person_key,
        event.event_date
),

person as (
    select
        contact_day.person_key,
        count(*) filter (where contact_day.is_this_year and contact_day.is_surgery) as surgery,
        count(*) filter (where contact_day.is_this_year and contact_day.is_telephone) as telephone,
        count(*) filter (where contact_day.is_this_year and contact_day.is_home) as home_visits,
        count(*) filter (where contact_day.is_this_year and contact_day.is_missed) as missed,
        count(*) filter (
            where contact_day.is_contact and contact_day.event_date >= cast($index_date - interval '3' month as date)
        ) as last_quarter,
        count(*) filter (
            where
            contact_day.is_contact
            and contact_day.event_date >= cast($index_date - interval '6' month as date)
            and contact_day.event_date < cast($index_date - interval '3' month as date)
        ) as quarter_before,
        max(case when contact_day.is_home then contact_day.event_date end) as home_visit_date,
    from contact_day
    group by contact_day.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person.surgery, 0) end as gp_surgery_contacts_12m,
    case when cohort.is_gp_covered then coalesce(person.telephone, 0) end as gp_telephone_contacts_12m,
    case when cohort.is_gp_covered then coalesce(person.home_visits, 0) end as gp_home_visits_12m,
    case
        when cohort.is_gp_covered then date_diff('day', person.home_visit_date, $index_date)
    end as gp_home_visit_days_since,
    case
        when cohort.is_gp_covered then coalesce(person.last_quarter - person.quarter_before, 0)
    end as gp_contacts_change_3m,
    case when cohort.is_gp_covered then coalesce(person.missed, 0) end as gp_missed_appointments_12m,
from cohort
left join person on cohort.person_key = person.person_key
