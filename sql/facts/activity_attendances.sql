-- Title: Attendances at emergency departments of 18 months, for the strip on the practice's page
-- Grain: one row per person in the cohort with an attendance in the window
-- Reads: cohort, event, codelist_emergency_attendance_category
-- Window: [index_date - 18 months, index_date)
-- Source: ECDS, every department type; planned follow-up is dropped, as in the features
-- Null: none; who has no row did not attend, or is not covered. Days parted by spaces, one for each attendance
with attendance as (
    select
        event.person_key,
        cast(event.event_date as varchar) as told,
    from event
    where
        event.event_type = 'attendance'
        and event.event_date >= cast($index_date - interval '18' month as date)
        and event.event_date < $index_date
        and not exists (
            select 1
            from codelist_emergency_attendance_category
            where
                codelist_emergency_attendance_category.code = event.method_code
                and codelist_emergency_attendance_category.meaning = 'planned'
        )
),

person as (
    select
        attendance.person_key,
        array_to_string(list_sort(array_agg(attendance.told)), ' ') as activity_attendances,
    from attendance
    group by attendance.person_key
)

select
    cohort.person_key,
    person.activity_attendances,
from cohort
inner join person on cohort.person_key = person.person_key
where cohort.is_emergency_covered
