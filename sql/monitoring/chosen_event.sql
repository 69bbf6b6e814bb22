-- Title: Events of a few chosen people, as the features of an index date may see them
-- Grain: one row per event
-- Reads: event, chosen_person
-- Window: as `event`: known at the cut-off; nothing is added and nothing left out
-- Source: none beside `event`
-- Null: as in `event`
select
    event.person_key,
    event.event_type,
    event.event_date,
    event.end_date,
    event.code,
    event.method_code,
    event.class_code,
    event.status_code,
    event.detail,
    event.value_number,
    event.value_unit,
    event.provider_code,
from event
inner join chosen_person on event.person_key = chosen_person.person_key
