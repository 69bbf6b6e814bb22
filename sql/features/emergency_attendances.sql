-- Title: Attendances at emergency departments
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_emergency_attendance_category
-- Window: counts [index_date - 1, 3, 6, 12 or 24 months, index_date); days since: ever before the index date
-- Source: ECDS, every department type; planned follow-up is dropped, an attendance without a category is kept
-- Null: all columns where emergency is not covered; days since when there never was one
with attendance as (
    select
        event.person_key,
        event.event_date,
    from event
    where
        event.event_type = 'attendance'
        and event.event_date < $index_date
        and not exists (
            select 1
            from codelist_emergency_attendance_category
            where
                codelist_emergency_attendance_category.code = event.method_code
                and codelist_emergency_attendance_category.meaning = 'planned'
        )
),

person_attendance as (
    select
        attendance.person_key,
        count(*) filter (
            where attendance.event_date >= cast($index_date - interval '1' month as date)
        ) as attendances_1m,
        count(*) filter (
            where attendance.event_date >= cast($index_date - interval '3' month as date)
        ) as attendances_3m,
        count(*) filter (
            where attendance.event_date >= cast($index_date - interval '6' month as date)
        ) as attendances_6m,
        count(*) filter (
            where attendance.event_date >= cast($index_date - interval '12' month as date)
        ) as attendances_12m,
        count(*) filter (
            where attendance.event_date >= cast($index_date - interval '24' month as date)
        ) as attendances_24m,
        max(attendance.event_date) as latest_date,
    from attendance
    group by attendance.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.attendances_1m, 0)
    end as emergency_attendances_1m,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.attendances_3m, 0)
    end as emergency_attendances_3m,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.attendances_6m, 0)
    end as emergency_attendances_6m,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.attendances_12m, 0)
    end as emergency_attendances_12m,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.attendances_24m, 0)
    end as emergency_attendances_24m,
    case
        when cohort.is_emergency_covered then date_diff('day', person_attendance.latest_date, $index_date)
    end as emergency_attendance_days_since,
from cohort
left join person_attendance on cohort.person_key = person_attendance.person_key
