-- Title: First emergency admission in the twelve months from the index date
-- Grain: one row per person in the cohort
-- Reads: cohort, outcome_event, outcome_registration, codelist_emergency_admission_method
-- Window: [index_date, index_date + 12 months); the index date itself counts
-- Source: SUS APC, ADMISSION METHOD CODE as listed (no transfer 2B, no birth 2C); deaths of registrations
-- Null: both columns where acute is not covered, so such people teach a model nothing
with admitted_person as (
    select distinct
        outcome_event.person_key,
    from outcome_event
    inner join codelist_emergency_admission_method
        on outcome_event.method_code = codelist_emergency_admission_method.code
    where
        outcome_event.event_type = 'admission'
        and outcome_event.event_date >= $index_date
        and outcome_event.event_date < cast($index_date + interval '12' month as date)
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
from cohort
left join admitted_person on cohort.person_key = admitted_person.person_key
left join dead_person on cohort.person_key = dead_person.person_key
