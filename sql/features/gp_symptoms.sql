-- Title: Symptoms and signs coded in general practice
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_gp_symptom
-- Window: [index_date - 12 months, index_date)
-- Source: GP record; several codes of one symptom on one day are one day
-- Null: all columns where gp is not covered
with symptom_day as (
    select distinct
        event.person_key,
        event.event_date,
        codelist_gp_symptom.symptom,
    from event
    inner join codelist_gp_symptom on event.code = codelist_gp_symptom.code
    where
        event.event_type = 'gp_code'
        and event.event_date >= cast($index_date - interval '12' month as date)
        and event.event_date < $index_date
),

person as (
    select
        symptom_day.person_key,
        count(*) filter (where symptom_day.symptom = 'breathlessness') as breathlessness,
        count(*) filter (where symptom_day.symptom = 'dizziness_or_syncope') as dizziness_or_syncope,
        count(*) filter (where symptom_day.symptom = 'urinary_infection') as urinary_infection,
        count(*) filter (where symptom_day.symptom = 'weight_loss') as weight_loss,
        count(*) filter (where symptom_day.symptom = 'skin_ulcer') as skin_ulcer,
        count(*) filter (where symptom_day.symptom = 'memory') as memory,
        count(*) filter (where symptom_day.symptom = 'mobility') as mobility,
        count(*) filter (where symptom_day.symptom = 'low_mood_or_sleep') as low_mood_or_sleep,
        count(distinct symptom_day.symptom) as kinds,
    from symptom_day
    group by symptom_day.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person.breathlessness, 0) end as breathlessness_days_12m,
    case
        when cohort.is_gp_covered then coalesce(person.dizziness_or_syncope, 0)
    end as dizziness_or_syncope_days_12m,
    case when cohort.is_gp_covered then coalesce(person.urinary_infection, 0) end as urinary_infection_days_12m,
    case when cohort.is_gp_covered then coalesce(person.weight_loss, 0) end as weight_loss_days_12m,
    case when cohort.is_gp_covered then coalesce(person.skin_ulcer, 0) end as skin_ulcer_days_12m,
    case when cohort.is_gp_covered then coalesce(person.memory, 0) end as memory_problem_days_12m,
    case when cohort.is_gp_covered then coalesce(person.mobility, 0) end as mobility_problem_days_12m,
    case when cohort.is_gp_covered then coalesce(person.low_mood_or_sleep, 0) end as low_mood_or_sleep_days_12m,
    case when cohort.is_gp_covered then coalesce(person.kinds, 0) end as symptom_kinds_12m,
from cohort
left join person on cohort.person_key = person.person_key
