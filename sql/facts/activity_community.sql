-- Title: Attended contacts with community services of 18 months, for the strip on the practice's page
-- Grain: one row per person in the cohort with a contact in the window
-- Reads: cohort, event, codelist_community_attendance
-- Window: [index_date - 18 months, index_date)
-- Source: CSDS; only contacts whose attendance status says attended
-- Null: none; who has no row had no contact, or is not covered. Days parted by spaces, one for each contact
with contact as (
    select
        event.person_key,
        cast(event.event_date as varchar) as told,
    from event
    inner join codelist_community_attendance on event.status_code = codelist_community_attendance.code
    where
        event.event_type = 'community_contact'
        and event.event_date >= cast($index_date - interval '18' month as date)
        and event.event_date < $index_date
        and codelist_community_attendance.meaning = 'attended'
),

person as (
    select
        contact.person_key,
        array_to_string(list_sort(array_agg(contact.told)), ' ') as activity_community,
    from contact
    group by contact.person_key
)

select
    cohort.person_key,
    person.activity_community,
from cohort
inner join person on cohort.person_key = person.person_key
where cohort.is_community_covered
