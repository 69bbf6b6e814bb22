-- Title: Stays in hospital, and up to when their nights count
-- Grain: one row per admission to a hospital or a mental health hospital
-- Reads: event
-- Window: event_date < index_date; what ends on or after it has not ended
-- Source: admissions as visible, of SUS APC, the daily feeds and MHSDS
-- Null: end_date while the stay is open, and of one that was left open by mistake
-- Whoever came again had left. A stay without an end that a later one of the same kind of hospital follows was left open
-- by mistake: it vouches for its first day only, as it does for the outcomes, and nobody knows when it ended.
with dated_stay as (
    select
        event.person_key,
        event.event_type,
        event.event_date,
        case when event.end_date < $index_date then event.end_date end as end_date,
        event.method_code,
        event.class_code,
        max(event.event_date) over (partition by event.person_key, event.event_type) as latest_start,
    from event
    where
        event.event_type in ('admission', 'mental_health_admission')
        and event.event_date < $index_date
)

select
    dated_stay.person_key,
    dated_stay.event_type,
    dated_stay.event_date,
    dated_stay.end_date,
    dated_stay.method_code,
    dated_stay.class_code,
    dated_stay.end_date is null and dated_stay.event_date = dated_stay.latest_start as is_open,
    case
        when dated_stay.end_date is not null then dated_stay.end_date
        when dated_stay.event_date = dated_stay.latest_start then cast($index_date as date)
        else dated_stay.event_date
    end as counted_to,
from dated_stay
