-- Title: Hospital stays of 18 months, for the strip on the practice's page
-- Grain: one row per person in the cohort with a stay in the window
-- Reads: cohort, event, codelist_emergency_admission_method, codelist_patient_classification
-- Window: stays that began or ended in [index_date - 18 months, index_date)
-- Source: SUS APC and the daily feeds; regular attenders (dialysis, say) are left out, since they are no stays
-- Null: where there was no stay of the kind
-- Each stay is first day/last day, by first day; the last day is empty while no discharge is known.
with stay as (
    select distinct
        event.person_key,
        cast(event.event_date as varchar)
        || '/'
        || coalesce(cast(event.end_date as varchar), '') as told,
        codelist_emergency_admission_method.code is not null as is_emergency,
    from event
    left join codelist_emergency_admission_method
        on event.method_code = codelist_emergency_admission_method.code
    left join codelist_patient_classification on event.class_code = codelist_patient_classification.code
    where
        event.event_type = 'admission'
        and event.event_date < $index_date
        and coalesce(event.end_date, event.event_date) >= cast($index_date - interval '18' month as date)
        and coalesce(codelist_patient_classification.meaning, 'overnight') != 'regular'
),

person as (
    select
        stay.person_key,
        array_to_string(list_sort(array_agg(stay.told) filter (where stay.is_emergency)), ' ') as emergency_stays,
        array_to_string(list_sort(array_agg(stay.told) filter (where not stay.is_emergency)), ' ') as planned_stays,
    from stay
    group by stay.person_key
)

select
    cohort.person_key,
    person.emergency_stays as activity_emergency_stays,
    person.planned_stays as activity_planned_stays,
from cohort
inner join person on cohort.person_key = person.person_key
where cohort.is_acute_covered
