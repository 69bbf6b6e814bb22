-- Title: When long-term conditions were first coded
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_long_term_condition, codelist_further_condition
-- Window: first codes ever before the index date; new: first code in [index_date - 12 or 36 months, index_date)
-- Source: GP record, the nineteen conditions of long_term_conditions and further_conditions
-- Null: all columns where gp is not covered; days since when the condition was never coded
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

person as (
    select
        first_code.person_key,
        count(*) filter (
            where first_code.first_date >= cast($index_date - interval '12' month as date)
        ) as new_12m,
        count(*) filter (
            where first_code.first_date >= cast($index_date - interval '36' month as date)
        ) as new_36m,
        max(first_code.first_date) as newest_date,
        min(first_code.first_date) as oldest_date,
        max(case when first_code.condition = 'heart_failure' then first_code.first_date end) as heart_failure_date,
        max(case when first_code.condition = 'copd' then first_code.first_date end) as copd_date,
        max(case when first_code.condition = 'cancer' then first_code.first_date end) as cancer_date,
        max(case when first_code.condition = 'dementia' then first_code.first_date end) as dementia_date,
    from first_code
    group by first_code.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person.new_12m, 0) end as conditions_new_12m,
    case when cohort.is_gp_covered then coalesce(person.new_36m, 0) end as conditions_new_36m,
    case
        when cohort.is_gp_covered then date_diff('day', person.newest_date, $index_date)
    end as newest_condition_days_since,
    case
        when cohort.is_gp_covered then date_diff('day', person.oldest_date, $index_date)
    end as oldest_condition_days_since,
    case
        when cohort.is_gp_covered then date_diff('day', person.heart_failure_date, $index_date)
    end as heart_failure_days_since,
    case when cohort.is_gp_covered then date_diff('day', person.copd_date, $index_date) end as copd_days_since,
    case when cohort.is_gp_covered then date_diff('day', person.cancer_date, $index_date) end as cancer_days_since,
    case
        when cohort.is_gp_covered then date_diff('day', person.dementia_date, $index_date)
    end as dementia_days_since,
from cohort
left join person on cohort.person_key = person.person_key
