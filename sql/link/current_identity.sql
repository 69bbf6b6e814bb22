-- Title: Who each person is, and the practice that may be told
-- Grain: one row per person that ever stood on a GP patient list: per NHS number, a superseded one as the current one
-- Reads: clean_gp_patient, delivery, superseded_number, disputed_number
-- Window: none; as known now, and ends of registrations as of the day of the newest delivery
-- Source: GP extract, latest version of each registration; the open one joined last decides the practice
-- Null: practice_code is '' where no practice may be told; names and birth date as the practice sent them
with known_day as (
    select
        cast(max(delivery.received_at) as date) as today,
    from delivery
),

version as (
    select
        clean_gp_patient.nhs_number,
        clean_gp_patient.practice_code,
        clean_gp_patient.family_name,
        clean_gp_patient.given_name,
        clean_gp_patient.birth_date,
        clean_gp_patient.registration_start_date,
        clean_gp_patient.registration_end_date,
        clean_gp_patient.death_date,
        coalesce(cast(clean_gp_patient.is_confidential as varchar), '0') = '1' as is_confidential,
        coalesce(cast(clean_gp_patient.is_deleted as varchar), '0') = '1' as is_deleted,
        delivery.received_at,
        clean_gp_patient.delivery_id,
        clean_gp_patient.source_row_number,
        -- A version without a number is one all the same: what it replaces no longer holds.
        row_number() over (
            partition by clean_gp_patient.practice_code, clean_gp_patient.patient_id
            order by
                delivery.received_at desc nulls last,
                clean_gp_patient.delivery_id desc nulls last,
                clean_gp_patient.source_row_number desc nulls last
        ) as version_position,
    from clean_gp_patient
    inner join delivery on clean_gp_patient.delivery_id = delivery.delivery_id
),

registration as (
    select
        version.nhs_number,
        coalesce(superseded_number.current_nhs_number, version.nhs_number) as person_number,
        disputed_number.nhs_number is not null as is_disputed,
        version.practice_code,
        version.family_name,
        version.given_name,
        version.birth_date,
        version.registration_start_date,
        version.registration_end_date,
        version.death_date,
        version.is_confidential,
        version.received_at,
        version.delivery_id,
        version.source_row_number,
        version.version_position = 1 and not version.is_deleted as is_standing,
        version.version_position = 1
        and not version.is_deleted
        and version.registration_start_date <= known_day.today
        and (version.registration_end_date is null or version.registration_end_date >= known_day.today) as is_open,
    from version
    left join superseded_number on version.nhs_number = superseded_number.nhs_number
    left join disputed_number on version.nhs_number = disputed_number.nhs_number
    cross join known_day
    where version.nhs_number is not null
),

-- A death or a wish for confidence known to any practice where the person is registered holds for all. After a death
-- every registration that stands is asked: which was open on the day is known too late to rely on.
person as (
    select
        registration.person_number,
        bool_or(registration.is_disputed) as is_disputed,
        min(case when registration.is_standing then registration.death_date end) as death_date,
        coalesce(bool_or(registration.is_open and registration.is_confidential), false) as is_confidential,
        coalesce(bool_or(registration.is_standing and registration.is_confidential), false) as was_confidential,
    from registration
    group by registration.person_number
),

ranked_registration as (
    select
        registration.nhs_number,
        registration.person_number,
        registration.practice_code,
        registration.family_name,
        registration.given_name,
        registration.birth_date,
        registration.registration_end_date,
        registration.is_confidential,
        registration.is_standing,
        registration.is_open,
        row_number() over (
            partition by registration.person_number
            order by
                registration.is_standing desc,
                registration.is_open desc,
                registration.registration_start_date desc nulls last,
                registration.practice_code asc nulls last,
                registration.received_at desc nulls last,
                registration.delivery_id desc nulls last,
                registration.source_row_number desc nulls last
        ) as registration_position,
    from registration
)

select
    ranked_registration.person_number,
    ranked_registration.nhs_number,
    case
        when person.is_disputed then ''
        when not ranked_registration.is_standing or ranked_registration.is_confidential or person.is_confidential then ''
        when person.death_date is not null and person.was_confidential then ''
        -- Who died while registered stays known to that practice, which may be told that they died.
        when
            person.death_date is not null
            and (
                ranked_registration.registration_end_date is null
                or ranked_registration.registration_end_date >= person.death_date
            )
            then ranked_registration.practice_code
        when person.death_date is null and ranked_registration.is_open then ranked_registration.practice_code
        else ''
    end as practice_code,
    coalesce(ranked_registration.family_name, '') as family_name,
    coalesce(ranked_registration.given_name, '') as given_name,
    ranked_registration.birth_date,
from ranked_registration
inner join person on ranked_registration.person_number = person.person_number
where ranked_registration.registration_position = 1
order by ranked_registration.person_number nulls last
