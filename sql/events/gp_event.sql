-- Title: Coded GP events
-- Grain: one row per linked row of gp_event
-- Reads: linked_gp_event
-- Window: none; every linked row, whatever its date or state
-- Source: GP extract, Care_History / OLIDS observation
-- Null: end_date, method, class, status and detail do not exist for coded events
select
    linked_gp_event.person_key,
    'gp' as source,
    'gp_code' as event_type,
    linked_gp_event.effective_date as event_date,
    cast(null as date) as end_date,
    'snomed' as code_system,
    linked_gp_event.snomed_code as code,
    cast(null as varchar) as method_code,
    cast(null as varchar) as class_code,
    cast(null as varchar) as status_code,
    cast(null as varchar) as detail,
    cast(linked_gp_event.value_number as decimal(18, 4)) as value_number,
    linked_gp_event.value_unit,
    linked_gp_event.practice_code as provider_code,
    cast(null as varchar) as spell_key,
    linked_gp_event.row_key,
    linked_gp_event.scope_key,
    linked_gp_event.version_at,
    linked_gp_event.known_at,
    linked_gp_event.is_known_at_assumed,
    linked_gp_event.received_at,
    linked_gp_event.is_withdrawn,
    linked_gp_event.supersession,
    linked_gp_event.source_row_number,
    linked_gp_event.delivery_id,
from linked_gp_event
