-- Title: A few people's events, and each again on the index date and on the day after
-- Grain: one row per event, and two more for each
-- Reads: chosen_event
-- Window: ever before the index date, with planted copies on the index date and one day later
-- Source: none: what is planted must change no feature, or the feature sees too far (audit for leaks)
-- Null: as in `event`; a planted copy has not ended yet
with planted_day as (
    -- As it was, and planted twice.
    select cast(null as date) as event_date
    union all
    select cast($index_date as date) as event_date
    union all
    select cast($index_date + interval '1' day as date) as event_date
)

select
    chosen_event.person_key,
    chosen_event.event_type,
    coalesce(planted_day.event_date, chosen_event.event_date) as event_date,
    case when planted_day.event_date is null then chosen_event.end_date end as end_date,
    chosen_event.code,
    chosen_event.method_code,
    chosen_event.class_code,
    chosen_event.status_code,
    chosen_event.detail,
    chosen_event.value_number,
    chosen_event.value_unit,
    chosen_event.provider_code,
from chosen_event
cross join planted_day
