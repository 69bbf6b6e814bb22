-- Title: Contacts with community services
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_community_attendance
-- Window: counts [index_date - 3 or 12 months, index_date); days since: ever before the index date
-- Source: CSDS; a contact without an attendance status is neither attended nor missed
-- Null: all columns where community is not covered; days since when there never was an attended one
with contact as (
    select
        event.person_key,
        event.event_date,
        codelist_community_attendance.meaning,
    from event
    inner join codelist_community_attendance on event.status_code = codelist_community_attendance.code
    where
        event.event_type = 'community_contact'
        and event.event_date < $index_date
),

person_contact as (
    select
        contact.person_key,
        count(*) filter (
            where
            contact.meaning = 'attended'
            and contact.event_date >= cast($index_date - interval '3' month as date)
        ) as attended_3m,
        count(*) filter (
            where
            contact.meaning = 'attended'
            and contact.event_date >= cast($index_date - interval '12' month as date)
        ) as attended_12m,
        count(*) filter (
            where
            contact.meaning = 'did_not_attend'
            and contact.event_date >= cast($index_date - interval '12' month as date)
        ) as did_not_attend_12m,
        max(case when contact.meaning = 'attended' then contact.event_date end) as latest_date,
    from contact
    group by contact.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_community_covered then coalesce(person_contact.attended_3m, 0)
    end as community_contacts_3m,
    case
        when cohort.is_community_covered then coalesce(person_contact.attended_12m, 0)
    end as community_contacts_12m,
    case
        when cohort.is_community_covered then coalesce(person_contact.did_not_attend_12m, 0)
    end as community_did_not_attend_12m,
    case
        when cohort.is_community_covered then date_diff('day', person_contact.latest_date, $index_date)
    end as community_contact_days_since,
from cohort
left join person_contact on cohort.person_key = person_contact.person_key
