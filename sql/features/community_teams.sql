-- Title: Contacts with community services by team
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_community_attendance, codelist_community_team
-- Window: [index_date - 3 or 12 months, index_date)
-- Source: CSDS; attended contacts, team as listed; the last month or two are not told yet
-- Null: all columns where community is not covered
with contact as (
    select
        event.person_key,
        event.event_date,
        event.class_code,
        codelist_community_team.meaning,
    from event
    inner join codelist_community_attendance on event.status_code = codelist_community_attendance.code
    left join codelist_community_team on event.class_code = codelist_community_team.code
    where
        event.event_type = 'community_contact'
        and codelist_community_attendance.meaning = 'attended'
        and event.event_date >= cast($index_date - interval '12' month as date)
        and event.event_date < $index_date
),

person_contact as (
    select
        contact.person_key,
        count(*) filter (
            where
            contact.meaning = 'nursing'
            and contact.event_date >= cast($index_date - interval '3' month as date)
        ) as nursing_3m,
        count(*) filter (where contact.meaning = 'nursing') as nursing_12m,
        count(*) filter (where contact.meaning = 'therapy') as therapy_12m,
        count(*) filter (where contact.meaning = 'palliative') as palliative_12m,
        count(distinct contact.class_code) as teams_12m,
    from contact
    group by contact.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_community_covered then coalesce(person_contact.nursing_3m, 0)
    end as community_nursing_contacts_3m,
    case
        when cohort.is_community_covered then coalesce(person_contact.nursing_12m, 0)
    end as community_nursing_contacts_12m,
    case
        when cohort.is_community_covered then coalesce(person_contact.therapy_12m, 0)
    end as community_therapy_contacts_12m,
    case
        when cohort.is_community_covered then coalesce(person_contact.palliative_12m, 0)
    end as community_palliative_contacts_12m,
    case
        when cohort.is_community_covered then coalesce(person_contact.teams_12m, 0)
    end as community_teams_distinct_12m,
from cohort
left join person_contact on cohort.person_key = person_contact.person_key
