-- Title: Elixhauser comorbidity score
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_elixhauser_icd10, codelist_elixhauser_weight
-- Window: [index_date - 24 months, index_date), by the day of admission
-- Source: SUS APC diagnoses of every stay, the four positions received; ICD-10 mapping of Quan 2005
-- Null: all columns where acute is not covered; a stay that is not over or not coded yet does not count
with diagnosis as (
    select distinct
        event.person_key,
        event.code,
    from event
    where
        event.event_type = 'diagnosis'
        and event.event_date >= cast($index_date - interval '24' month as date)
        and event.event_date < $index_date
),

coded as (
    select distinct diagnosis.code
    from diagnosis
),

-- Each code is looked up once, not once a person.
comorbid_code as (
    select distinct
        coded.code,
        codelist_elixhauser_icd10.comorbidity,
    from coded
    inner join codelist_elixhauser_icd10
        on codelist_elixhauser_icd10.code in (left(coded.code, 3), left(coded.code, 4))
),

person_comorbidity as (
    select distinct
        diagnosis.person_key,
        comorbid_code.comorbidity,
    from diagnosis
    inner join comorbid_code on diagnosis.code = comorbid_code.code
),

-- The milder form of a comorbidity does not count beside the graver one.
weighed as (
    select
        person_comorbidity.person_key,
        codelist_elixhauser_weight.weight,
    from person_comorbidity
    inner join codelist_elixhauser_weight
        on person_comorbidity.comorbidity = codelist_elixhauser_weight.comorbidity
    left join person_comorbidity as graver
        on
            person_comorbidity.person_key = graver.person_key
            and codelist_elixhauser_weight.not_if_also = graver.comorbidity
    where graver.comorbidity is null
),

person_score as (
    select
        weighed.person_key,
        sum(weighed.weight) as points,
        count(*) as comorbidities,
    from weighed
    group by weighed.person_key
)

select
    cohort.person_key,
    case when cohort.is_acute_covered then coalesce(person_score.points, 0) end as elixhauser_score,
    case
        when cohort.is_acute_covered then coalesce(person_score.comorbidities, 0)
    end as elixhauser_comorbidities_24m,
from cohort
left join person_score on cohort.person_key = person_score.person_key
