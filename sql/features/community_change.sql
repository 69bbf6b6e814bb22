-- Title: Change of contacts with community services
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_community_attendance, codelist_community_team
-- Window: [index_date - 5 months, index_date - 2 months) against the 3 months before; stopped: none since; days since: ever
-- Source: CSDS, attended contacts; a month is told up to two months after it began, so two are left out
-- Null: all columns where community is not covered; days since when there never was nursing
with contact as (
    select
        event.person_key,
        event.event_date,
        event.event_date < cast($index_date - interval '2' month as date)
        and event.event_date >= cast($index_date - interval '5' month as date) as is_later,
        event.event_date < cast($index_date - interval '5' month as date)
        and event.event_date >= cast($index_date - interval '8' month as date) as is_earlier,
        event.event_date >= cast($index_date - interval '5' month as date) as is_since,
        coalesce(codelist_community_team.meaning = 'nursing', false) as is_nursing,
    from event
    inner join codelist_community_attendance on event.status_code = codelist_community_attendance.code
    left join codelist_community_team on event.class_code = codelist_community_team.code
    where
        event.event_type = 'community_contact'
        and codelist_community_attendance.meaning = 'attended'
        and event.event_date < $index_date
),

person_contact as (
    select
        contact.person_key,
        count(*) filter (where contact.is_later)
        - count(*) filter (where contact.is_earlier) as contacts_change,
        count(*) filter (where contact.is_later and contact.is_nursing)
        - count(*) filter (where contact.is_earlier and contact.is_nursing) as nursing_change,
        bool_or(contact.is_earlier and contact.is_nursing)
        and not bool_or(contact.is_since and contact.is_nursing) as is_nursing_stopped,
        max(case when contact.is_nursing then contact.event_date end) as latest_nursing,
    from contact
    group by contact.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_community_covered then coalesce(person_contact.contacts_change, 0)
    end as community_contacts_change_3m,
    case
        when cohort.is_community_covered then coalesce(person_contact.nursing_change, 0)
    end as community_nursing_change_3m,
    case
        when cohort.is_community_covered then coalesce(person_contact.is_nursing_stopped, false)
    end as has_community_nursing_stopped,
    case
        when cohort.is_community_covered then date_diff('day', person_contact.latest_nursing, $index_date)
    end as community_nursing_days_since,
from cohort
left join person_contact on cohort.person_key = person_contact.person_key
