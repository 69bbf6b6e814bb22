-- Title: Reablement and other short-term support
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_short_term_care_service
-- Window: [index_date - 12 months, index_date); days since: ever before the index date
-- Source: Client Level Data; service types as listed, compared without regard to case
-- Null: all columns where social care is not covered; days since when there never was reablement
with service as (
    select
        event.person_key,
        event.event_date,
        event.end_date is null or event.end_date >= $index_date as is_open,
        codelist_short_term_care_service.meaning = 'reablement' as is_reablement,
        codelist_short_term_care_service.meaning = 'low_level' as is_low_level,
    from event
    inner join codelist_short_term_care_service
        on lower(event.code) = lower(codelist_short_term_care_service.code)
    where
        event.event_type = 'care_service'
        and event.event_date < $index_date
),

person_service as (
    select
        service.person_key,
        bool_or(service.is_reablement and service.is_open) as has_reablement,
        count(*) filter (
            where
            service.is_reablement
            and service.event_date >= cast($index_date - interval '12' month as date)
        ) as reablement_12m,
        count(*) filter (
            where
            service.is_low_level
            and service.event_date >= cast($index_date - interval '12' month as date)
        ) as low_level_12m,
        max(case when service.is_reablement then service.event_date end) as latest_date,
    from service
    group by service.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_social_care_covered then coalesce(person_service.has_reablement, false)
    end as has_reablement,
    case
        when cohort.is_social_care_covered then coalesce(person_service.reablement_12m, 0)
    end as reablement_services_12m,
    case
        when cohort.is_social_care_covered then coalesce(person_service.low_level_12m, 0)
    end as low_level_support_12m,
    case
        when cohort.is_social_care_covered then date_diff('day', person_service.latest_date, $index_date)
    end as reablement_days_since,
from cohort
left join person_service on cohort.person_key = person_service.person_key
