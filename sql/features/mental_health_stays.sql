-- Title: Stays in mental health hospitals
-- Grain: one row per person in the cohort
-- Reads: cohort, stay, codelist_emergency_admission_method
-- Window: [index_date - 24 months, index_date); days since: ever before it; open on the index date
-- Source: MHSDS MHS501; ADMISSION METHOD CODE as listed for emergencies
-- Null: all columns where mental health is not covered; days since when no stay has ended
with admission as (
    select
        stay.person_key,
        stay.event_date,
        stay.end_date,
        stay.is_open,
        codelist_emergency_admission_method.code is not null as is_emergency,
    from stay
    left join codelist_emergency_admission_method
        on stay.method_code = codelist_emergency_admission_method.code
    where stay.event_type = 'mental_health_admission'
),

person_stay as (
    select
        admission.person_key,
        count(*) filter (
            where admission.event_date >= cast($index_date - interval '24' month as date)
        ) as admissions_24m,
        count(*) filter (
            where
            admission.is_emergency
            and admission.event_date >= cast($index_date - interval '24' month as date)
        ) as emergency_24m,
        bool_or(admission.is_open) as is_inpatient,
        max(admission.end_date) as latest_end,
    from admission
    group by admission.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_mental_health_covered then coalesce(person_stay.admissions_24m, 0)
    end as mental_health_admissions_24m,
    case
        when cohort.is_mental_health_covered then coalesce(person_stay.emergency_24m, 0)
    end as mental_health_emergency_admissions_24m,
    case
        when cohort.is_mental_health_covered then coalesce(person_stay.is_inpatient, false)
    end as is_mental_health_inpatient,
    case
        when cohort.is_mental_health_covered then date_diff('day', person_stay.latest_end, $index_date)
    end as mental_health_discharge_days_since,
from cohort
left join person_stay on cohort.person_key = person_stay.person_key
