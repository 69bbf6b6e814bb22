-- Title: Reablement that runs, or when the latest ended
-- Grain: one row per person in the cohort who has had reablement
-- Reads: cohort, event, codelist_short_term_care_service
-- Window: ever before the index date
-- Source: Client Level Data; service types as listed, compared without regard to case
-- Null: reablement_date while none runs; reablement_end_date while one does. Senders parted by spaces, each once
with service as (
    select
        event.person_key,
        event.provider_code,
        event.event_date,
        event.end_date,
        event.end_date is null or event.end_date >= $index_date as is_open,
    from event
    inner join codelist_short_term_care_service
        on lower(event.code) = lower(codelist_short_term_care_service.code)
    where
        event.event_type = 'care_service'
        and event.event_date < $index_date
        and codelist_short_term_care_service.meaning = 'reablement'
),

person as (
    select
        service.person_key,
        array_to_string(list_sort(array_agg(distinct service.provider_code)), ' ') as councils,
        bool_or(service.is_open) as is_open,
        max(case when service.is_open then service.event_date end) as open_date,
        max(service.end_date) as latest_end,
    from service
    group by service.person_key
)

select
    cohort.person_key,
    person.councils as reablement_councils,
    person.open_date as reablement_date,
    case when not person.is_open then person.latest_end end as reablement_end_date,
from cohort
inner join person on cohort.person_key = person.person_key
where cohort.is_social_care_covered
