-- Title: Emergency admissions and days in hospital after them
-- Grain: one row per person in the cohort
-- Reads: cohort, stay, codelist_emergency_admission_method
-- Window: [index_date - 1, 3, 6, 12 or 24 months, index_date); days since: ever before the index date
-- Source: SUS APC; ADMISSION METHOD CODE as listed: a transfer (2B) and a birth (2C) start no stay
-- Null: all columns where acute is not covered; days since when there never was one
with emergency_stay as (
    select
        stay.person_key,
        stay.event_date,
        -- Nights inside the window begin with the later of the two starts.
        greatest(stay.event_date, cast($index_date - interval '12' month as date)) as counted_from,
        stay.counted_to,
    from stay
    inner join codelist_emergency_admission_method
        on stay.method_code = codelist_emergency_admission_method.code
    where stay.event_type = 'admission'
),

person_stay as (
    select
        emergency_stay.person_key,
        count(*) filter (
            where emergency_stay.event_date >= cast($index_date - interval '1' month as date)
        ) as admissions_1m,
        count(*) filter (
            where emergency_stay.event_date >= cast($index_date - interval '3' month as date)
        ) as admissions_3m,
        count(*) filter (
            where emergency_stay.event_date >= cast($index_date - interval '6' month as date)
        ) as admissions_6m,
        count(*) filter (
            where emergency_stay.event_date >= cast($index_date - interval '12' month as date)
        ) as admissions_12m,
        count(*) filter (
            where emergency_stay.event_date >= cast($index_date - interval '24' month as date)
        ) as admissions_24m,
        sum(
            greatest(date_diff('day', emergency_stay.counted_from, emergency_stay.counted_to), 0)
        ) as bed_days_12m,
        max(emergency_stay.event_date) as latest_date,
    from emergency_stay
    group by emergency_stay.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then coalesce(person_stay.admissions_1m, 0)
    end as emergency_admissions_1m,
    case
        when cohort.is_acute_covered then coalesce(person_stay.admissions_3m, 0)
    end as emergency_admissions_3m,
    case
        when cohort.is_acute_covered then coalesce(person_stay.admissions_6m, 0)
    end as emergency_admissions_6m,
    case
        when cohort.is_acute_covered then coalesce(person_stay.admissions_12m, 0)
    end as emergency_admissions_12m,
    case
        when cohort.is_acute_covered then coalesce(person_stay.admissions_24m, 0)
    end as emergency_admissions_24m,
    case
        when cohort.is_acute_covered then coalesce(person_stay.bed_days_12m, 0)
    end as emergency_bed_days_12m,
    case
        when cohort.is_acute_covered then date_diff('day', person_stay.latest_date, $index_date)
    end as emergency_admission_days_since,
from cohort
left join person_stay on cohort.person_key = person_stay.person_key
