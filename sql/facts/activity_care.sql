-- Title: Council services of 18 months, for the strip on the practice's page
-- Grain: one row per person in the cohort with a service in the window
-- Reads: cohort, event, codelist_social_care_service, codelist_short_term_care_service
-- Window: services that ran on any day of [index_date - 18 months, index_date)
-- Source: Client Level Data; service types as listed, compared without regard to case
-- Null: none; who has no row has no service, or is not covered
-- Each is first day/last day/kind, by first day; the last day is empty while the service runs. Equipment and other
-- support of a low level is left out: it is given once, and its end is not reliable.
with service as (
    select distinct
        event.person_key,
        cast(event.event_date as varchar)
        || '/'
        || coalesce(cast(event.end_date as varchar), '')
        || '/'
        || coalesce(codelist_social_care_service.meaning, 'short_term') as told,
    from event
    left join codelist_social_care_service on lower(event.code) = lower(codelist_social_care_service.code)
    left join codelist_short_term_care_service
        on
            lower(event.code) = lower(codelist_short_term_care_service.code)
            and codelist_short_term_care_service.meaning != 'low_level'
    where
        event.event_type = 'care_service'
        and event.event_date < $index_date
        and (
            event.end_date is null
            or event.end_date >= cast($index_date - interval '18' month as date)
        )
        and (codelist_social_care_service.code is not null or codelist_short_term_care_service.code is not null)
),

person as (
    select
        service.person_key,
        array_to_string(list_sort(array_agg(service.told)), ' ') as activity_care,
    from service
    group by service.person_key
)

select
    cohort.person_key,
    person.activity_care,
from cohort
inner join person on cohort.person_key = person.person_key
where cohort.is_social_care_covered
