-- Title: Emergency admissions by what they were for
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_emergency_admission_method, codelist_admission_reason_icd10
-- Window: [index_date - 24 months, index_date), by the day of admission
-- Source: SUS APC diagnoses against listed ICD-10 prefixes; a person, a provider and a day are one admission
-- Null: all columns where acute is not covered; a stay that is not over or not coded yet does not count
with diagnosis as (
    select
        event.person_key,
        event.event_date,
        event.provider_code,
        event.code,
        event.class_code = '1' as is_first,
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

reason_code as (
    select distinct
        coded.code,
        codelist_admission_reason_icd10.reason,
        codelist_admission_reason_icd10.diagnosis_position = 'first' as must_be_first,
    from coded
    inner join codelist_admission_reason_icd10
        on codelist_admission_reason_icd10.code in (left(coded.code, 3), left(coded.code, 4))
),

emergency_admission as (
    select distinct
        event.person_key,
        event.event_date,
        event.provider_code,
    from event
    inner join codelist_emergency_admission_method
        on event.method_code = codelist_emergency_admission_method.code
    where
        event.event_type = 'admission'
        and event.event_date < $index_date
),

admission_reason as (
    select distinct
        diagnosis.person_key,
        diagnosis.event_date,
        diagnosis.provider_code,
        reason_code.reason,
    from diagnosis
    inner join reason_code on diagnosis.code = reason_code.code
    inner join emergency_admission
        on
            diagnosis.person_key = emergency_admission.person_key
            and diagnosis.event_date = emergency_admission.event_date
            and diagnosis.provider_code is not distinct from emergency_admission.provider_code
    where diagnosis.is_first or not reason_code.must_be_first
),

person_reason as (
    select
        admission_reason.person_key,
        count(*) filter (where admission_reason.reason = 'infection') as infection_24m,
        count(*) filter (where admission_reason.reason = 'fracture') as fracture_24m,
        count(*) filter (where admission_reason.reason = 'fall') as fall_24m,
        count(*) filter (where admission_reason.reason = 'self_harm') as self_harm_24m,
        count(*) filter (where admission_reason.reason = 'delirium') as delirium_24m,
    from admission_reason
    group by admission_reason.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then coalesce(person_reason.infection_24m, 0)
    end as infection_admissions_24m,
    case
        when cohort.is_acute_covered then coalesce(person_reason.fracture_24m, 0)
    end as fracture_admissions_24m,
    case when cohort.is_acute_covered then coalesce(person_reason.fall_24m, 0) end as fall_admissions_24m,
    case
        when cohort.is_acute_covered then coalesce(person_reason.self_harm_24m, 0)
    end as self_harm_admissions_24m,
    case
        when cohort.is_acute_covered then coalesce(person_reason.delirium_24m, 0)
    end as delirium_admissions_24m,
from cohort
left join person_reason on cohort.person_key = person_reason.person_key
