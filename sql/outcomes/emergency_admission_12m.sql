-- Title: First emergency admission in the twelve months from the index date, whether within thirty days, and death as its competitor
-- Grain: one row per person in the cohort
-- Reads: cohort, outcome_event, outcome_registration, codelist_emergency_admission_method, codelist_elective_admission_method
-- Window: [index_date, index_date + 12 months) and its first 30 days; the index date itself counts
-- Source: SUS APC, ADMISSION METHOD CODE as listed (no transfer 2B, no birth 2C); deaths of registrations
-- Null: every column where acute is not covered, so such people teach a model nothing
with stay as (
    select
        outcome_event.person_key,
        outcome_event.event_date as start_date,
        -- A stay whose end was never told vouches for its first day only: it must not swallow what came later.
        coalesce(outcome_event.end_date, outcome_event.event_date) as last_date,
        codelist_emergency_admission_method.code is not null as is_emergency,
    from outcome_event
    left join codelist_emergency_admission_method
        on outcome_event.method_code = codelist_emergency_admission_method.code
    left join codelist_elective_admission_method
        on outcome_event.method_code = codelist_elective_admission_method.code
    where
        outcome_event.event_type = 'admission'
        and outcome_event.event_date < cast($index_date + interval '12' month as date)
        -- A planned stay without a night is over: an emergency on the next day is none of its making.
        and (codelist_elective_admission_method.code is null or outcome_event.end_date > outcome_event.event_date)
),

-- How far the stays that began on earlier days reach: one that begins by the day after continues their superspell.
reached as (
    select
        stay.person_key,
        stay.start_date,
        stay.is_emergency,
        max(stay.last_date) over (
            partition by stay.person_key
            order by stay.start_date asc nulls last
            range between unbounded preceding and interval '1' day preceding
        ) as reached_date,
    from stay
),

admitted_person as (
    select
        reached.person_key,
        min(reached.start_date) as first_date,
    from reached
    where
        reached.is_emergency
        and reached.start_date >= $index_date
        and (
            reached.reached_date is null
            or reached.start_date > cast(reached.reached_date + interval '1' day as date)
        )
    group by reached.person_key
),

dead_person as (
    select distinct
        outcome_registration.person_key,
    from outcome_registration
    where
        outcome_registration.death_date >= $index_date
        and outcome_registration.death_date < cast($index_date + interval '12' month as date)
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then admitted_person.person_key is not null
    end as has_emergency_admission_12m,
    case
        when cohort.is_acute_covered
            then dead_person.person_key is not null and admitted_person.person_key is null
    end as has_death_without_admission_12m,
    case
        when cohort.is_acute_covered
            then dead_person.person_key is not null or admitted_person.person_key is not null
    end as has_emergency_admission_or_death_12m,
    case
        when cohort.is_acute_covered
            then coalesce(admitted_person.first_date < cast($index_date + interval '30' day as date), false)
    end as has_emergency_admission_30d,
from cohort
left join admitted_person on cohort.person_key = admitted_person.person_key
left join dead_person on cohort.person_key = dead_person.person_key
