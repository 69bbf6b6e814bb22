-- Title: Every version of the coded entries that are, or ever were, an objection or its withdrawal
-- Grain: one row per row of such an entry, as accepted or as set apart, and per kind that its code stands for
-- Reads: clean_gp_event, codelist_local_objection, codelist_type_1_objection, delivery, quarantined_gp_event
-- Window: none; as known now, whatever night is being run
-- Source: GP coded entries; an entry is one of its sender, by practice and observation id, whatever code a version holds
-- Null: kind and meaning where a version holds another code; nhs_number as sent; the date of a row set apart
with objection as (
    select
        codelist_type_1_objection.code,
        codelist_type_1_objection.meaning,
        'type_1' as kind,
    from codelist_type_1_objection
    union all
    select
        codelist_local_objection.code,
        codelist_local_objection.meaning,
        'local' as kind,
    from codelist_local_objection
),

-- Rows set apart, and those of deliveries refused whole, lie as they were sent: spaces and hyphens say nothing.
apart_row as (
    select
        coalesce(trim(quarantined_gp_event.practice_code), '') as practice_code,
        coalesce(trim(quarantined_gp_event.observation_id), '') as observation_id,
        trim(quarantined_gp_event.patient_id) as patient_id,
        regexp_replace(quarantined_gp_event.nhs_number, '[^0-9]', '', 'g') as nhs_number,
        regexp_replace(quarantined_gp_event.snomed_code, '[^0-9]', '', 'g') as code,
        trim(quarantined_gp_event.is_deleted) as is_deleted,
        quarantined_gp_event.delivery_id,
        quarantined_gp_event.source_row_number,
    from quarantined_gp_event
),

entry as (
    select
        clean_gp_event.practice_code,
        clean_gp_event.observation_id,
    from clean_gp_event
    inner join objection on clean_gp_event.snomed_code = objection.code
    union
    select
        apart_row.practice_code,
        apart_row.observation_id,
    from apart_row
    inner join objection on apart_row.code = objection.code
),

version as (
    select
        clean_gp_event.practice_code,
        clean_gp_event.observation_id,
        clean_gp_event.patient_id,
        clean_gp_event.nhs_number,
        clean_gp_event.snomed_code as code,
        clean_gp_event.effective_date,
        clean_gp_event.is_deleted,
        clean_gp_event.delivery_id,
        clean_gp_event.source_row_number,
        false as is_set_apart,
    from clean_gp_event
    inner join entry
        on
            clean_gp_event.practice_code = entry.practice_code
            and clean_gp_event.observation_id = entry.observation_id
    union all
    select
        apart_row.practice_code,
        apart_row.observation_id,
        apart_row.patient_id,
        apart_row.nhs_number,
        apart_row.code,
        cast(null as date) as effective_date,
        apart_row.is_deleted,
        apart_row.delivery_id,
        apart_row.source_row_number,
        true as is_set_apart,
    from apart_row
    inner join entry
        on
            apart_row.practice_code = entry.practice_code
            and apart_row.observation_id = entry.observation_id
)

select
    delivery.sender,
    version.practice_code,
    version.observation_id,
    version.patient_id,
    version.nhs_number,
    objection.kind,
    objection.meaning,
    version.effective_date,
    coalesce(cast(version.is_deleted as varchar), '0') <> '1' as is_standing,
    version.is_set_apart,
    delivery.received_at,
    version.delivery_id,
    version.source_row_number,
from version
inner join delivery on version.delivery_id = delivery.delivery_id
left join objection on version.code = objection.code
order by
    version.delivery_id nulls last,
    version.source_row_number nulls last,
    objection.kind nulls last
