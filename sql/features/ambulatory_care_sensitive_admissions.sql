-- Title: Emergency admissions for conditions that good care in the community can often keep out of hospital
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_emergency_admission_method, codelist_acsc_icd10
-- Window: [index_date - 12 or 24 months, index_date)
-- Source: SUS APC; primary diagnosis of the first episode against listed ICD-10 prefixes, in three groups
-- Null: where acute is not covered; a stay that is not over or not coded yet does not count
with admission as (
    select
        event.person_key,
        event.event_date,
        event.code,
    from event
    inner join codelist_emergency_admission_method
        on event.method_code = codelist_emergency_admission_method.code
    where
        event.event_type = 'admission'
        and event.event_date >= cast($index_date - interval '24' month as date)
        and event.event_date < $index_date
),

admitted_code as (
    select distinct admission.code
    from admission
    where admission.code is not null
),

-- Each code is looked up once, not once an admission.
sensitive_code as (
    select
        admitted_code.code,
        bool_or(codelist_acsc_icd10.acsc_group = 'acute') as is_acute,
        bool_or(codelist_acsc_icd10.acsc_group = 'chronic') as is_chronic,
        bool_or(codelist_acsc_icd10.acsc_group = 'vaccine_preventable') as is_vaccine_preventable,
    from admitted_code
    inner join codelist_acsc_icd10
        on codelist_acsc_icd10.code in (left(admitted_code.code, 3), left(admitted_code.code, 4))
    group by admitted_code.code
),

person_admission as (
    select
        admission.person_key,
        count(*) filter (
            where admission.event_date >= cast($index_date - interval '12' month as date)
        ) as admissions_12m,
        count(*) as admissions_24m,
        count(*) filter (where sensitive_code.is_acute) as acute_24m,
        count(*) filter (where sensitive_code.is_chronic) as chronic_24m,
        count(*) filter (where sensitive_code.is_vaccine_preventable) as vaccine_preventable_24m,
    from admission
    inner join sensitive_code on admission.code = sensitive_code.code
    group by admission.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then coalesce(person_admission.admissions_12m, 0)
    end as ambulatory_care_sensitive_admissions_12m,
    case
        when cohort.is_acute_covered then coalesce(person_admission.admissions_24m, 0)
    end as ambulatory_care_sensitive_admissions_24m,
    case
        when cohort.is_acute_covered then coalesce(person_admission.acute_24m, 0)
    end as ambulatory_care_sensitive_acute_24m,
    case
        when cohort.is_acute_covered then coalesce(person_admission.chronic_24m, 0)
    end as ambulatory_care_sensitive_chronic_24m,
    case
        when cohort.is_acute_covered then coalesce(person_admission.vaccine_preventable_24m, 0)
    end as ambulatory_care_sensitive_vaccine_preventable_24m,
from cohort
left join person_admission on cohort.person_key = person_admission.person_key
