-- Title: Emergency readmissions within 30 days
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_emergency_admission_method, codelist_patient_classification
-- Window: [index_date - 12 or 24 months, index_date), 0 to 29 days after the end of an earlier stay
-- Source: SUS APC; the earlier stay is any but a day case or regular attendance, begun on an earlier day
-- Null: all columns where acute is not covered
with emergency_stay as (
    select
        event.person_key,
        event.event_date,
    from event
    inner join codelist_emergency_admission_method
        on event.method_code = codelist_emergency_admission_method.code
    where
        event.event_type = 'admission'
        and event.event_date >= cast($index_date - interval '24' month as date)
        and event.event_date < $index_date
),

earlier_stay as (
    select
        event.person_key,
        event.event_date,
        event.end_date,
        cast(event.end_date + interval '30' day as date) as safe_from,
    from event
    left join codelist_patient_classification on event.class_code = codelist_patient_classification.code
    where
        event.event_type = 'admission'
        and event.event_date < $index_date
        and event.end_date is not null
        and coalesce(codelist_patient_classification.meaning, 'overnight') not in ('day_case', 'regular')
),

-- A stay is a readmission once, however many ended shortly before it.
readmission as (
    select
        emergency_stay.person_key,
        emergency_stay.event_date,
    from emergency_stay
    where exists (
        select 1
        from earlier_stay
        where
            earlier_stay.person_key = emergency_stay.person_key
            and earlier_stay.event_date < emergency_stay.event_date
            and earlier_stay.end_date <= emergency_stay.event_date
            and earlier_stay.safe_from > emergency_stay.event_date
    )
),

person_readmission as (
    select
        readmission.person_key,
        count(*) filter (
            where readmission.event_date >= cast($index_date - interval '12' month as date)
        ) as readmissions_12m,
        count(*) as readmissions_24m,
    from readmission
    group by readmission.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then coalesce(person_readmission.readmissions_12m, 0)
    end as emergency_readmissions_30d_12m,
    case
        when cohort.is_acute_covered then coalesce(person_readmission.readmissions_24m, 0)
    end as emergency_readmissions_30d_24m,
from cohort
left join person_readmission on cohort.person_key = person_readmission.person_key
