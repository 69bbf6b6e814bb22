-- Title: Falls coded in general practice, lately and over two years
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_fall
-- Window: counts [index_date - 3 or 24 months, index_date); days since: ever before the index date
-- Source: GP record; several fall codes on one day are one fall
-- Null: all columns where gp is not covered; days since when there never was a fall
with fall_day as (
    select distinct
        event.person_key,
        event.event_date,
    from event
    inner join codelist_fall on event.code = codelist_fall.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
),

person as (
    select
        fall_day.person_key,
        count(*) filter (where fall_day.event_date >= cast($index_date - interval '3' month as date)) as falls_3m,
        count(*) filter (where fall_day.event_date >= cast($index_date - interval '24' month as date)) as falls_24m,
        max(fall_day.event_date) as latest_date,
    from fall_day
    group by fall_day.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person.falls_3m, 0) end as gp_falls_3m,
    case when cohort.is_gp_covered then coalesce(person.falls_24m, 0) end as gp_falls_24m,
    case when cohort.is_gp_covered then date_diff('day', person.latest_date, $index_date) end as gp_fall_days_since,
from cohort
left join person on cohort.person_key = person.person_key
