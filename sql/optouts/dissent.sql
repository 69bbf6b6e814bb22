-- Title: People who dissent by a coded entry: a Type 1 objection, or a local one
-- Grain: one row per dissenting NHS number and kind of objection
-- Reads: clean_gp_event, clean_gp_patient, codelist_local_objection, codelist_type_1_objection, delivery, quarantined_gp_event
-- Window: none; as known now, whatever night is being run
-- Source: Type 1 and local objections, each kind by itself: latest dated code wins; a tie or an undated dissent is a dissent
-- Null: an undated dissent counts, an undated withdrawal does not; a row set apart counts as undated until sent again
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

coded_row as (
    select
        clean_gp_event.practice_code,
        clean_gp_event.observation_id,
        clean_gp_event.patient_id,
        clean_gp_event.nhs_number,
        clean_gp_event.effective_date,
        clean_gp_event.is_deleted,
        clean_gp_event.delivery_id,
        clean_gp_event.source_row_number,
        objection.meaning,
        objection.kind,
        false as is_set_apart,
    from clean_gp_event
    inner join objection on clean_gp_event.snomed_code = objection.code
    union all
    -- Rows set apart, and those of deliveries refused whole, lie as they were sent: spaces and hyphens say nothing.
    select
        trim(quarantined_gp_event.practice_code) as practice_code,
        trim(quarantined_gp_event.observation_id) as observation_id,
        trim(quarantined_gp_event.patient_id) as patient_id,
        regexp_replace(quarantined_gp_event.nhs_number, '[^0-9]', '', 'g') as nhs_number,
        cast(null as date) as effective_date,
        trim(quarantined_gp_event.is_deleted) as is_deleted,
        quarantined_gp_event.delivery_id,
        quarantined_gp_event.source_row_number,
        objection.meaning,
        objection.kind,
        true as is_set_apart,
    from quarantined_gp_event
    inner join objection
        on regexp_replace(quarantined_gp_event.snomed_code, '[^0-9]', '', 'g') = objection.code
),

-- A row whose NHS number is missing or cannot be one still says whose record it stands in.
known_patient as (
    select
        clean_gp_patient.practice_code,
        clean_gp_patient.patient_id,
        clean_gp_patient.nhs_number,
        delivery.sender,
        row_number() over (
            partition by clean_gp_patient.practice_code, clean_gp_patient.patient_id, delivery.sender
            order by
                delivery.received_at desc nulls last,
                clean_gp_patient.delivery_id desc nulls last,
                clean_gp_patient.source_row_number desc nulls last
        ) as version_position,
    from clean_gp_patient
    inner join delivery on clean_gp_patient.delivery_id = delivery.delivery_id
    where clean_gp_patient.nhs_number is not null
),

resolved_row as (
    select
        coded_row.practice_code,
        coded_row.observation_id,
        case
            -- The check digit, as in pipeline/rules/nhs_number.py; ten equal digits are what systems write for unknown.
            when
                regexp_full_match(coded_row.nhs_number, '[0-9]{10}')
                and coded_row.nhs_number <> repeat(left(coded_row.nhs_number, 1), 10)
                and (
                    10 * try_cast(substr(coded_row.nhs_number, 1, 1) as integer)
                    + 9 * try_cast(substr(coded_row.nhs_number, 2, 1) as integer)
                    + 8 * try_cast(substr(coded_row.nhs_number, 3, 1) as integer)
                    + 7 * try_cast(substr(coded_row.nhs_number, 4, 1) as integer)
                    + 6 * try_cast(substr(coded_row.nhs_number, 5, 1) as integer)
                    + 5 * try_cast(substr(coded_row.nhs_number, 6, 1) as integer)
                    + 4 * try_cast(substr(coded_row.nhs_number, 7, 1) as integer)
                    + 3 * try_cast(substr(coded_row.nhs_number, 8, 1) as integer)
                    + 2 * try_cast(substr(coded_row.nhs_number, 9, 1) as integer)
                    + try_cast(substr(coded_row.nhs_number, 10, 1) as integer)
                ) % 11 = 0
                then coded_row.nhs_number
            else known_patient.nhs_number
        end as nhs_number,
        coded_row.effective_date,
        coalesce(cast(coded_row.is_deleted as varchar), '0') <> '1' as is_standing,
        coded_row.delivery_id,
        coded_row.source_row_number,
        coded_row.meaning,
        coded_row.kind,
        coded_row.is_set_apart,
        delivery.received_at,
    from coded_row
    inner join delivery on coded_row.delivery_id = delivery.delivery_id
    left join known_patient
        on
            coded_row.practice_code = known_patient.practice_code
            and coded_row.patient_id = known_patient.patient_id
            and delivery.sender = known_patient.sender
            and known_patient.version_position = 1
),

latest_version as (
    select
        resolved_row.practice_code,
        resolved_row.observation_id,
        resolved_row.nhs_number,
        resolved_row.effective_date,
        resolved_row.is_standing,
        resolved_row.meaning,
        resolved_row.kind,
        resolved_row.received_at,
        row_number() over (
            partition by resolved_row.practice_code, resolved_row.observation_id, resolved_row.kind
            order by
                resolved_row.received_at desc nulls last,
                resolved_row.delivery_id desc nulls last,
                resolved_row.source_row_number desc nulls last
        ) as version_position,
    from resolved_row
    where
        not resolved_row.is_set_apart
        and resolved_row.nhs_number is not null
),

current_code as (
    select
        latest_version.nhs_number,
        latest_version.meaning,
        latest_version.kind,
        latest_version.effective_date,
    from latest_version
    where
        latest_version.version_position = 1
        and latest_version.is_standing
    union all
    select
        resolved_row.nhs_number,
        resolved_row.meaning,
        resolved_row.kind,
        resolved_row.effective_date,
    from resolved_row
    where
        resolved_row.is_set_apart
        and resolved_row.is_standing
        and resolved_row.nhs_number is not null
        -- The same entry about the same person, sent again later and accepted, stands in its place.
        and not exists (
            select 1
            from latest_version
            where
                latest_version.practice_code = resolved_row.practice_code
                and latest_version.observation_id = resolved_row.observation_id
                and latest_version.nhs_number = resolved_row.nhs_number
                and latest_version.kind = resolved_row.kind
                and latest_version.received_at > resolved_row.received_at
        )
)

select
    current_code.nhs_number,
    current_code.kind,
from current_code
group by
    current_code.nhs_number,
    current_code.kind
having
    count(*) filter (where current_code.meaning = 'dissent') > 0
    and (
        count(*) filter (where current_code.meaning = 'dissent' and current_code.effective_date is null) > 0
        or count(*) filter (where current_code.meaning = 'withdrawal' and current_code.effective_date is not null) = 0
        or max(case when current_code.meaning = 'dissent' then current_code.effective_date end)
        >= max(case when current_code.meaning = 'withdrawal' then current_code.effective_date end)
    )
order by
    current_code.nhs_number nulls last,
    current_code.kind nulls last
