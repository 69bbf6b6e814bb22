-- Title: Elective admissions
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_elective_admission_method, codelist_patient_classification
-- Window: [index_date - 12 or 24 months, index_date); days since: ever before the index date
-- Source: SUS APC; ADMISSION METHOD CODE as listed (waiting list, booked, planned); day cases by their class
-- Null: all columns where acute is not covered; days since when there never was one
with admission as (
    select
        event.person_key,
        event.event_date,
        coalesce(codelist_patient_classification.meaning = 'day_case', false) as is_day_case,
    from event
    inner join codelist_elective_admission_method
        on event.method_code = codelist_elective_admission_method.code
    left join codelist_patient_classification on event.class_code = codelist_patient_classification.code
    where
        event.event_type = 'admission'
        and event.event_date < $index_date
),

person_admission as (
    select
        admission.person_key,
        count(*) filter (
            where admission.event_date >= cast($index_date - interval '12' month as date)
        ) as admissions_12m,
        count(*) filter (
            where admission.event_date >= cast($index_date - interval '24' month as date)
        ) as admissions_24m,
        count(*) filter (
            where
            admission.is_day_case
            and admission.event_date >= cast($index_date - interval '12' month as date)
        ) as day_cases_12m,
        max(admission.event_date) as latest_date,
    from admission
    group by admission.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then coalesce(person_admission.admissions_12m, 0)
    end as elective_admissions_12m,
    case
        when cohort.is_acute_covered then coalesce(person_admission.admissions_24m, 0)
    end as elective_admissions_24m,
    case
        when cohort.is_acute_covered then coalesce(person_admission.day_cases_12m, 0)
    end as elective_day_cases_12m,
    case
        when cohort.is_acute_covered then date_diff('day', person_admission.latest_date, $index_date)
    end as elective_admission_days_since,
from cohort
left join person_admission on cohort.person_key = person_admission.person_key
