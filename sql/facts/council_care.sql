-- Title: Since when the council has provided care without a break, and when it last changed or ended
-- Grain: one row per person in the cohort with a long-term service
-- Reads: cohort, event, codelist_social_care_service
-- Window: ever before the index date
-- Source: Client Level Data; a review ends a line and begins another, which is one service to whoever is visited
-- Null: home_care_date and care_home_date while none is open; home_care_changed_date when no line was added since;
-- home_care_end_date while any long-term service is open. A line that begins by the day after another of its kind
-- ended goes on from it.
with service as (
    select
        event.person_key,
        event.provider_code,
        event.event_date,
        event.end_date,
        codelist_social_care_service.meaning,
        event.end_date is null or event.end_date >= $index_date as is_open,
        max(coalesce(event.end_date, $index_date)) over (
            partition by event.person_key, codelist_social_care_service.meaning
            order by event.event_date asc nulls last, event.end_date asc nulls last
            rows between unbounded preceding and 1 preceding
        ) as covered_until,
    from event
    inner join codelist_social_care_service on lower(event.code) = lower(codelist_social_care_service.code)
    where
        event.event_type = 'care_service'
        and event.event_date < $index_date
),

kind as (
    select
        service.person_key,
        service.meaning,
        array_agg(distinct service.provider_code) as councils,
        bool_or(service.is_open) as is_open,
        max(service.event_date) as latest_start,
        max(service.end_date) as latest_end,
        max(
            case
                when
                    service.covered_until is null
                    or service.event_date > cast(service.covered_until + interval '1' day as date)
                    then service.event_date
            end
        ) as since_date,
    from service
    group by
        service.person_key,
        service.meaning
),

person as (
    select
        kind.person_key,
        array_to_string(list_sort(list_distinct(flatten(array_agg(kind.councils)))), ' ') as councils,
        bool_or(kind.is_open) as is_any_open,
        max(case when kind.meaning = 'home_care' and kind.is_open then kind.since_date end) as home_care_date,
        max(
            case
                when kind.meaning = 'home_care' and kind.is_open and kind.latest_start > kind.since_date
                    then kind.latest_start
            end
        ) as changed_date,
        max(case when kind.meaning = 'home_care' then kind.latest_end end) as home_care_end_date,
        max(case when kind.meaning = 'care_home' and kind.is_open then kind.since_date end) as care_home_date,
    from kind
    group by kind.person_key
)

select
    cohort.person_key,
    person.councils as care_councils,
    person.home_care_date,
    person.changed_date as home_care_changed_date,
    case when not person.is_any_open then person.home_care_end_date end as home_care_end_date,
    person.care_home_date,
from cohort
inner join person on cohort.person_key = person.person_key
where cohort.is_social_care_covered
