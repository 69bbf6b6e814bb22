-- Title: Age, sex and deprivation
-- Grain: one row per person in the cohort
-- Reads: cohort
-- Window: the index date
-- Source: general practice registration; Index of Multiple Deprivation of the area of residence
-- Null: is_female when sex is not known; imd_decile when the area of residence is not known
select
    cohort.person_key,
    cohort.age_years,
    cohort.sex = 'female' as is_female,
    cohort.imd_decile,
from cohort
