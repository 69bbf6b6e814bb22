-- Title: What GP lists have said of each NHS number, and from when to when
-- Grain: one row per version of a registration that names a number and stands
-- Reads: clean_gp_patient, delivery
-- Window: none; valid_to excludes
-- Source: GP extract, every version of every registration in the order of arrival
-- Null: valid_to while no later version has come; a registration taken back says nothing
with version as (
    select
        clean_gp_patient.nhs_number,
        clean_gp_patient.birth_date,
        coalesce(cast(clean_gp_patient.is_deleted as varchar), '0') = '1' as is_deleted,
        delivery.received_at as valid_from,
        lead(delivery.received_at) over (
            partition by clean_gp_patient.practice_code, clean_gp_patient.patient_id
            order by
                delivery.received_at asc nulls first,
                clean_gp_patient.delivery_id asc nulls first,
                clean_gp_patient.source_row_number asc nulls first
        ) as valid_to,
    from clean_gp_patient
    inner join delivery on clean_gp_patient.delivery_id = delivery.delivery_id
)

-- Versions that say the same of a number one after another are one row for most purposes: the earliest start counts.
select
    version.nhs_number,
    version.birth_date,
    version.valid_from,
    version.valid_to,
from version
where
    not version.is_deleted
    and version.nhs_number is not null
    and version.birth_date is not null
    and (version.valid_to is null or version.valid_to > version.valid_from)
