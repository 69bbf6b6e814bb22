-- Title: Emergency admissions for conditions that good care in the community can often keep out of hospital
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_emergency_admission_method, codelist_acsc_icd10
-- Window: [index_date - 12 months, index_date)
-- Source: SUS APC; primary diagnosis of the first episode against listed ICD-10 prefixes
-- Null: where acute is not covered; a stay that is not over or not coded yet does not count
with person_admission as (
    select
        event.person_key,
        count(*) as admissions_12m,
    from event
    inner join codelist_emergency_admission_method
        on event.method_code = codelist_emergency_admission_method.code
    where
        event.event_type = 'admission'
        and event.event_date >= cast($index_date - interval '12' month as date)
        and event.event_date < $index_date
        and exists (
            select 1
            from codelist_acsc_icd10
            where codelist_acsc_icd10.code in (left(event.code, 3), left(event.code, 4))
        )
    group by event.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then coalesce(person_admission.admissions_12m, 0)
    end as ambulatory_care_sensitive_admissions_12m,
from cohort
left join person_admission on cohort.person_key = person_admission.person_key
