-- Title: People registered and alive on the index date with a participating practice
-- Grain: one row per person
-- Reads: registration, organisation, lsoa_imd, participating_practice, supply, codelist_ethnic_category, codelist_gender
-- Window: the index date; registered means start < $index_date and (end is null or end >= $index_date)
-- Source: general practice registrations; organisation, deprivation and supply reference data
-- Null: sex, ethnic_group, imd_decile when unknown; an area of residence that is unknown covers nobody
with current_registration as (
    select
        registration.person_key,
        registration.practice_code,
        registration.birth_month,
        registration.gender_code,
        registration.ethnic_category,
        registration.lsoa_code,
        registration.registration_start_date,
        registration.is_confidential,
        -- Registered twice: the practice joined last is the one that cares for the person now.
        row_number() over (
            partition by registration.person_key
            order by
                registration.registration_start_date desc nulls last,
                registration.practice_code asc nulls last,
                registration.row_key asc nulls last
        ) as latest_position,
    from registration
    where
        registration.registration_start_date < $index_date
        and (registration.registration_end_date is null or registration.registration_end_date >= $index_date)
        -- A death known to any practice is a death.
        and not exists (
            select 1
            from registration as known_death
            where
                known_death.person_key = registration.person_key
                and known_death.death_date < $index_date
        )
),

current_organisation as (
    select
        organisation.practice_code,
        organisation.pcn_code,
        organisation.borough_code,
        row_number() over (
            partition by organisation.practice_code
            order by
                organisation.valid_from desc nulls last,
                organisation.pcn_code asc nulls last,
                organisation.borough_code asc nulls last
        ) as latest_position,
    from organisation
    where
        organisation.valid_from <= $index_date
        and (organisation.valid_to is null or cast(organisation.valid_to as date) >= $index_date)
),

person as (
    select
        current_registration.person_key,
        current_registration.practice_code,
        current_organisation.pcn_code,
        current_organisation.borough_code,
        current_registration.birth_month,
        current_registration.gender_code,
        current_registration.ethnic_category,
        current_registration.lsoa_code,
        lsoa_imd.borough_code as residence_borough_code,
        lsoa_imd.imd_decile,
        current_registration.registration_start_date,
    from current_registration
    inner join participating_practice
        on current_registration.practice_code = participating_practice.practice_code
    left join current_organisation
        on
            current_registration.practice_code = current_organisation.practice_code
            and current_organisation.latest_position = 1
    left join lsoa_imd on current_registration.lsoa_code = lsoa_imd.lsoa_code
    where
        current_registration.latest_position = 1
        and not exists (
            select 1
            from current_registration as confidential
            where
                confidential.person_key = current_registration.person_key
                and confidential.is_confidential
        )
),

-- A council answers for those who live in its area, everyone else for those registered there.
place as (
    select distinct
        person.practice_code,
        person.borough_code,
        person.residence_borough_code,
    from person
),

place_coverage as (
    select
        place.practice_code,
        place.borough_code,
        place.residence_borough_code,
        supply.source,
    from place
    inner join supply
        on
            supply.area_type = 'all'
            or (supply.area_type = 'practice' and supply.area_code = place.practice_code)
            or (
                supply.area_type = 'borough'
                and supply.area_code
                = case
                    when supply.source = 'social_care' then place.residence_borough_code
                    else place.borough_code
                end
            )
),

coverage as (
    select
        place.practice_code,
        place.borough_code,
        place.residence_borough_code,
        count(*) filter (where place_coverage.source = 'gp') > 0 as is_gp_covered,
        count(*) filter (where place_coverage.source = 'acute') > 0 as is_acute_covered,
        count(*) filter (where place_coverage.source = 'emergency') > 0 as is_emergency_covered,
        count(*) filter (where place_coverage.source = 'community') > 0 as is_community_covered,
        count(*) filter (where place_coverage.source = 'social_care') > 0 as is_social_care_covered,
    from place
    left join place_coverage
        on
            place.practice_code = place_coverage.practice_code
            and place.borough_code is not distinct from place_coverage.borough_code
            and place.residence_borough_code is not distinct from place_coverage.residence_borough_code
    group by
        place.practice_code,
        place.borough_code,
        place.residence_borough_code
),

aged as (
    select
        person.person_key,
        -- Birth months are first days of months, so a birthday in the month of the index date has been had.
        cast(
            extract(year from cast($index_date as date)) - extract(year from person.birth_month)
            - case
                when extract(month from person.birth_month) > extract(month from cast($index_date as date)) then 1
                else 0
            end as integer
        ) as age_years,
    from person
)

select
    person.person_key,
    person.practice_code,
    person.pcn_code,
    person.borough_code,
    aged.age_years,
    aged.age_years >= 18 as is_adult,
    codelist_gender.sex,
    codelist_ethnic_category.ethnic_group,
    person.lsoa_code,
    cast(person.imd_decile as integer) as imd_decile,
    person.registration_start_date,
    coverage.is_gp_covered,
    coverage.is_acute_covered,
    coverage.is_emergency_covered,
    coverage.is_community_covered,
    coverage.is_social_care_covered,
from person
inner join aged on person.person_key = aged.person_key
inner join coverage
    on
        person.practice_code = coverage.practice_code
        and person.borough_code is not distinct from coverage.borough_code
        and person.residence_borough_code is not distinct from coverage.residence_borough_code
left join codelist_gender on person.gender_code = codelist_gender.code
left join codelist_ethnic_category on person.ethnic_category = codelist_ethnic_category.code
order by person.person_key asc nulls last
