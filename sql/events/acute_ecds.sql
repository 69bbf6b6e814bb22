-- Title: Emergency department attendances
-- Grain: one row per linked row of acute_ecds
-- Reads: linked_acute_ecds
-- Window: none; every linked row, whatever its date or state
-- Source: ECDS, CDS V6-2-3 Type 011
-- Null: status, detail and value do not exist; end_date is null until departure is recorded
select
    linked_acute_ecds.person_key,
    'emergency' as source,
    'attendance' as event_type,
    linked_acute_ecds.arrival_date as event_date,
    linked_acute_ecds.departure_date as end_date,
    'snomed' as code_system,
    linked_acute_ecds.chief_complaint_code as code,
    linked_acute_ecds.attendance_category as method_code,
    linked_acute_ecds.department_type as class_code,
    cast(null as varchar) as status_code,
    cast(null as varchar) as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    linked_acute_ecds.provider_code,
    cast(null as varchar) as spell_key,
    linked_acute_ecds.row_key,
    linked_acute_ecds.scope_key,
    linked_acute_ecds.version_at,
    linked_acute_ecds.known_at,
    linked_acute_ecds.is_known_at_assumed,
    linked_acute_ecds.received_at,
    linked_acute_ecds.is_withdrawn,
    linked_acute_ecds.supersession,
    linked_acute_ecds.source_row_number,
    linked_acute_ecds.delivery_id,
from linked_acute_ecds
