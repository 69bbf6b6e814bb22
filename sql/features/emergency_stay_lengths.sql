-- Title: How long emergency stays were
-- Grain: one row per person in the cohort
-- Reads: cohort, stay, codelist_emergency_admission_method
-- Window: same day [index_date - 12 months, index_date); longer ones [index_date - 24 months, index_date)
-- Source: SUS APC and the daily feeds; a stay that is not over has lasted up to the index date
-- Null: all columns where acute is not covered; the mean without a stay
with emergency_stay as (
    select
        stay.person_key,
        stay.event_date,
        coalesce(stay.end_date = stay.event_date, false) as is_same_day,
        date_diff('day', stay.event_date, stay.counted_to) as nights,
    from stay
    inner join codelist_emergency_admission_method
        on stay.method_code = codelist_emergency_admission_method.code
    where
        stay.event_type = 'admission'
        and stay.event_date >= cast($index_date - interval '24' month as date)
),

person_stay as (
    select
        emergency_stay.person_key,
        count(*) filter (
            where
            emergency_stay.is_same_day
            and emergency_stay.event_date >= cast($index_date - interval '12' month as date)
        ) as same_day_12m,
        count(*) filter (where emergency_stay.nights >= 7) as week_24m,
        count(*) filter (where emergency_stay.nights >= 21) as three_weeks_24m,
        max(emergency_stay.nights) as longest_24m,
        1.0 * sum(emergency_stay.nights) / count(*) as mean_24m,
    from emergency_stay
    group by emergency_stay.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then coalesce(person_stay.same_day_12m, 0)
    end as emergency_same_day_stays_12m,
    case
        when cohort.is_acute_covered then coalesce(person_stay.week_24m, 0)
    end as emergency_stays_7_nights_24m,
    case
        when cohort.is_acute_covered then coalesce(person_stay.three_weeks_24m, 0)
    end as emergency_stays_21_nights_24m,
    case
        when cohort.is_acute_covered then coalesce(person_stay.longest_24m, 0)
    end as emergency_longest_stay_nights_24m,
    case
        when cohort.is_acute_covered then cast(person_stay.mean_24m as double)
    end as emergency_mean_stay_nights_24m,
from cohort
left join person_stay on cohort.person_key = person_stay.person_key
