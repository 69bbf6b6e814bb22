-- Title: Events as they were known at a cut-off
-- Grain: one row per event of each current source row
-- Reads: event_row, usable_source
-- Window: known_at < $known_before; not cut by date, but what ends on or after $index_date has not ended yet
-- Source: all usable sources; newest version of a row, or newest submission of its sender and period
-- Null: end_date and status_code while the end is not known yet; code of an admission until its stay is over
with candidate as (
    select
        event_row.person_key,
        event_row.source,
        event_row.event_type,
        event_row.event_date,
        event_row.end_date,
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
        event_row.is_withdrawn,
        -- Several events may come from one source row, and share its rank.
        case
            when event_row.supersession = 'submission'
                then rank() over (
                    partition by event_row.supersession, event_row.source, event_row.scope_key
                    order by
                        event_row.received_at desc nulls last,
                        event_row.delivery_id desc nulls last
                )
            else rank() over (
                partition by event_row.supersession, event_row.source, event_row.row_key
                order by
                    event_row.version_at desc nulls last,
                    event_row.known_at desc nulls last,
                    event_row.delivery_id desc nulls last,
                    event_row.source_row_number desc nulls last
            )
        end as version_position,
    from event_row
    inner join usable_source on event_row.source = usable_source.source
    where event_row.known_at < $known_before
),

current_event as (
    select
        candidate.person_key,
        candidate.source,
        candidate.event_type,
        candidate.event_date,
        candidate.end_date,
        candidate.code_system,
        candidate.code,
        candidate.method_code,
        candidate.class_code,
        candidate.status_code,
        candidate.detail,
        candidate.value_number,
        candidate.value_unit,
        candidate.provider_code,
        candidate.known_at,
        candidate.end_date is not null and candidate.end_date >= $index_date as is_end_ahead,
        candidate.end_date is null or candidate.end_date >= $index_date as is_open,
    from candidate
    where
        candidate.version_position = 1
        and not candidate.is_withdrawn
)

select
    current_event.person_key,
    current_event.source,
    current_event.event_type,
    current_event.event_date,
    case when not current_event.is_end_ahead then current_event.end_date end as end_date,
    current_event.code_system,
    case
        when current_event.event_type <> 'admission' or not current_event.is_open then current_event.code
    end as code,
    current_event.method_code,
    current_event.class_code,
    -- How it ended (discharge method, outcome of a service) is as unknown as the end itself.
    case
        when current_event.event_type = 'admission' and current_event.is_open then null
        when current_event.is_end_ahead then null
        else current_event.status_code
    end as status_code,
    current_event.detail,
    current_event.value_number,
    current_event.value_unit,
    current_event.provider_code,
    current_event.known_at,
from current_event
-- Diagnoses are coded at discharge, and carry the discharge date as their end_date.
where current_event.event_type <> 'diagnosis' or not current_event.is_open
