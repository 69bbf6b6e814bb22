-- Title: Outpatient appointments
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_outpatient_attendance, codelist_first_attendance
-- Window: counts [index_date - 3 or 12 months, index_date); days since: ever before the index date
-- Source: CDS V6-2 Type 020; without administrative events, which nobody attends
-- Null: all columns where outpatient is not covered; days since when there never was an attended one
with appointment as (
    select
        event.person_key,
        event.event_date,
        codelist_outpatient_attendance.meaning,
    from event
    inner join codelist_outpatient_attendance on event.status_code = codelist_outpatient_attendance.code
    left join codelist_first_attendance on event.class_code = codelist_first_attendance.code
    where
        event.event_type = 'outpatient_appointment'
        and event.event_date < $index_date
        and coalesce(codelist_first_attendance.meaning, 'contact') = 'contact'
),

person_appointment as (
    select
        appointment.person_key,
        count(*) filter (
            where
            appointment.meaning = 'attended'
            and appointment.event_date >= cast($index_date - interval '3' month as date)
        ) as attended_3m,
        count(*) filter (
            where
            appointment.meaning = 'attended'
            and appointment.event_date >= cast($index_date - interval '12' month as date)
        ) as attended_12m,
        count(*) filter (
            where
            appointment.meaning = 'did_not_attend'
            and appointment.event_date >= cast($index_date - interval '12' month as date)
        ) as did_not_attend_12m,
        max(case when appointment.meaning = 'attended' then appointment.event_date end) as latest_date,
    from appointment
    group by appointment.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_outpatient_covered then coalesce(person_appointment.attended_3m, 0)
    end as outpatient_attendances_3m,
    case
        when cohort.is_outpatient_covered then coalesce(person_appointment.attended_12m, 0)
    end as outpatient_attendances_12m,
    case
        when cohort.is_outpatient_covered then coalesce(person_appointment.did_not_attend_12m, 0)
    end as outpatient_did_not_attend_12m,
    case
        when cohort.is_outpatient_covered then date_diff('day', person_appointment.latest_date, $index_date)
    end as outpatient_attendance_days_since,
from cohort
left join person_appointment on cohort.person_key = person_appointment.person_key
