-- Title: Events as they were known at a cut-off
-- Grain: one row per event of each current source row
-- Reads: event_row, usable_source
-- Window: known_at < $known_before; not cut by date, but what ends on or after $index_date has not ended yet
-- Source: all usable sources; newest version of a row, or newest submission of its sender and scope
-- Null: end_date and status_code while the end is not known yet; code of an admission or episode until its stay is over
-- A version is what one source row told from one moment on: assumed history tells a stay first open, then ended.
-- Most rows have one version: only the others are put in order, and only by the columns that order them.
with resent_row as (
    select
        event_row.source,
        event_row.row_key,
    from event_row
    where
        event_row.supersession = 'key'
        and event_row.known_at < $known_before
    group by
        event_row.source,
        event_row.row_key
    having
        min(event_row.delivery_id) <> max(event_row.delivery_id)
        or min(event_row.source_row_number) <> max(event_row.source_row_number)
        or min(event_row.known_at) <> max(event_row.known_at)
),

version as (
    select
        event_row.source,
        event_row.row_key,
        event_row.delivery_id,
        event_row.source_row_number,
        event_row.known_at,
        max(event_row.version_at) as version_at,
    from event_row
    inner join resent_row
        on
            event_row.source = resent_row.source
            and event_row.row_key = resent_row.row_key
    where
        event_row.supersession = 'key'
        and event_row.known_at < $known_before
    group by
        event_row.source,
        event_row.row_key,
        event_row.delivery_id,
        event_row.source_row_number,
        event_row.known_at
),

ordered_version as (
    select
        version.source,
        version.row_key,
        version.delivery_id,
        version.source_row_number,
        version.known_at,
        rank() over (
            partition by version.source, version.row_key
            order by
                version.version_at desc nulls last,
                version.known_at desc nulls last,
                version.delivery_id desc nulls last,
                version.source_row_number desc nulls last
        ) as version_position,
    from version
),

submission as (
    select
        event_row.source,
        event_row.scope_key,
        event_row.delivery_id,
        rank() over (
            partition by event_row.source, event_row.scope_key
            order by
                -- A period sent again replaces none that ends later; no period ends after it was received.
                least(max(event_row.version_at), max(event_row.received_at)) desc nulls last,
                max(event_row.received_at) desc nulls last,
                event_row.delivery_id desc nulls last
        ) as submission_position,
    from event_row
    where
        event_row.supersession = 'submission'
        and event_row.known_at < $known_before
    group by
        event_row.source,
        event_row.scope_key,
        event_row.delivery_id
),

current_event as (
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
        event_row.end_date is not null and event_row.end_date >= $index_date as is_end_ahead,
        event_row.end_date is null or event_row.end_date >= $index_date as is_open,
    from event_row
    inner join usable_source on event_row.source = usable_source.source
    where
        event_row.known_at < $known_before
        and not event_row.is_withdrawn
        and not exists (
            select 1
            from ordered_version
            where
                ordered_version.version_position > 1
                and event_row.supersession = 'key'
                and ordered_version.source = event_row.source
                and ordered_version.row_key = event_row.row_key
                and ordered_version.delivery_id = event_row.delivery_id
                and ordered_version.source_row_number = event_row.source_row_number
                and ordered_version.known_at = event_row.known_at
        )
        and not exists (
            select 1
            from submission
            where
                submission.submission_position > 1
                and event_row.supersession = 'submission'
                and submission.source = event_row.source
                and submission.scope_key = event_row.scope_key
                and submission.delivery_id = event_row.delivery_id
        )
)

select
    current_event.person_key,
    current_event.source,
    current_event.event_type,
    current_event.event_date,
    case when not current_event.is_end_ahead then current_event.end_date end as end_date,
    current_event.code_system,
    case
        when current_event.event_type not in ('admission', 'episode') or not current_event.is_open
            then current_event.code
    end as code,
    current_event.method_code,
    current_event.class_code,
    -- How it ended (discharge method, outcome of a service) is as unknown as the end itself.
    case
        when current_event.event_type in ('admission', 'episode') and current_event.is_open then null
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
