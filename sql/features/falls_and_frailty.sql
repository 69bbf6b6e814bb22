-- Title: Falls, frailty and being housebound
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_fall, codelist_frailty, codelist_housebound
-- Window: falls [index_date - 12 months, index_date); frailty and housebound: ever before the index date
-- Source: GP record; several fall codes on one day are one fall; mild frailty does not count
-- Null: all columns where gp is not covered
with person_fall as (
    select
        event.person_key,
        count(distinct event.event_date) as falls_12m,
    from event
    inner join codelist_fall on event.code = codelist_fall.code
    where
        event.event_type = 'gp_code'
        and event.event_date >= cast($index_date - interval '12' month as date)
        and event.event_date < $index_date
    group by event.person_key
),

frail_person as (
    select distinct
        event.person_key,
    from event
    inner join codelist_frailty on event.code = codelist_frailty.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
        and codelist_frailty.level in ('moderate', 'severe')
),

housebound_person as (
    select distinct
        event.person_key,
    from event
    inner join codelist_housebound on event.code = codelist_housebound.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person_fall.falls_12m, 0) end as falls_12m,
    case when cohort.is_gp_covered then frail_person.person_key is not null end as has_frailty_code,
    case when cohort.is_gp_covered then housebound_person.person_key is not null end as is_housebound,
from cohort
left join person_fall on cohort.person_key = person_fall.person_key
left join frail_person on cohort.person_key = frail_person.person_key
left join housebound_person on cohort.person_key = housebound_person.person_key
