-- Title: Medicines issued in general practice
-- Grain: one row per person in the cohort
-- Reads: cohort, event
-- Window: different medicines [index_date - 6 months, index_date); items [index_date - 12 months, index_date)
-- Source: GP issue record; a different medicine is a different BNF section, one issue is one item
-- Null: all columns where gp is not covered
with person_issue as (
    select
        event.person_key,
        count(distinct event.detail) filter (
            where event.event_date >= cast($index_date - interval '6' month as date)
        ) as sections_6m,
        count(*) as items_12m,
    from event
    where
        event.event_type = 'gp_medication'
        and event.event_date >= cast($index_date - interval '12' month as date)
        and event.event_date < $index_date
    group by event.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person_issue.sections_6m, 0) end as medicines_distinct_6m,
    case when cohort.is_gp_covered then coalesce(person_issue.items_12m, 0) end as medication_items_12m,
from cohort
left join person_issue on cohort.person_key = person_issue.person_key
