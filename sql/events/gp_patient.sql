-- Title: Registrations with general practice
-- Grain: one row per linked row of gp_patient
-- Reads: linked_gp_patient
-- Window: none; every linked row, whatever its date or state
-- Source: GP extract, Patient_Details / OLIDS episode_of_care
-- Null: registration_end_date and death_date while they have not happened; language, interpreter and household unasked; name_check without both names
select
    linked_gp_patient.person_key,
    'gp' as source,
    linked_gp_patient.practice_code,
    linked_gp_patient.birth_month,
    linked_gp_patient.gender_code,
    linked_gp_patient.ethnic_category,
    linked_gp_patient.lsoa_code,
    linked_gp_patient.registration_start_date,
    linked_gp_patient.registration_end_date,
    linked_gp_patient.death_date,
    coalesce(linked_gp_patient.is_confidential, '0') = '1' as is_confidential,
    linked_gp_patient.main_language as language_code,
    linked_gp_patient.interpreter_required = '1' as needs_interpreter,
    -- A household's number is its supplier's own: two suppliers may use the same one for different addresses.
    linked_gp_patient.sender || '|' || linked_gp_patient.household_id as household_key,
    linked_gp_patient.birth_check,
    linked_gp_patient.name_check,
    linked_gp_patient.row_key,
    linked_gp_patient.scope_key,
    linked_gp_patient.version_at,
    linked_gp_patient.known_at,
    linked_gp_patient.is_known_at_assumed,
    linked_gp_patient.received_at,
    linked_gp_patient.is_withdrawn,
    linked_gp_patient.supersession,
    linked_gp_patient.source_row_number,
    linked_gp_patient.delivery_id,
from linked_gp_patient
