-- Title: Superseded NHS numbers that may be replaced
-- Grain: one row per superseded number of a list of changes
-- Reads: clean_nhs_number_change, delivery, listed_version
-- Window: lists in force at the moment the list of changes was received
-- Source: NHS numbers superseded, as the tracing service tells them; GP lists
-- Null: never
-- Where GP lists have people of different birth dates under the two numbers, they are two people: nothing is replaced.
with change as (
    select
        clean_nhs_number_change.delivery_id,
        delivery.received_at,
        clean_nhs_number_change.superseded_nhs_number,
        clean_nhs_number_change.current_nhs_number,
        clean_nhs_number_change.changed_on,
    from clean_nhs_number_change
    inner join delivery on clean_nhs_number_change.delivery_id = delivery.delivery_id
),

listed as (
    select
        change.delivery_id,
        change.superseded_nhs_number,
        bool_or(before.birth_date = after.birth_date) as is_agreed,
    from change
    inner join listed_version as before
        on
            change.superseded_nhs_number = before.nhs_number
            and change.received_at >= before.valid_from
            and (before.valid_to is null or change.received_at < before.valid_to)
    inner join listed_version as after
        on
            change.current_nhs_number = after.nhs_number
            and change.received_at >= after.valid_from
            and (after.valid_to is null or change.received_at < after.valid_to)
    group by
        change.delivery_id,
        change.superseded_nhs_number
)

select
    change.delivery_id,
    change.superseded_nhs_number,
    change.current_nhs_number,
    change.changed_on,
    coalesce(listed.is_agreed, true) as is_agreed,
from change
left join listed
    on
        change.delivery_id = listed.delivery_id
        and change.superseded_nhs_number = listed.superseded_nhs_number
order by
    change.delivery_id nulls last,
    change.superseded_nhs_number nulls last
