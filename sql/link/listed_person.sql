-- Title: People as GP lists know them, for checks of rows that other rows speak of
-- Grain: one row per registration that stands, in its latest version
-- Reads: clean_gp_patient, delivery
-- Window: none; as known now, open as of the day of the newest delivery
-- Source: GP extract; a registration taken back is no registration
-- Null: birth_date, postcode, names and death_date where the practice sent none
with known_day as (
    select
        cast(max(delivery.received_at) as date) as today,
    from delivery
),

version as (
    select
        clean_gp_patient.nhs_number,
        clean_gp_patient.birth_date,
        upper(replace(clean_gp_patient.postcode, ' ', '')) as postcode,
        upper(clean_gp_patient.family_name) as family_name,
        upper(left(clean_gp_patient.given_name, 1)) as given_initial,
        clean_gp_patient.death_date,
        clean_gp_patient.registration_start_date,
        clean_gp_patient.registration_end_date,
        coalesce(cast(clean_gp_patient.is_deleted as varchar), '0') = '1' as is_deleted,
        row_number() over (
            partition by clean_gp_patient.practice_code, clean_gp_patient.patient_id
            order by
                delivery.received_at desc nulls last,
                clean_gp_patient.delivery_id desc nulls last,
                clean_gp_patient.source_row_number desc nulls last
        ) as version_position,
    from clean_gp_patient
    inner join delivery on clean_gp_patient.delivery_id = delivery.delivery_id
)

select
    version.nhs_number,
    version.birth_date,
    version.postcode,
    version.family_name,
    version.given_initial,
    version.death_date,
    version.registration_start_date <= known_day.today
    and (version.registration_end_date is null or version.registration_end_date >= known_day.today) as is_open,
from version
cross join known_day
where
    version.version_position = 1
    and not version.is_deleted
    and version.nhs_number is not null
