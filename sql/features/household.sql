-- Title: Who shares the person's home
-- Grain: one row per person in the cohort
-- Reads: cohort
-- Window: the index date
-- Source: general practice registration; people of the cohort with one household number, counted when the cohort is made
-- Null: all columns when the household is not known
select
    cohort.person_key,
    cohort.household_size,
    cohort.household_size = 1 as is_alone_in_household,
    cohort.household_people_65_and_over,
from cohort
