-- Title: People who dissent by a Type 1 objection
-- Grain: one row per dissenting NHS number
-- Reads: clean_gp_event, codelist_type_1_objection, delivery, quarantined_gp_event
-- Window: none; as known now, whatever night is being run
-- Source: Type 1 objection, latest dated code wins; a tie or an undated dissent is a dissent
-- Null: an undated dissent counts; an undated withdrawal does not; a dissent on a row set apart counts as undated
with latest_version as (
    select
        clean_gp_event.nhs_number,
        clean_gp_event.effective_date,
        clean_gp_event.is_deleted,
        codelist_type_1_objection.meaning,
        row_number() over (
            partition by clean_gp_event.practice_code, clean_gp_event.observation_id
            order by
                delivery.received_at desc nulls last,
                clean_gp_event.delivery_id desc nulls last,
                clean_gp_event.source_row_number desc nulls last
        ) as version_position,
    from clean_gp_event
    inner join codelist_type_1_objection on clean_gp_event.snomed_code = codelist_type_1_objection.code
    inner join delivery on clean_gp_event.delivery_id = delivery.delivery_id
    where clean_gp_event.nhs_number is not null
),

current_code as (
    select
        latest_version.nhs_number,
        latest_version.meaning,
        latest_version.effective_date,
    from latest_version
    where
        latest_version.version_position = 1
        and coalesce(cast(latest_version.is_deleted as varchar), '0') <> '1'
    union all
    select
        quarantined_gp_event.nhs_number,
        codelist_type_1_objection.meaning,
        cast(null as date) as effective_date,
    from quarantined_gp_event
    inner join codelist_type_1_objection on quarantined_gp_event.snomed_code = codelist_type_1_objection.code
    where
        quarantined_gp_event.nhs_number is not null
        and coalesce(quarantined_gp_event.is_deleted, '0') <> '1'
)

select
    current_code.nhs_number,
from current_code
group by current_code.nhs_number
having
    count(*) filter (where current_code.meaning = 'dissent') > 0
    and (
        count(*) filter (where current_code.meaning = 'dissent' and current_code.effective_date is null) > 0
        or count(*) filter (where current_code.meaning = 'withdrawal' and current_code.effective_date is not null) = 0
        or max(case when current_code.meaning = 'dissent' then current_code.effective_date end)
        >= max(case when current_code.meaning = 'withdrawal' then current_code.effective_date end)
    )
order by current_code.nhs_number nulls last
