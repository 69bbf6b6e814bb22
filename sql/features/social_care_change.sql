-- Title: Changes in what the council provides
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_social_care_service
-- Window: [index_date - 6 or 12 months, index_date); services open on the index date and 12 months before
-- Source: Client Level Data, long-term services; sent by the quarter, so the last months may be missing
-- Null: all columns where social care is not covered
with service as (
    select
        event.person_key,
        event.event_date,
        event.end_date,
        event.end_date is null or event.end_date >= $index_date as is_open,
        event.event_date < cast($index_date - interval '12' month as date)
        and (
            event.end_date is null or event.end_date >= cast($index_date - interval '12' month as date)
        ) as was_open,
        codelist_social_care_service.meaning = 'home_care' as is_home_care,
    from event
    inner join codelist_social_care_service on lower(event.code) = lower(codelist_social_care_service.code)
    where
        event.event_type = 'care_service'
        and event.event_date < $index_date
),

person_service as (
    select
        service.person_key,
        count(*) filter (
            where service.event_date >= cast($index_date - interval '6' month as date)
        ) as started_6m,
        count(*) filter (
            where
            not service.is_open
            and service.end_date >= cast($index_date - interval '6' month as date)
        ) as ended_6m,
        count(*) filter (where service.is_home_care and service.is_open)
        - count(*) filter (where service.is_home_care and service.was_open) as change_12m,
        bool_or(
            service.is_home_care
            and not service.is_open
            and service.end_date >= cast($index_date - interval '12' month as date)
        ) and not bool_or(service.is_open) as has_stopped_12m,
    from service
    group by service.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_social_care_covered then coalesce(person_service.started_6m, 0)
    end as care_services_started_6m,
    case
        when cohort.is_social_care_covered then coalesce(person_service.ended_6m, 0)
    end as care_services_ended_6m,
    case
        when cohort.is_social_care_covered then coalesce(person_service.change_12m, 0)
    end as care_package_change_12m,
    case
        when cohort.is_social_care_covered then coalesce(person_service.has_stopped_12m, false)
    end as has_care_stopped_12m,
from cohort
left join person_service on cohort.person_key = person_service.person_key
