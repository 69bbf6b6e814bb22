-- Title: Nights in hospital by kind of admission
-- Grain: one row per person in the cohort
-- Reads: cohort, stay, codelist_elective_admission_method, codelist_emergency_admission_method
-- Window: nights inside [index_date - 3, 12 or 24 months, index_date), whenever the stay began
-- Source: SUS APC and the daily feeds, every admission method; stays that overlap count each
-- Null: all columns where acute is not covered
with admission as (
    select
        stay.person_key,
        stay.event_date,
        stay.counted_to,
        codelist_emergency_admission_method.code is not null as is_emergency,
        codelist_elective_admission_method.code is not null as is_elective,
    from stay
    left join codelist_emergency_admission_method
        on stay.method_code = codelist_emergency_admission_method.code
    left join codelist_elective_admission_method
        on stay.method_code = codelist_elective_admission_method.code
    where
        stay.event_type = 'admission'
        and stay.counted_to >= cast($index_date - interval '24' month as date)
),

counted_stay as (
    select
        admission.person_key,
        admission.is_emergency,
        admission.is_elective,
        admission.counted_to >= cast($index_date - interval '12' month as date) as is_of_12m,
        -- Nights inside the window: from the later of the two starts to the earlier of the two ends.
        greatest(
            date_diff(
                'day',
                greatest(admission.event_date, cast($index_date - interval '3' month as date)),
                admission.counted_to
            ),
            0
        ) as nights_3m,
        greatest(
            date_diff(
                'day',
                greatest(admission.event_date, cast($index_date - interval '12' month as date)),
                admission.counted_to
            ),
            0
        ) as nights_12m,
        greatest(
            date_diff(
                'day',
                greatest(admission.event_date, cast($index_date - interval '24' month as date)),
                admission.counted_to
            ),
            0
        ) as nights_24m,
    from admission
),

person_stay as (
    select
        counted_stay.person_key,
        sum(case when counted_stay.is_emergency then counted_stay.nights_3m end) as emergency_3m,
        sum(case when counted_stay.is_emergency then counted_stay.nights_24m end) as emergency_24m,
        sum(case when counted_stay.is_elective then counted_stay.nights_12m end) as elective_12m,
        sum(counted_stay.nights_12m) as all_12m,
        count(*) filter (where counted_stay.is_of_12m) as stays_12m,
    from counted_stay
    group by counted_stay.person_key
)

select
    cohort.person_key,
    case when cohort.is_acute_covered then coalesce(person_stay.emergency_3m, 0) end as emergency_bed_days_3m,
    case
        when cohort.is_acute_covered then coalesce(person_stay.emergency_24m, 0)
    end as emergency_bed_days_24m,
    case when cohort.is_acute_covered then coalesce(person_stay.elective_12m, 0) end as elective_bed_days_12m,
    case when cohort.is_acute_covered then coalesce(person_stay.all_12m, 0) end as hospital_bed_days_12m,
    case when cohort.is_acute_covered then coalesce(person_stay.stays_12m, 0) end as hospital_stays_12m,
from cohort
left join person_stay on cohort.person_key = person_stay.person_key
