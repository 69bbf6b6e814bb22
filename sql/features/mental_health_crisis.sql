-- Title: Mental health crisis, liaison and community teams
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_mental_health_attendance, codelist_mental_health_team
-- Window: counts [index_date - 3 or 12 months, index_date); days since: ever before the index date
-- Source: MHSDS; team as listed; a contact without an attendance status is neither attended nor missed
-- Null: all columns where mental health is not covered; days since when there never was a crisis contact
with contact as (
    select
        event.person_key,
        event.event_date,
        codelist_mental_health_attendance.meaning = 'attended' as is_attended,
        codelist_mental_health_attendance.meaning = 'did_not_attend' as is_missed,
        coalesce(codelist_mental_health_team.meaning, 'other') as team,
    from event
    inner join codelist_mental_health_attendance on event.status_code = codelist_mental_health_attendance.code
    left join codelist_mental_health_team on event.class_code = codelist_mental_health_team.code
    where
        event.event_type = 'mental_health_contact'
        and event.event_date < $index_date
),

person_contact as (
    select
        contact.person_key,
        count(*) filter (
            where
            contact.is_attended and contact.team = 'crisis'
            and contact.event_date >= cast($index_date - interval '3' month as date)
        ) as crisis_3m,
        count(*) filter (
            where
            contact.is_attended and contact.team = 'liaison'
            and contact.event_date >= cast($index_date - interval '12' month as date)
        ) as liaison_12m,
        count(*) filter (
            where
            contact.is_attended and contact.team = 'community'
            and contact.event_date >= cast($index_date - interval '12' month as date)
        ) as community_12m,
        count(*) filter (
            where
            contact.is_missed
            and contact.event_date >= cast($index_date - interval '12' month as date)
        ) as missed_12m,
        max(
            case when contact.is_attended and contact.team = 'crisis' then contact.event_date end
        ) as latest_date,
    from contact
    group by contact.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_mental_health_covered then coalesce(person_contact.crisis_3m, 0)
    end as mental_health_crisis_contacts_3m,
    case
        when cohort.is_mental_health_covered then coalesce(person_contact.liaison_12m, 0)
    end as mental_health_liaison_contacts_12m,
    case
        when cohort.is_mental_health_covered then coalesce(person_contact.community_12m, 0)
    end as mental_health_community_contacts_12m,
    case
        when cohort.is_mental_health_covered then coalesce(person_contact.missed_12m, 0)
    end as mental_health_did_not_attend_12m,
    case
        when cohort.is_mental_health_covered then date_diff('day', person_contact.latest_date, $index_date)
    end as mental_health_crisis_days_since,
from cohort
left join person_contact on cohort.person_key = person_contact.person_key
