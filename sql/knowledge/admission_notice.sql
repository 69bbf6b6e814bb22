-- Title: What other rows than its first had told of each hospital stay at a cut-off
-- Grain: one row per stay that a current notice of the daily feed, or a later episode, tells of
-- Reads: event_row, replaced_version
-- Window: known_at < $known_before; not cut by date
-- Source: daily admissions and discharges, and whether the hospital's own record (SUS APC) had arrived
-- Null: end_date while neither told of a discharge
-- A record that was taken back still outweighs the notice: the hospital looked again and found no such stay.
with current_row as (
    select
        event_row.source,
        event_row.spell_key,
        event_row.event_type,
        event_row.end_date,
        event_row.is_withdrawn,
    from event_row
    where
        event_row.event_type in ('admission', 'episode', 'admission_notice')
        and event_row.spell_key is not null
        and event_row.known_at < $known_before
        and not exists (
            select 1
            from replaced_version
            where
                replaced_version.supersession = 'key'
                and replaced_version.source = event_row.source
                and replaced_version.row_key = event_row.row_key
                and replaced_version.delivery_id = event_row.delivery_id
                and replaced_version.source_row_number = event_row.source_row_number
                and replaced_version.known_at = event_row.known_at
        )
)

select
    current_row.source,
    current_row.spell_key,
    -- Some hospitals fill in the discharge on the last episode of a stay alone.
    max(
        case
            when current_row.event_type <> 'admission' and not current_row.is_withdrawn then current_row.end_date
        end
    ) as end_date,
    bool_or(current_row.event_type <> 'admission_notice') as is_recorded,
from current_row
-- A notice that was cancelled tells nothing, of the admission or of its end.
where current_row.event_type <> 'admission_notice' or not current_row.is_withdrawn
group by
    current_row.source,
    current_row.spell_key
having bool_or(current_row.event_type <> 'admission')
