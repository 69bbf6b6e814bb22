-- Title: What newer versions had replaced at a cut-off
-- Grain: one row per version of a source row, and per submission, that no longer held
-- Reads: event_row
-- Window: known_at < $known_before; not cut by date
-- Source: all sources; newest version of a row, or newest submission of its sender and scope
-- Null: row_key, source_row_number and known_at of a submission; scope_key of a row
-- A version is what one source row told from one moment on: assumed history tells a stay first open, then ended.
-- Most rows have one version: only the others are put in order, and only by the columns that order them. They are told
-- by hashes, which are small; two rows that share one by chance are told apart again where versions are put in order.
with resent_row as (
    select
        hash(event_row.source, event_row.row_key) as row_hash,
    from event_row
    where
        event_row.supersession = 'key'
        and event_row.known_at < $known_before
    group by hash(event_row.source, event_row.row_key)
    having
        min(hash(event_row.delivery_id, event_row.source_row_number, event_row.known_at))
        <> max(hash(event_row.delivery_id, event_row.source_row_number, event_row.known_at))
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
    inner join resent_row on hash(event_row.source, event_row.row_key) = resent_row.row_hash
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

ordered_submission as (
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
)

select
    'key' as supersession,
    ordered_version.source,
    ordered_version.row_key,
    cast(null as varchar) as scope_key,
    ordered_version.delivery_id,
    ordered_version.source_row_number,
    ordered_version.known_at,
from ordered_version
where ordered_version.version_position > 1
union all
select
    'submission' as supersession,
    ordered_submission.source,
    cast(null as varchar) as row_key,
    ordered_submission.scope_key,
    ordered_submission.delivery_id,
    cast(null as bigint) as source_row_number,
    cast(null as timestamp) as known_at,
from ordered_submission
where ordered_submission.submission_position > 1
