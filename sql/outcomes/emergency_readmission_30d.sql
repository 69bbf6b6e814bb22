-- Title: Emergency readmission within 30 days of the first discharge after the index date
-- Grain: one row per person in the cohort
-- Reads: cohort, outcome_event, outcome_registration, codelist_emergency_admission_method, codelist_elective_admission_method
-- Window: a stay that begins in [index_date, index_date + 12 months) and ends 30 days before its end; then (discharge, discharge + 30 days)
-- Source: SUS APC, ADMISSION METHOD CODE as listed; 30 days as PARR-30 counts them (Billings 2012, BMJ Open 2:e001667)
-- Null: where acute is not covered, and for everyone who was not discharged alive from an emergency stay in the window
with stay as (
    select
        outcome_event.person_key,
        outcome_event.event_date as start_date,
        -- A stay whose end was never told vouches for its first day only: it must not swallow what came later.
        coalesce(outcome_event.end_date, outcome_event.event_date) as last_date,
        outcome_event.end_date is null as is_open,
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

reached as (
    select
        stay.person_key,
        stay.start_date,
        stay.last_date,
        stay.is_open,
        stay.is_emergency,
        max(stay.last_date) over (
            partition by stay.person_key
            order by stay.start_date asc nulls last
            range between unbounded preceding and interval '1' day preceding
        ) as reached_date,
    from stay
),

-- Stays of one superspell share the number of superspells that had begun by their first day.
numbered as (
    select
        reached.person_key,
        reached.start_date,
        reached.last_date,
        reached.is_open,
        reached.reached_date is null
        or reached.start_date > cast(reached.reached_date + interval '1' day as date) as is_first,
        reached.is_emergency,
        sum(
            case
                when
                    reached.reached_date is null
                    or reached.start_date > cast(reached.reached_date + interval '1' day as date)
                    then 1
                else 0
            end
        ) over (
            partition by reached.person_key
            order by reached.start_date asc nulls last
            range between unbounded preceding and current row
        ) as superspell_number,
    from reached
),

emergency_superspell as (
    select
        numbered.person_key,
        min(numbered.start_date) as start_date,
        max(numbered.last_date) as last_date,
        bool_or(numbered.is_open) as is_open,
    from numbered
    group by numbered.person_key, numbered.superspell_number
    having bool_or(numbered.is_emergency and numbered.is_first)
),

discharge as (
    select
        emergency_superspell.person_key,
        min(emergency_superspell.last_date) as discharge_date,
    from emergency_superspell
    where
        not emergency_superspell.is_open
        and emergency_superspell.start_date >= $index_date
        -- Thirty days from it lie within the window, so that the label is known when the others are.
        and cast(emergency_superspell.last_date + interval '30' day as date)
        <= cast($index_date + interval '12' month as date)
        and not exists (
            select 1
            from outcome_registration
            where
                outcome_registration.person_key = emergency_superspell.person_key
                and outcome_registration.death_date <= emergency_superspell.last_date
        )
    group by emergency_superspell.person_key
),

readmitted_person as (
    select distinct
        discharge.person_key,
    from discharge
    inner join emergency_superspell on discharge.person_key = emergency_superspell.person_key
    where
        emergency_superspell.start_date > discharge.discharge_date
        and emergency_superspell.start_date < cast(discharge.discharge_date + interval '30' day as date)
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered and discharge.person_key is not null
            then readmitted_person.person_key is not null
    end as has_emergency_readmission_30d,
from cohort
left join discharge on cohort.person_key = discharge.person_key
left join readmitted_person on cohort.person_key = readmitted_person.person_key
