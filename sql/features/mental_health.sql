-- Title: Mental health services
-- Grain: one row per person in the cohort
-- Reads: cohort, event, stay, codelist_mental_health_attendance, codelist_mental_health_team
-- Window: [index_date - 12 months, index_date); days since: ever before the index date
-- Source: MHSDS; a contact without an attendance status is neither attended nor missed
-- Null: all columns where mental health is not covered; days since when there never was an attended contact
with contact as (
    select
        event.person_key,
        event.event_date,
        coalesce(codelist_mental_health_team.meaning = 'crisis', false) as is_crisis,
    from event
    inner join codelist_mental_health_attendance on event.status_code = codelist_mental_health_attendance.code
    left join codelist_mental_health_team on event.class_code = codelist_mental_health_team.code
    where
        event.event_type = 'mental_health_contact'
        and codelist_mental_health_attendance.meaning = 'attended'
        and event.event_date < $index_date
),

person_contact as (
    select
        contact.person_key,
        count(*) filter (
            where contact.event_date >= cast($index_date - interval '12' month as date)
        ) as contacts_12m,
        count(*) filter (
            where contact.is_crisis and contact.event_date >= cast($index_date - interval '12' month as date)
        ) as crisis_12m,
        max(contact.event_date) as latest_date,
    from contact
    group by contact.person_key
),

person_stay as (
    select
        stay.person_key,
        -- Nights inside the window begin with the later of the two starts.
        sum(
            greatest(
                date_diff(
                    'day',
                    greatest(stay.event_date, cast($index_date - interval '12' month as date)),
                    stay.counted_to
                ),
                0
            )
        ) as days_12m,
    from stay
    where stay.event_type = 'mental_health_admission'
    group by stay.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_mental_health_covered then coalesce(person_contact.contacts_12m, 0)
    end as mental_health_contacts_12m,
    case
        when cohort.is_mental_health_covered then coalesce(person_contact.crisis_12m, 0)
    end as mental_health_crisis_contacts_12m,
    case
        when cohort.is_mental_health_covered then coalesce(person_stay.days_12m, 0)
    end as mental_health_inpatient_days_12m,
    case
        when cohort.is_mental_health_covered then date_diff('day', person_contact.latest_date, $index_date)
    end as mental_health_contact_days_since,
from cohort
left join person_contact on cohort.person_key = person_contact.person_key
left join person_stay on cohort.person_key = person_stay.person_key
