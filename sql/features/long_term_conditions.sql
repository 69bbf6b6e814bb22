-- Title: Long-term conditions ever coded in general practice
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_long_term_condition
-- Window: ever before the index date
-- Source: GP record, codes of thirteen QOF registers; a condition once coded stays
-- Null: all columns where gp is not covered
with person_condition as (
    select
        event.person_key,
        codelist_long_term_condition.condition,
    from event
    inner join codelist_long_term_condition on event.code = codelist_long_term_condition.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by
        event.person_key,
        codelist_long_term_condition.condition
),

person as (
    select
        person_condition.person_key,
        count(*) as conditions,
        bool_or(person_condition.condition = 'atrial_fibrillation') as atrial_fibrillation,
        bool_or(person_condition.condition = 'asthma') as asthma,
        bool_or(person_condition.condition = 'cancer') as cancer,
        bool_or(person_condition.condition = 'coronary_heart_disease') as coronary_heart_disease,
        bool_or(person_condition.condition = 'chronic_kidney_disease') as chronic_kidney_disease,
        bool_or(person_condition.condition = 'copd') as copd,
        bool_or(person_condition.condition = 'dementia') as dementia,
        bool_or(person_condition.condition = 'depression') as depression,
        bool_or(person_condition.condition = 'diabetes') as diabetes,
        bool_or(person_condition.condition = 'heart_failure') as heart_failure,
        bool_or(person_condition.condition = 'hypertension') as hypertension,
        bool_or(person_condition.condition = 'severe_mental_illness') as severe_mental_illness,
        bool_or(person_condition.condition = 'stroke_or_tia') as stroke_or_tia,
    from person_condition
    group by person_condition.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_gp_covered then coalesce(person.atrial_fibrillation, false)
    end as has_atrial_fibrillation,
    case when cohort.is_gp_covered then coalesce(person.asthma, false) end as has_asthma,
    case when cohort.is_gp_covered then coalesce(person.cancer, false) end as has_cancer,
    case
        when cohort.is_gp_covered then coalesce(person.coronary_heart_disease, false)
    end as has_coronary_heart_disease,
    case
        when cohort.is_gp_covered then coalesce(person.chronic_kidney_disease, false)
    end as has_chronic_kidney_disease,
    case when cohort.is_gp_covered then coalesce(person.copd, false) end as has_copd,
    case when cohort.is_gp_covered then coalesce(person.dementia, false) end as has_dementia,
    case when cohort.is_gp_covered then coalesce(person.depression, false) end as has_depression,
    case when cohort.is_gp_covered then coalesce(person.diabetes, false) end as has_diabetes,
    case when cohort.is_gp_covered then coalesce(person.heart_failure, false) end as has_heart_failure,
    case when cohort.is_gp_covered then coalesce(person.hypertension, false) end as has_hypertension,
    case
        when cohort.is_gp_covered then coalesce(person.severe_mental_illness, false)
    end as has_severe_mental_illness,
    case when cohort.is_gp_covered then coalesce(person.stroke_or_tia, false) end as has_stroke_or_tia,
    case when cohort.is_gp_covered then coalesce(person.conditions, 0) end as long_term_condition_count,
from cohort
left join person on cohort.person_key = person.person_key
