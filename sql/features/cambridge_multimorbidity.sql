-- Title: Cambridge Multimorbidity Score, twenty conditions
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_long_term_condition, codelist_further_condition, codelist_cambridge_condition, codelist_medicine_group, codelist_cambridge_weight
-- Window: codes ever before the index date; cancer first coded in [index_date - 60 months, index_date); treatment and anxiety or depression [index_date - 12 months, index_date)
-- Source: GP record; published weights (CMAJ 2020;192:E107), our own reading of the definitions: an approximation
-- Null: all columns where gp is not covered
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
    union all
    select
        codelist_cambridge_condition.code,
        codelist_cambridge_condition.condition,
    from codelist_cambridge_condition
),

coded as (
    select
        event.person_key,
        condition_code.condition,
        min(event.event_date) as first_date,
        max(event.event_date) as last_date,
    from event
    inner join condition_code on event.code = condition_code.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by
        event.person_key,
        condition_code.condition
),

treated as (
    select
        event.person_key,
        codelist_medicine_group.medicine_group,
        count(*) as items,
    from event
    inner join codelist_medicine_group on event.detail = codelist_medicine_group.bnf_section
    where
        event.event_type = 'gp_medication'
        and event.event_date >= cast($index_date - interval '12' month as date)
        and event.event_date < $index_date
    group by
        event.person_key,
        codelist_medicine_group.medicine_group
),

-- Each line is one way of having a condition; the union without `all` counts a condition once.
has_condition as (
    select
        coded.person_key,
        case
            when coded.condition = 'severe_mental_illness' then 'psychosis_or_bipolar'
            when coded.condition = 'rheumatoid_arthritis' then 'connective_tissue_disorder'
            when coded.condition = 'cancer' then 'cancer_5y'
            when coded.condition in ('depression', 'anxiety') then 'anxiety_or_depression'
            when coded.condition in ('asthma', 'epilepsy') then concat(coded.condition, '_treated')
            else coded.condition
        end as condition,
    from coded
    left join treated
        on
            coded.person_key = treated.person_key
            and treated.medicine_group
            = case coded.condition when 'asthma' then 'inhaled_respiratory' when 'epilepsy' then 'antiepileptic' end
    where
        (coded.condition != 'cancer' or coded.first_date >= cast($index_date - interval '60' month as date))
        and (
            coded.condition not in ('depression', 'anxiety')
            or coded.last_date >= cast($index_date - interval '12' month as date)
        )
        and (coded.condition not in ('asthma', 'epilepsy') or treated.items >= 1)
    union
    select
        treated.person_key,
        case treated.medicine_group
            when 'analgesic' then 'painful_condition'
            when 'antiepileptic' then 'painful_condition'
            when 'laxative' then 'constipation_treated'
            when 'antispasmodic' then 'irritable_bowel_syndrome'
            else 'anxiety_or_depression'
        end as condition,
    from treated
    left join coded on treated.person_key = coded.person_key and coded.condition = 'epilepsy'
    where
        treated.items >= 4
        and treated.medicine_group
        in ('analgesic', 'antiepileptic', 'laxative', 'antispasmodic', 'antidepressant', 'hypnotic_or_anxiolytic')
        and (treated.medicine_group != 'antiepileptic' or coded.person_key is null)
),

person as (
    select
        has_condition.person_key,
        count(*) as conditions,
        sum(codelist_cambridge_weight.general_outcome) as general,
        sum(codelist_cambridge_weight.mortality) as mortality,
    from has_condition
    inner join codelist_cambridge_weight on has_condition.condition = codelist_cambridge_weight.condition
    group by has_condition.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person.conditions, 0) end as cambridge_conditions,
    case when cohort.is_gp_covered then cast(coalesce(person.general, 0) as double) end as cambridge_general_score,
    case when cohort.is_gp_covered then cast(coalesce(person.mortality, 0) as double) end as cambridge_mortality_score,
from cohort
left join person on cohort.person_key = person.person_key
