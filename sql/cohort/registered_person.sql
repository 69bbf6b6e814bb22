-- Title: People registered and alive on the index date with a participating practice, and where they belong
-- Grain: one row per person
-- Reads: registration, succession, organisation, lsoa_imd, participating_practice
-- Window: the index date; registered means start < $index_date and (end is null or end >= $index_date)
-- Source: general practice registrations; organisation and deprivation reference data as of the index date
-- Null: pcn_code and borough_code of a practice that the reference does not know on the day; residence_borough_code and imd_decile of an unknown area
with current_registration as (
    select
        registration.person_key,
        -- Whose practice has merged is a patient of the practice that took its patients over.
        coalesce(succession.current_practice_code, registration.practice_code) as practice_code,
        registration.birth_month,
        registration.gender_code,
        registration.ethnic_category,
        registration.lsoa_code,
        registration.registration_start_date,
        registration.language_code,
        registration.needs_interpreter,
        registration.household_key,
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
    left join succession on registration.practice_code = succession.practice_code
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

organisation_of_day as (
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
)

select
    current_registration.person_key,
    current_registration.practice_code,
    organisation_of_day.pcn_code,
    organisation_of_day.borough_code,
    current_registration.birth_month,
    current_registration.gender_code,
    current_registration.ethnic_category,
    current_registration.lsoa_code,
    lsoa_imd.borough_code as residence_borough_code,
    cast(lsoa_imd.imd_decile as integer) as imd_decile,
    current_registration.registration_start_date,
    current_registration.language_code,
    current_registration.needs_interpreter,
    current_registration.household_key,
from current_registration
inner join participating_practice
    on current_registration.practice_code = participating_practice.practice_code
left join organisation_of_day
    on
        current_registration.practice_code = organisation_of_day.practice_code
        and organisation_of_day.latest_position = 1
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
order by current_registration.person_key asc nulls last
