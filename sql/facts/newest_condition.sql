-- Title: The long-term condition that was first coded last, and when
-- Grain: one row per person in the cohort for whom a condition was first coded in the window
-- Reads: cohort, event, codelist_long_term_condition, codelist_further_condition
-- Window: first code in [index_date - 12 months, index_date)
-- Source: GP record, the conditions that a reason names: all but obesity; of several on one day the first by name
-- Null: none
with condition_code as (
    select
        codelist_long_term_condition.code,
        codelist_long_term_condition.condition,
    from codelist_long_term_condition
    union all
    select
        codelist_further_condition.code,
        codelist_further_condition.condition,
    from codelist_further_condition
    where codelist_further_condition.condition != 'obesity'
),

first_code as (
    select
        event.person_key,
        condition_code.condition,
        min(event.event_date) as first_date,
    from event
    inner join condition_code on event.code = condition_code.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by
        event.person_key,
        condition_code.condition
),

ordered as (
    select
        first_code.person_key,
        first_code.condition,
        first_code.first_date,
        row_number() over (
            partition by first_code.person_key
            order by first_code.first_date desc nulls last, first_code.condition asc nulls last
        ) as newest_position,
    from first_code
    where first_code.first_date >= cast($index_date - interval '12' month as date)
)

select
    cohort.person_key,
    ordered.condition as newest_condition,
    ordered.first_date as newest_condition_date,
from cohort
inner join ordered
    on
        cohort.person_key = ordered.person_key
        and ordered.newest_position = 1
where cohort.is_gp_covered
