-- Title: In hospital now, and the latest discharge
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_emergency_admission_method, codelist_elective_admission_method, codelist_patient_classification
-- Window: ever before the index date; discharges [index_date - 1 month, index_date)
-- Source: SUS APC and the daily feeds; an open stay that a later one follows was left open by mistake
-- Null: all columns where acute is not covered; of the latest stay when none has ended
with stay as (
    select
        event.person_key,
        event.event_date,
        event.end_date,
        event.end_date is null or event.end_date >= $index_date as is_open,
        date_diff('day', event.event_date, event.end_date) as nights,
        codelist_emergency_admission_method.code is not null as is_emergency,
        max(event.event_date) over (partition by event.person_key) as latest_start,
        -- Who came for the day has not been discharged from anything. The daily feeds tell no classification, so a
        -- planned stay without a night is one too, whoever tells of it.
        coalesce(codelist_patient_classification.meaning, 'overnight') not in ('day_case', 'regular')
        and not (
            codelist_elective_admission_method.code is not null
            and event.event_date = event.end_date
        ) as is_inpatient,
    from event
    left join codelist_emergency_admission_method
        on event.method_code = codelist_emergency_admission_method.code
    left join codelist_elective_admission_method
        on event.method_code = codelist_elective_admission_method.code
    left join codelist_patient_classification on event.class_code = codelist_patient_classification.code
    where
        event.event_type = 'admission'
        and event.event_date < $index_date
),

ended_stay as (
    select
        stay.person_key,
        stay.end_date,
        -- Several that ended on one day (a transfer): the longest of them, an emergency if one of them was.
        max(stay.nights) as nights,
        bool_or(stay.is_emergency) as is_emergency,
        count(*) filter (where stay.is_emergency) as emergencies,
        max(stay.end_date) over (partition by stay.person_key) as latest_end,
    from stay
    where
        stay.is_inpatient
        and not stay.is_open
    group by
        stay.person_key,
        stay.end_date
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
        stay.person_key,
    from stay
    where
        stay.is_open
        and stay.event_date = stay.latest_start
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
