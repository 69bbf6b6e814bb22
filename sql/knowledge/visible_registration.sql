-- Title: Registrations as they were known at a cut-off
-- Grain: one row per registration of a person with a practice
-- Reads: registration_row, usable_source, number_change, hospital_death
-- Window: known_at < $known_before; what ends on or after $index_date has not ended yet
-- Source: general practice registrations; newest version of a row; a superseded number gives way to the current one
-- Null: registration_end_date and death_date while they lie on or after the index date
-- A death that a hospital told of is one, though the practice has not entered it yet; where it has, its date stands.
-- Two people under one number are shown as neither: open registrations whose birth dates differ and whose names do.
with candidate as (
    select
        registration_row.person_key,
        registration_row.practice_code,
        registration_row.birth_month,
        registration_row.gender_code,
        registration_row.ethnic_category,
        registration_row.lsoa_code,
        registration_row.registration_start_date,
        registration_row.registration_end_date,
        registration_row.death_date,
        registration_row.is_confidential,
        registration_row.language_code,
        registration_row.needs_interpreter,
        registration_row.household_key,
        registration_row.birth_check,
        registration_row.name_check,
        registration_row.row_key,
        registration_row.is_withdrawn,
        row_number() over (
            partition by registration_row.row_key
            order by
                registration_row.version_at desc nulls last,
                registration_row.known_at desc nulls last,
                registration_row.delivery_id desc nulls last,
                registration_row.source_row_number desc nulls last
        ) as version_position,
    from registration_row
    inner join usable_source on registration_row.source = usable_source.source
    where registration_row.known_at < $known_before
),

disputed as (
    select candidate.person_key
    from candidate
    where
        candidate.version_position = 1
        and not candidate.is_withdrawn
        and candidate.registration_start_date < $index_date
        and (candidate.registration_end_date is null or candidate.registration_end_date >= $index_date)
    group by candidate.person_key
    having
        count(distinct candidate.birth_check) > 1
        and (count(distinct candidate.name_check) <> 1 or count(candidate.name_check) < count(*))
)

select
    coalesce(number_change.current_person_key, candidate.person_key) as person_key,
    candidate.practice_code,
    candidate.birth_month,
    candidate.gender_code,
    candidate.ethnic_category,
    candidate.lsoa_code,
    candidate.registration_start_date,
    case
        when candidate.registration_end_date < $index_date then candidate.registration_end_date
    end as registration_end_date,
    coalesce(
        case when candidate.death_date < $index_date then candidate.death_date end,
        hospital_death.death_date
    ) as death_date,
    candidate.is_confidential,
    candidate.language_code,
    candidate.needs_interpreter,
    candidate.household_key,
    candidate.row_key,
from candidate
left join number_change on candidate.person_key = number_change.person_key
left join hospital_death
    on coalesce(number_change.current_person_key, candidate.person_key) = hospital_death.person_key
where
    candidate.version_position = 1
    and not candidate.is_withdrawn
    and not exists (select 1 from disputed where disputed.person_key = candidate.person_key)
