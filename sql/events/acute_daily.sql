-- Title: Notices of hospital admissions
-- Grain: one row per linked row of acute_daily
-- Reads: linked_acute_daily
-- Window: none; every linked row, whatever its date or state
-- Source: daily admissions and discharges, a local feed
-- Null: end_date and status_code while the person is in; code, class and detail are told by the SUS record alone
-- A notice becomes an admission, or gives way to the SUS record of its stay, in sql/knowledge: spell_key tells which.
-- History needs no second step: with a lag of one day an end is known as soon as it lies before the index date.
select
    linked_acute_daily.person_key,
    'acute' as source,
    'admission_notice' as event_type,
    linked_acute_daily.admission_date as event_date,
    linked_acute_daily.discharge_date as end_date,
    cast(null as varchar) as code_system,
    cast(null as varchar) as code,
    linked_acute_daily.admission_method as method_code,
    cast(null as varchar) as class_code,
    linked_acute_daily.discharge_method as status_code,
    cast(null as varchar) as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    linked_acute_daily.provider_code,
    linked_acute_daily.provider_code || '|' || linked_acute_daily.spell_number as spell_key,
    linked_acute_daily.row_key,
    linked_acute_daily.scope_key,
    linked_acute_daily.version_at,
    linked_acute_daily.known_at,
    linked_acute_daily.is_known_at_assumed,
    linked_acute_daily.received_at,
    linked_acute_daily.is_withdrawn,
    linked_acute_daily.supersession,
    linked_acute_daily.source_row_number,
    linked_acute_daily.delivery_id,
from linked_acute_daily
