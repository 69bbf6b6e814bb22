-- Title: Community services contacts
-- Grain: one row per linked row of community_contact
-- Reads: linked_community_contact
-- Window: none; every linked row, whatever its date or state
-- Source: CSDS CYP201 with the team of CYP102
-- Null: end_date, code, method and value do not exist; status is null where the provider left attendance blank
select
    linked_community_contact.person_key,
    'community' as source,
    'community_contact' as event_type,
    linked_community_contact.care_contact_date as event_date,
    cast(null as date) as end_date,
    cast(null as varchar) as code_system,
    cast(null as varchar) as code,
    cast(null as varchar) as method_code,
    linked_community_contact.team_type as class_code,
    linked_community_contact.attendance_status as status_code,
    linked_community_contact.consultation_mechanism as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    linked_community_contact.sender as provider_code,
    cast(null as varchar) as spell_key,
    linked_community_contact.row_key,
    linked_community_contact.scope_key,
    linked_community_contact.version_at,
    linked_community_contact.known_at,
    linked_community_contact.is_known_at_assumed,
    linked_community_contact.received_at,
    linked_community_contact.is_withdrawn,
    linked_community_contact.supersession,
    linked_community_contact.source_row_number,
    linked_community_contact.delivery_id,
from linked_community_contact
