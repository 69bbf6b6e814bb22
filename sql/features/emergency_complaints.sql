-- Title: What people came to an emergency department with
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_emergency_attendance_category, codelist_emergency_complaint
-- Window: [index_date - 12 months, index_date)
-- Source: ECDS, unplanned attendances; chief complaint at arrival against a listed SNOMED CT code
-- Null: all columns where emergency is not covered
with person_attendance as (
    select
        event.person_key,
        count(*) filter (where codelist_emergency_complaint.meaning = 'fall') as fall,
        count(*) filter (where codelist_emergency_complaint.meaning = 'heart_or_lungs') as heart_or_lungs,
        count(*) filter (where codelist_emergency_complaint.meaning = 'mental_distress') as mental_distress,
    from event
    inner join codelist_emergency_complaint on event.code = codelist_emergency_complaint.code
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
    group by event.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.fall, 0)
    end as fall_attendances_12m,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.heart_or_lungs, 0)
    end as heart_or_lung_attendances_12m,
    case
        when cohort.is_emergency_covered then coalesce(person_attendance.mental_distress, 0)
    end as mental_distress_attendances_12m,
from cohort
left join person_attendance on cohort.person_key = person_attendance.person_key
