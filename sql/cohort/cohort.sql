-- Title: People registered and alive on the index date with a participating practice
-- Grain: one row per person
-- Reads: registered_person, coverage, codelist_ethnic_category, codelist_gender
-- Window: the index date
-- Source: general practice registrations; organisation, deprivation and supply reference data
-- Null: sex, ethnic_group, imd_decile, language_code, needs_interpreter, household_key, household_size, household_people_65_and_over when unknown; …_covered_since when the source does not cover the person
with place_coverage as (
    select
        coverage.practice_code,
        coverage.borough_code,
        coverage.residence_borough_code,
        max(case when coverage.source = 'gp' then coverage.covered_since end) as gp_covered_since,
        max(case when coverage.source = 'acute' then coverage.covered_since end) as acute_covered_since,
        max(case when coverage.source = 'emergency' then coverage.covered_since end) as emergency_covered_since,
        max(case when coverage.source = 'outpatient' then coverage.covered_since end) as outpatient_covered_since,
        max(case when coverage.source = 'community' then coverage.covered_since end) as community_covered_since,
        max(case when coverage.source = 'mental_health' then coverage.covered_since end) as mental_health_covered_since,
        max(case when coverage.source = 'social_care' then coverage.covered_since end) as social_care_covered_since,
    from coverage
    group by coverage.practice_code, coverage.borough_code, coverage.residence_borough_code
),

aged as (
    select
        registered_person.person_key,
        -- Birth months are first days of months, so a birthday in the month of the index date has been had.
        cast(
            extract(year from cast($index_date as date)) - extract(year from registered_person.birth_month)
            - case
                when
                    extract(month from registered_person.birth_month) > extract(month from cast($index_date as date))
                    then 1
                else 0
            end as integer
        ) as age_years,
    from registered_person
),

-- The one thing of others that a person's row holds; whoever is not in the cohort is not counted.
household as (
    select
        registered_person.household_key,
        count(*) as size,
        count(*) filter (where aged.age_years >= 65) as people_65_and_over,
    from registered_person
    inner join aged on registered_person.person_key = aged.person_key
    where registered_person.household_key is not null
    group by registered_person.household_key
)

select
    registered_person.person_key,
    registered_person.practice_code,
    registered_person.pcn_code,
    registered_person.borough_code,
    aged.age_years,
    aged.age_years >= 18 as is_adult,
    codelist_gender.sex,
    codelist_ethnic_category.ethnic_group,
    registered_person.lsoa_code,
    registered_person.imd_decile,
    registered_person.registration_start_date,
    registered_person.language_code,
    registered_person.needs_interpreter,
    registered_person.household_key,
    cast(household.size as integer) as household_size,
    cast(household.people_65_and_over as integer) as household_people_65_and_over,
    place_coverage.gp_covered_since is not null as is_gp_covered,
    place_coverage.acute_covered_since is not null as is_acute_covered,
    place_coverage.emergency_covered_since is not null as is_emergency_covered,
    place_coverage.outpatient_covered_since is not null as is_outpatient_covered,
    place_coverage.community_covered_since is not null as is_community_covered,
    place_coverage.mental_health_covered_since is not null as is_mental_health_covered,
    place_coverage.social_care_covered_since is not null as is_social_care_covered,
    place_coverage.gp_covered_since,
    place_coverage.acute_covered_since,
    place_coverage.emergency_covered_since,
    place_coverage.outpatient_covered_since,
    place_coverage.community_covered_since,
    place_coverage.mental_health_covered_since,
    place_coverage.social_care_covered_since,
from registered_person
inner join aged on registered_person.person_key = aged.person_key
left join place_coverage
    on
        registered_person.practice_code = place_coverage.practice_code
        and coalesce(registered_person.borough_code, '') = place_coverage.borough_code
        and coalesce(registered_person.residence_borough_code, '') = place_coverage.residence_borough_code
left join household on registered_person.household_key = household.household_key
left join codelist_gender on registered_person.gender_code = codelist_gender.code
left join codelist_ethnic_category on registered_person.ethnic_category = codelist_ethnic_category.code
order by registered_person.person_key asc nulls last
