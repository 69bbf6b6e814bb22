-- Title: Contacts with mental health services
-- Grain: one row per linked row of mental_health_contact
-- Reads: linked_mental_health_contact
-- Window: none; every linked row, whatever its date or state
-- Source: MHSDS MHS201 with the referral of MHS101 and the team of MHS102
-- Null: end_date and value do not exist; status_code where the provider left attendance blank
select
    linked_mental_health_contact.person_key,
    'mental_health' as source,
    'mental_health_contact' as event_type,
    linked_mental_health_contact.care_contact_date as event_date,
    cast(null as date) as end_date,
    cast(null as varchar) as code_system,
    linked_mental_health_contact.referral_reason as code,
    linked_mental_health_contact.priority as method_code,
    linked_mental_health_contact.team_type as class_code,
    linked_mental_health_contact.attendance_status as status_code,
    linked_mental_health_contact.consultation_mechanism as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    linked_mental_health_contact.sender as provider_code,
    cast(null as varchar) as spell_key,
    linked_mental_health_contact.row_key,
    linked_mental_health_contact.scope_key,
    linked_mental_health_contact.version_at,
    linked_mental_health_contact.known_at,
    linked_mental_health_contact.is_known_at_assumed,
    linked_mental_health_contact.received_at,
    linked_mental_health_contact.is_withdrawn,
    linked_mental_health_contact.supersession,
    linked_mental_health_contact.source_row_number,
    linked_mental_health_contact.delivery_id,
from linked_mental_health_contact
