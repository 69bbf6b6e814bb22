-- Title: Emergency attendances by department and pattern
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_emergency_attendance_category, codelist_emergency_department_type
-- Window: [index_date - 12 months, index_date)
-- Source: ECDS, unplanned attendances; EMERGENCY CARE DEPARTMENT TYPE as listed
-- Null: all columns where emergency is not covered
with attendance as (
    select
        event.person_key,
        event.event_date,
        event.provider_code,
        codelist_emergency_department_type.meaning,
        lag(event.event_date) over (
            partition by event.person_key
            order by event.event_date asc nulls last
        ) as previous_date,
    from event
    left join codelist_emergency_department_type
        on event.class_code = codelist_emergency_department_type.code
    where
        event.event_type = 'attendance'
        and event.event_date >= cast($index_date - interval '12' month as date)
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
        count(*) as attendances,
        count(*) filter (where attendance.meaning = 'major') as major,
        count(*) filter (where attendance.meaning = 'minor') as minor,
        -- Several on one day have the same dates in any order, so that ties do not matter.
        count(*) filter (
            where date_diff('day', attendance.previous_date, attendance.event_date) <= 7
        ) as returns,
        count(distinct attendance.provider_code) as providers,
    from attendance
    group by attendance.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.major, 0)
    end as major_department_attendances_12m,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.minor, 0)
    end as minor_department_attendances_12m,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.returns, 0)
    end as emergency_returns_within_7_days_12m,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.providers, 0)
    end as emergency_providers_distinct_12m,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.attendances >= 5, false)
    end as is_frequent_attender,
from cohort
left join person_attendance on cohort.person_key = person_attendance.person_key
