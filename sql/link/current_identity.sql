-- Title: Who each person is, and the practice that may be told
-- Grain: one row per NHS number of a GP patient list
-- Reads: clean_gp_patient, delivery
-- Window: none; as known now
-- Source: GP extract, latest version of each registration; the open or latest one decides the practice
-- Null: names and birth date as the practice sent them
with latest_version as (
    select
        clean_gp_patient.nhs_number,
        clean_gp_patient.practice_code,
        clean_gp_patient.family_name,
        clean_gp_patient.given_name,
        clean_gp_patient.birth_date,
        clean_gp_patient.registration_start_date,
        clean_gp_patient.registration_end_date,
        clean_gp_patient.is_deleted,
        row_number() over (
            partition by clean_gp_patient.practice_code, clean_gp_patient.patient_id
            order by
                delivery.received_at desc nulls last,
                clean_gp_patient.delivery_id desc nulls last,
                clean_gp_patient.source_row_number desc nulls last
        ) as version_position,
    from clean_gp_patient
    inner join delivery on clean_gp_patient.delivery_id = delivery.delivery_id
    where clean_gp_patient.nhs_number is not null
),

ranked_registration as (
    select
        latest_version.nhs_number,
        latest_version.practice_code,
        latest_version.family_name,
        latest_version.given_name,
        latest_version.birth_date,
        row_number() over (
            partition by latest_version.nhs_number
            order by
                latest_version.registration_end_date is null desc,
                latest_version.registration_start_date desc nulls last,
                latest_version.practice_code asc nulls last
        ) as registration_position,
    from latest_version
    where
        latest_version.version_position = 1
        and coalesce(cast(latest_version.is_deleted as varchar), '0') <> '1'
)

select
    ranked_registration.nhs_number,
    ranked_registration.practice_code,
    ranked_registration.family_name,
    ranked_registration.given_name,
    ranked_registration.birth_date,
from ranked_registration
where ranked_registration.registration_position = 1
order by ranked_registration.nhs_number nulls last
