-- Title: What the council provides now
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_social_care_service, codelist_nursing_home_service
-- Window: open on the index date
-- Source: Client Level Data of the council of residence; a part of a package is a different service component
-- Null: all columns where social care is not covered; days since start when no care home is paid for
with open_service as (
    select
        event.person_key,
        event.event_date,
        event.class_code as component,
        codelist_social_care_service.meaning,
        codelist_nursing_home_service.code is not null as is_nursing,
    from event
    inner join codelist_social_care_service on lower(event.code) = lower(codelist_social_care_service.code)
    left join codelist_nursing_home_service
        on lower(event.code) = lower(codelist_nursing_home_service.code)
    where
        event.event_type = 'care_service'
        and event.event_date < $index_date
        and (event.end_date is null or event.end_date >= $index_date)
),

person_service as (
    select
        open_service.person_key,
        count(distinct case when open_service.meaning = 'home_care' then open_service.component end)
            as components,
        bool_or(open_service.is_nursing) as has_nursing_home,
        min(case when open_service.meaning = 'care_home' then open_service.event_date end) as care_home_date,
    from open_service
    group by open_service.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_social_care_covered then coalesce(person_service.components, 0)
    end as care_package_components,
    case
        when cohort.is_social_care_covered then coalesce(person_service.has_nursing_home, false)
    end as has_nursing_home_care,
    case
        when cohort.is_social_care_covered then date_diff('day', person_service.care_home_date, $index_date)
    end as care_home_days_since_start,
from cohort
left join person_service on cohort.person_key = person_service.person_key
