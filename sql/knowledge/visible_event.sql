-- Title: Events as they were known at a cut-off
-- Grain: one row per event of each current source row; a stay told by the daily feed and by SUS is one admission
-- Reads: event_row, usable_source, replaced_version, admission_notice, number_change
-- Window: known_at < $known_before; not cut by date, but what ends on or after $index_date has not ended yet
-- Source: all usable sources; newest version of a row, or newest submission of its sender and scope
-- Null: end_date and status_code while the end is not known yet; code of an admission or episode until its stay is over
-- A notice of the daily feed counts as an admission until the hospital's own record of the stay has arrived. Where that
-- record is older than the discharge, the notice still says when the stay ended; so does a later episode of the stay.
-- What was replaced stands once each, so that the joins to it find one row or none. Small relations stand on the right
-- of every join, where an engine that joins as written (`Engine.keep`) puts what it holds in memory.
with current_event as (
    select
        coalesce(number_change.current_person_key, event_row.person_key) as person_key,
        event_row.source,
        case
            when event_row.event_type = 'admission_notice' then 'admission'
            else event_row.event_type
        end as event_type,
        event_row.event_date,
        coalesce(event_row.end_date, admission_notice.end_date) as end_date,
        event_row.code_system,
        event_row.code,
        event_row.method_code,
        event_row.class_code,
        event_row.status_code,
        event_row.detail,
        event_row.value_number,
        event_row.value_unit,
        event_row.provider_code,
        event_row.known_at,
    from event_row
    inner join usable_source on event_row.source = usable_source.source
    left join number_change on event_row.person_key = number_change.person_key
    left join admission_notice
        on
            event_row.source = admission_notice.source
            and event_row.spell_key = admission_notice.spell_key
    left join replaced_version as replaced_row
        on
            replaced_row.supersession = 'key'
            and event_row.source = replaced_row.source
            and event_row.row_key = replaced_row.row_key
            and event_row.delivery_id = replaced_row.delivery_id
            and event_row.source_row_number = replaced_row.source_row_number
            and event_row.known_at = replaced_row.known_at
    left join replaced_version as replaced_submission
        on
            replaced_submission.supersession = 'submission'
            and event_row.source = replaced_submission.source
            and event_row.scope_key = replaced_submission.scope_key
            and event_row.delivery_id = replaced_submission.delivery_id
    where
        event_row.known_at < $known_before
        and not event_row.is_withdrawn
        and not (event_row.event_type = 'admission_notice' and coalesce(admission_notice.is_recorded, false))
        and replaced_row.supersession is null
        and replaced_submission.supersession is null
),

dated_event as (
    select
        current_event.person_key,
        current_event.source,
        current_event.event_type,
        current_event.event_date,
        current_event.end_date,
        current_event.code_system,
        current_event.code,
        current_event.method_code,
        current_event.class_code,
        current_event.status_code,
        current_event.detail,
        current_event.value_number,
        current_event.value_unit,
        current_event.provider_code,
        current_event.known_at,
        current_event.end_date is not null and current_event.end_date >= $index_date as is_end_ahead,
        current_event.end_date is null or current_event.end_date >= $index_date as is_open,
    from current_event
)

select
    dated_event.person_key,
    dated_event.source,
    dated_event.event_type,
    dated_event.event_date,
    case when not dated_event.is_end_ahead then dated_event.end_date end as end_date,
    dated_event.code_system,
    case
        when dated_event.event_type not in ('admission', 'episode') or not dated_event.is_open
            then dated_event.code
    end as code,
    dated_event.method_code,
    dated_event.class_code,
    -- How it ended (discharge method, outcome of a service) is as unknown as the end itself.
    case
        when dated_event.event_type in ('admission', 'episode') and dated_event.is_open then null
        when dated_event.is_end_ahead then null
        else dated_event.status_code
    end as status_code,
    dated_event.detail,
    dated_event.value_number,
    dated_event.value_unit,
    dated_event.provider_code,
    dated_event.known_at,
from dated_event
-- Diagnoses are coded at discharge, and carry the discharge date as their end_date.
where dated_event.event_type <> 'diagnosis' or not dated_event.is_open
