-- Title: First emergency admission in the thirty days from the index date
-- Grain: one row per person in the cohort
-- Reads: cohort, outcome_event, codelist_emergency_admission_method, codelist_elective_admission_method
-- Window: [index_date, index_date + 30 days); the index date itself counts
-- Source: SUS APC, ADMISSION METHOD CODE as listed (no transfer 2B, no birth 2C)
-- Null: where acute is not covered
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
        and outcome_event.event_date < cast($index_date + interval '30' day as date)
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
    select distinct
        reached.person_key,
    from reached
    where
        reached.is_emergency
        and reached.start_date >= $index_date
        and (
            reached.reached_date is null
            or reached.start_date > cast(reached.reached_date + interval '1' day as date)
        )
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then admitted_person.person_key is not null
    end as has_emergency_admission_30d,
from cohort
left join admitted_person on cohort.person_key = admitted_person.person_key
