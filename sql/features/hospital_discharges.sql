-- Title: In hospital now, and the latest discharge
-- Grain: one row per person in the cohort
-- Reads: cohort, stay, codelist_emergency_admission_method, codelist_elective_admission_method, codelist_patient_classification
-- Window: ever before the index date; discharges [index_date - 1 month, index_date)
-- Source: SUS APC and the daily feeds; an open stay that a later one follows was left open by mistake
-- Null: all columns where acute is not covered; of the latest stay when none has ended
with admission as (
    select
        stay.person_key,
        stay.end_date,
        stay.is_open,
        date_diff('day', stay.event_date, stay.end_date) as nights,
        codelist_emergency_admission_method.code is not null as is_emergency,
        -- Who came for the day has not been discharged from anything. The daily feeds tell no classification, so a
        -- planned stay without a night is one too, whoever tells of it.
        coalesce(codelist_patient_classification.meaning, 'overnight') not in ('day_case', 'regular')
        and not (
            codelist_elective_admission_method.code is not null
            and stay.event_date = stay.end_date
        ) as is_inpatient,
    from stay
    left join codelist_emergency_admission_method
        on stay.method_code = codelist_emergency_admission_method.code
    left join codelist_elective_admission_method
        on stay.method_code = codelist_elective_admission_method.code
    left join codelist_patient_classification on stay.class_code = codelist_patient_classification.code
    where stay.event_type = 'admission'
),

ended_stay as (
    select
        admission.person_key,
        admission.end_date,
        -- Several that ended on one day (a transfer): the longest of them, an emergency if one of them was.
        max(admission.nights) as nights,
        bool_or(admission.is_emergency) as is_emergency,
        count(*) filter (where admission.is_emergency) as emergencies,
        max(admission.end_date) over (partition by admission.person_key) as latest_end,
    from admission
    where
        admission.is_inpatient
        and admission.end_date is not null
    group by
        admission.person_key,
        admission.end_date
),

person_discharge as (
    select
        ended_stay.person_key,
        sum(
            case
                when ended_stay.end_date >= cast($index_date - interval '1' month as date)
                    then ended_stay.emergencies
            end
        ) as emergency_discharges_1m,
        max(ended_stay.latest_end) as latest_end,
        max(case when ended_stay.end_date = ended_stay.latest_end then ended_stay.nights end) as nights,
        bool_or(ended_stay.end_date = ended_stay.latest_end and ended_stay.is_emergency) as is_emergency,
    from ended_stay
    group by ended_stay.person_key
),

person_in_hospital as (
    select distinct
        admission.person_key,
    from admission
    where admission.is_open
)

select
    cohort.person_key,
    case when cohort.is_acute_covered then person_in_hospital.person_key is not null end as is_in_hospital,
    case
        when cohort.is_acute_covered then coalesce(person_discharge.emergency_discharges_1m, 0)
    end as emergency_discharges_1m,
    case
        when cohort.is_acute_covered then date_diff('day', person_discharge.latest_end, $index_date)
    end as discharge_days_since,
    case when cohort.is_acute_covered then person_discharge.nights end as latest_stay_nights,
    case
        when cohort.is_acute_covered then coalesce(person_discharge.is_emergency, false)
    end as is_latest_stay_emergency,
from cohort
left join person_discharge on cohort.person_key = person_discharge.person_key
left join person_in_hospital on cohort.person_key = person_in_hospital.person_key
