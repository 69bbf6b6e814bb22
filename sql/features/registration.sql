-- Title: How long the practice has known the person
-- Grain: one row per person in the cohort
-- Reads: cohort
-- Window: the index date; newly registered: since index_date - 12 months
-- Source: general practice registration
-- Null: needs_interpreter when the practice has not asked
select
    cohort.person_key,
    date_diff('day', cohort.registration_start_date, $index_date) as registration_days,
    cohort.registration_start_date >= cast($index_date - interval '12' month as date) as is_newly_registered_12m,
    cohort.needs_interpreter,
from cohort
