-- Title: Who had died in hospital, as the hospitals had told at a cut-off
-- Grain: one row per person whom a hospital discharged as dead before the index date
-- Reads: event_row, usable_source, replaced_version, number_change, codelist_died_in_hospital
-- Window: known_at < $known_before; stays that ended before $index_date
-- Source: SUS APC and the daily feeds; DISCHARGE METHOD as listed (died; a stillbirth is told of no one on a list)
-- Null: none
-- The hospital's own record outweighs the daily feed's, as for the stay itself; while it has no end, the feed tells it.
-- Who came to hospital after the day on which they are said to have died had not.
with told as (
    select
        coalesce(number_change.current_person_key, event_row.person_key) as person_key,
        event_row.spell_key,
        event_row.event_type = 'admission_notice' as is_notice,
        event_row.event_date,
        event_row.end_date,
        event_row.status_code,
        event_row.is_withdrawn,
    from event_row
    inner join usable_source on event_row.source = usable_source.source
    left join number_change on event_row.person_key = number_change.person_key
    left join replaced_version
        on
            replaced_version.supersession = 'key'
            and event_row.source = replaced_version.source
            and event_row.row_key = replaced_version.row_key
            and event_row.delivery_id = replaced_version.delivery_id
            and event_row.source_row_number = replaced_version.source_row_number
            and event_row.known_at = replaced_version.known_at
    where
        event_row.event_type in ('admission', 'episode', 'admission_notice')
        and event_row.known_at < $known_before
        and replaced_version.supersession is null
),

recorded as (
    select
        told.spell_key,
        bool_and(told.is_withdrawn) as is_withdrawn,
        bool_or(not told.is_withdrawn and told.end_date is not null) as is_ended,
    from told
    where not told.is_notice
    group by told.spell_key
),

seen as (
    select
        told.person_key,
        max(told.event_date) as latest_start,
    from told
    where not told.is_withdrawn
    group by told.person_key
)

select
    told.person_key,
    min(told.end_date) as death_date,
from told
inner join codelist_died_in_hospital on told.status_code = codelist_died_in_hospital.code
inner join seen on told.person_key = seen.person_key
left join recorded on told.spell_key = recorded.spell_key
where
    not told.is_withdrawn
    and told.end_date < $index_date
    and seen.latest_start <= told.end_date
    and (
        not told.is_notice
        or recorded.spell_key is null
        or not (recorded.is_withdrawn or recorded.is_ended)
    )
group by told.person_key
