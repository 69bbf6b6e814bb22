-- Title: Contacts with general practice
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_gp_contact
-- Window: counts [index_date - 3 or 12 months, index_date); days since: ever before the index date
-- Source: GP record, coded consultations; several codes on one day are one contact
-- Null: all columns where gp is not covered; days since when there never was one
with contact_day as (
    select distinct
        event.person_key,
        event.event_date,
    from event
    inner join codelist_gp_contact on event.code = codelist_gp_contact.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
),

person_contact as (
    select
        contact_day.person_key,
        count(*) filter (
            where contact_day.event_date >= cast($index_date - interval '3' month as date)
        ) as contacts_3m,
        count(*) filter (
            where contact_day.event_date >= cast($index_date - interval '12' month as date)
        ) as contacts_12m,
        max(contact_day.event_date) as latest_date,
    from contact_day
    group by contact_day.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person_contact.contacts_3m, 0) end as gp_contacts_3m,
    case when cohort.is_gp_covered then coalesce(person_contact.contacts_12m, 0) end as gp_contacts_12m,
    case
        when cohort.is_gp_covered then date_diff('day', person_contact.latest_date, $index_date)
    end as gp_contact_days_since,
from cohort
left join person_contact on cohort.person_key = person_contact.person_key
