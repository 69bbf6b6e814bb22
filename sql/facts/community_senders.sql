-- Title: Who tells of a person's community contacts, and a contact of which nobody told whether it took place
-- Grain: one row per person in the cohort with a contact in the window
-- Reads: cohort, event, codelist_community_attendance
-- Window: [index_date - 24 months, index_date)
-- Source: CSDS; an attendance status that is empty or not listed says neither attended nor missed
-- Null: community_unclear_date when of every contact it is known. Senders parted by spaces, each once
-- How far the records of a sender reach is told by its deliveries; with that a silence can be told from a late file.
with contact as (
    select
        event.person_key,
        event.event_date,
        event.provider_code,
        codelist_community_attendance.code is null as is_unclear,
    from event
    left join codelist_community_attendance on event.status_code = codelist_community_attendance.code
    where
        event.event_type = 'community_contact'
        and event.event_date >= cast($index_date - interval '24' month as date)
        and event.event_date < $index_date
),

person as (
    select
        contact.person_key,
        array_to_string(list_sort(array_agg(distinct contact.provider_code)), ' ') as senders,
        max(case when contact.is_unclear then contact.event_date end) as unclear_date,
    from contact
    group by contact.person_key
)

select
    cohort.person_key,
    person.senders as community_senders,
    person.unclear_date as community_unclear_date,
from cohort
inner join person on cohort.person_key = person.person_key
where cohort.is_community_covered
