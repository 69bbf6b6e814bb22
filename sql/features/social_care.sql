-- Title: Adult social care
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_social_care_service
-- Window: services open on the index date; requests [index_date - 12 months, index_date)
-- Source: Client Level Data of the council of residence; service types compared without regard to case
-- Null: all columns where social care is not covered; days since start when no long-term service is open
with open_service as (
    select
        event.person_key,
        event.event_date,
        codelist_social_care_service.meaning,
    from event
    inner join codelist_social_care_service on lower(event.code) = lower(codelist_social_care_service.code)
    where
        event.event_type = 'care_service'
        and event.event_date < $index_date
        and (event.end_date is null or event.end_date >= $index_date)
),

person_service as (
    select
        open_service.person_key,
        bool_or(open_service.meaning = 'home_care') as has_home_care,
        bool_or(open_service.meaning = 'care_home') as is_care_home_resident,
        min(open_service.event_date) as first_date,
    from open_service
    group by open_service.person_key
),

person_request as (
    select
        event.person_key,
        count(*) as requests_12m,
    from event
    where
        event.event_type = 'care_request'
        and event.event_date >= cast($index_date - interval '12' month as date)
        and event.event_date < $index_date
    group by event.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_social_care_covered then coalesce(person_service.has_home_care, false)
    end as has_home_care,
    case
        when cohort.is_social_care_covered then coalesce(person_service.is_care_home_resident, false)
    end as is_care_home_resident,
    case
        when cohort.is_social_care_covered then coalesce(person_request.requests_12m, 0)
    end as care_requests_12m,
    case
        when cohort.is_social_care_covered then date_diff('day', person_service.first_date, $index_date)
    end as care_package_days_since_start,
from cohort
left join person_service on cohort.person_key = person_service.person_key
left join person_request on cohort.person_key = person_request.person_key
