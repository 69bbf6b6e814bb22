-- Title: Medicines issued in general practice
-- Grain: one row per linked row of gp_medication
-- Reads: linked_gp_medication
-- Window: none; every linked row, whatever its date or state
-- Source: GP extract, Medication_History / OLIDS medication_order
-- Null: end_date, method, class, status and unit do not exist for an issue
select
    linked_gp_medication.person_key,
    'gp' as source,
    'gp_medication' as event_type,
    linked_gp_medication.issue_date as event_date,
    cast(null as date) as end_date,
    'dmd' as code_system,
    linked_gp_medication.dmd_code as code,
    cast(null as varchar) as method_code,
    cast(null as varchar) as class_code,
    cast(null as varchar) as status_code,
    linked_gp_medication.bnf_section as detail,
    cast(linked_gp_medication.quantity as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    linked_gp_medication.practice_code as provider_code,
    cast(null as varchar) as spell_key,
    linked_gp_medication.row_key,
    linked_gp_medication.scope_key,
    linked_gp_medication.version_at,
    linked_gp_medication.known_at,
    linked_gp_medication.is_known_at_assumed,
    linked_gp_medication.received_at,
    linked_gp_medication.is_withdrawn,
    linked_gp_medication.supersession,
    linked_gp_medication.source_row_number,
    linked_gp_medication.delivery_id,
from linked_gp_medication
