-- Title: Six further long-term conditions ever coded in general practice
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_further_condition
-- Window: ever before the index date
-- Source: GP record, codes of five more QOF registers and of obesity; a condition once coded stays
-- Null: all columns where gp is not covered
with person_condition as (
    select
        event.person_key,
        codelist_further_condition.condition,
    from event
    inner join codelist_further_condition on event.code = codelist_further_condition.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by
        event.person_key,
        codelist_further_condition.condition
),

person as (
    select
        person_condition.person_key,
        count(*) as conditions,
        bool_or(person_condition.condition = 'epilepsy') as epilepsy,
        bool_or(person_condition.condition = 'learning_disability') as learning_disability,
        bool_or(person_condition.condition = 'obesity') as obesity,
        bool_or(person_condition.condition = 'osteoporosis') as osteoporosis,
        bool_or(person_condition.condition = 'peripheral_arterial_disease') as peripheral_arterial_disease,
        bool_or(person_condition.condition = 'rheumatoid_arthritis') as rheumatoid_arthritis,
    from person_condition
    group by person_condition.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person.epilepsy, false) end as has_epilepsy,
    case
        when cohort.is_gp_covered then coalesce(person.learning_disability, false)
    end as has_learning_disability,
    case when cohort.is_gp_covered then coalesce(person.obesity, false) end as has_obesity,
    case when cohort.is_gp_covered then coalesce(person.osteoporosis, false) end as has_osteoporosis,
    case
        when cohort.is_gp_covered then coalesce(person.peripheral_arterial_disease, false)
    end as has_peripheral_arterial_disease,
    case
        when cohort.is_gp_covered then coalesce(person.rheumatoid_arthritis, false)
    end as has_rheumatoid_arthritis,
    case when cohort.is_gp_covered then coalesce(person.conditions, 0) end as further_condition_count,
from cohort
left join person on cohort.person_key = person.person_key
