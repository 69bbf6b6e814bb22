-- Title: Adult social care requests, assessments, services and reviews
-- Grain: one row per linked row of social_care_event
-- Reads: linked_social_care_event
-- Window: none; every linked row, whatever its date or state
-- Source: ASC Client Level Data, Release 2
-- Null: end_date is null for a service that runs; code is the route, assessment, service or review reason
select
    linked_social_care_event.person_key,
    'social_care' as source,
    'care_' || lower(linked_social_care_event.event_type) as event_type,
    linked_social_care_event.event_start_date as event_date,
    linked_social_care_event.event_end_date as end_date,
    cast(null as varchar) as code_system,
    coalesce(linked_social_care_event.service_type, linked_social_care_event.assessment_type, linked_social_care_event.route_of_access, linked_social_care_event.review_reason) as code,
    linked_social_care_event.client_type as method_code,
    linked_social_care_event.service_component as class_code,
    linked_social_care_event.event_outcome as status_code,
    linked_social_care_event.primary_support_reason as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    linked_social_care_event.la_code as provider_code,
    cast(null as varchar) as spell_key,
    linked_social_care_event.row_key,
    linked_social_care_event.scope_key,
    linked_social_care_event.version_at,
    linked_social_care_event.known_at,
    linked_social_care_event.is_known_at_assumed,
    linked_social_care_event.received_at,
    linked_social_care_event.is_withdrawn,
    linked_social_care_event.supersession,
    linked_social_care_event.source_row_number,
    linked_social_care_event.delivery_id,
from linked_social_care_event
