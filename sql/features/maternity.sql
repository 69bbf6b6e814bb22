-- Title: Maternity and birth
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_maternity_admission_method
-- Window: [index_date - 12 months, index_date)
-- Source: SUS APC; ADMISSION METHOD CODE as listed
-- Null: all columns where acute is not covered
with person_admission as (
    select
        event.person_key,
        count(*) filter (where codelist_maternity_admission_method.meaning = 'maternity') as maternity_12m,
        bool_or(codelist_maternity_admission_method.meaning = 'birth') as is_born,
    from event
    inner join codelist_maternity_admission_method
        on event.method_code = codelist_maternity_admission_method.code
    where
        event.event_type = 'admission'
        and event.event_date >= cast($index_date - interval '12' month as date)
        and event.event_date < $index_date
    group by event.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then coalesce(person_admission.maternity_12m, 0)
    end as maternity_admissions_12m,
    case
        when cohort.is_acute_covered then coalesce(person_admission.is_born, false)
    end as has_birth_record_12m,
from cohort
left join person_admission on cohort.person_key = person_admission.person_key
