-- Title: Stays in mental health hospitals
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_emergency_admission_method
-- Window: [index_date - 24 months, index_date); days since: ever before it; open on the index date
-- Source: MHSDS MHS501; ADMISSION METHOD CODE as listed for emergencies
-- Null: all columns where mental health is not covered; days since when no stay has ended
with stay as (
    select
        event.person_key,
        event.event_date,
        event.end_date,
        event.end_date is null or event.end_date >= $index_date as is_open,
        codelist_emergency_admission_method.code is not null as is_emergency,
    from event
    left join codelist_emergency_admission_method
        on event.method_code = codelist_emergency_admission_method.code
    where
        event.event_type = 'mental_health_admission'
        and event.event_date < $index_date
),

person_stay as (
    select
        stay.person_key,
        count(*) filter (
            where stay.event_date >= cast($index_date - interval '24' month as date)
        ) as admissions_24m,
        count(*) filter (
            where
            stay.is_emergency
            and stay.event_date >= cast($index_date - interval '24' month as date)
        ) as emergency_24m,
        bool_or(stay.is_open) as is_inpatient,
        max(case when not stay.is_open then stay.end_date end) as latest_end,
    from stay
    group by stay.person_key
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
