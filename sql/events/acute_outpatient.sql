-- Title: Outpatient appointments
-- Grain: one row per linked row of acute_outpatient
-- Reads: linked_acute_outpatient
-- Window: none; every linked row, whatever its date or state
-- Source: outpatients, CDS V6-2 Type 020
-- Null: end_date, code and value do not exist; class_code where the person did not attend
-- An appointment that lies ahead is a row here and no event yet: whoever counts looks before the index date.
select
    linked_acute_outpatient.person_key,
    'outpatient' as source,
    'outpatient_appointment' as event_type,
    linked_acute_outpatient.appointment_date as event_date,
    cast(null as date) as end_date,
    cast(null as varchar) as code_system,
    cast(null as varchar) as code,
    linked_acute_outpatient.priority as method_code,
    linked_acute_outpatient.first_attendance as class_code,
    linked_acute_outpatient.attendance_status as status_code,
    linked_acute_outpatient.treatment_function as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    linked_acute_outpatient.provider_code,
    cast(null as varchar) as spell_key,
    linked_acute_outpatient.row_key,
    linked_acute_outpatient.scope_key,
    linked_acute_outpatient.version_at,
    linked_acute_outpatient.known_at,
    linked_acute_outpatient.is_known_at_assumed,
    linked_acute_outpatient.received_at,
    linked_acute_outpatient.is_withdrawn,
    linked_acute_outpatient.supersession,
    linked_acute_outpatient.source_row_number,
    linked_acute_outpatient.delivery_id,
from linked_acute_outpatient
