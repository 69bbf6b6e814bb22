-- Title: Of whom each version of an objection is
-- Grain: one row per row of objection_version
-- Reads: clean_gp_patient, delivery, objection_version
-- Window: none; as known now, whatever night is being run
-- Source: the row's own NHS number; where it is missing or cannot be one, the practice's list: it says whose record it is
-- Null: nhs_number where neither names anybody
with known_patient as (
    select
        clean_gp_patient.practice_code,
        clean_gp_patient.patient_id,
        clean_gp_patient.nhs_number,
        delivery.sender,
        row_number() over (
            partition by clean_gp_patient.practice_code, clean_gp_patient.patient_id, delivery.sender
            order by
                delivery.received_at desc nulls last,
                clean_gp_patient.delivery_id desc nulls last,
                clean_gp_patient.source_row_number desc nulls last
        ) as version_position,
    from clean_gp_patient
    inner join delivery on clean_gp_patient.delivery_id = delivery.delivery_id
    where
        clean_gp_patient.nhs_number is not null
        and exists (
            select 1
            from objection_version
            where
                objection_version.practice_code = clean_gp_patient.practice_code
                and objection_version.patient_id = clean_gp_patient.patient_id
        )
)

select
    objection_version.sender,
    objection_version.practice_code,
    objection_version.observation_id,
    case
        -- The check digit, as in pipeline/rules/nhs_number.py; ten equal digits are what systems write for unknown.
        when
            regexp_full_match(objection_version.nhs_number, '[0-9]{10}')
            and objection_version.nhs_number <> repeat(left(objection_version.nhs_number, 1), 10)
            and (
                10 * try_cast(substr(objection_version.nhs_number, 1, 1) as integer)
                + 9 * try_cast(substr(objection_version.nhs_number, 2, 1) as integer)
                + 8 * try_cast(substr(objection_version.nhs_number, 3, 1) as integer)
                + 7 * try_cast(substr(objection_version.nhs_number, 4, 1) as integer)
                + 6 * try_cast(substr(objection_version.nhs_number, 5, 1) as integer)
                + 5 * try_cast(substr(objection_version.nhs_number, 6, 1) as integer)
                + 4 * try_cast(substr(objection_version.nhs_number, 7, 1) as integer)
                + 3 * try_cast(substr(objection_version.nhs_number, 8, 1) as integer)
                + 2 * try_cast(substr(objection_version.nhs_number, 9, 1) as integer)
                + try_cast(substr(objection_version.nhs_number, 10, 1) as integer)
            ) % 11 = 0
            then objection_version.nhs_number
        else known_patient.nhs_number
    end as nhs_number,
    objection_version.kind,
    objection_version.meaning,
    objection_version.effective_date,
    objection_version.is_standing,
    objection_version.is_set_apart,
    objection_version.received_at,
    objection_version.delivery_id,
    objection_version.source_row_number,
from objection_version
left join known_patient
    on
        objection_version.practice_code = known_patient.practice_code
        and objection_version.patient_id = known_patient.patient_id
        and objection_version.sender = known_patient.sender
        and known_patient.version_position = 1
order by
    objection_version.delivery_id nulls last,
    objection_version.source_row_number nulls last,
    objection_version.kind nulls last
