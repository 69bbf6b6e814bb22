-- Title: Stays in mental health hospitals
-- Grain: one row per linked row of mental_health_spell; of history two, open and ended
-- Reads: linked_mental_health_spell
-- Window: none; every linked row, whatever its date or state
-- Source: MHSDS MHS501
-- Null: end_date while the person is in; code, class, status, detail and value do not exist
-- History of assumed stamps is told as it would have come: first open, and its end from the end and the usual lag on.
-- A row that was sent month by month tells what it holds.
-- Not an `admission`: outcomes and hospital features are about general hospitals.
with told as (
    select
        linked_mental_health_spell.person_key,
        linked_mental_health_spell.admission_date,
        linked_mental_health_spell.admission_method,
        linked_mental_health_spell.sender,
        linked_mental_health_spell.row_key,
        linked_mental_health_spell.scope_key,
        linked_mental_health_spell.version_at,
        case when not state.is_open then linked_mental_health_spell.discharge_date end as discharge_date,
        case
            when
                state.is_open
                or not linked_mental_health_spell.is_known_at_assumed
                or linked_mental_health_spell.discharge_date is null
                then linked_mental_health_spell.known_at
            else
                least(
                    linked_mental_health_spell.received_at,
                    greatest(
                        linked_mental_health_spell.known_at,
                        linked_mental_health_spell.discharge_date + $reporting_lag_days * interval '1' day
                    )
                )
        end as known_at,
        linked_mental_health_spell.is_known_at_assumed,
        linked_mental_health_spell.received_at,
        linked_mental_health_spell.is_withdrawn,
        linked_mental_health_spell.supersession,
        linked_mental_health_spell.source_row_number,
        linked_mental_health_spell.delivery_id,
    from linked_mental_health_spell
    cross join (values (false), (true)) as state (is_open)
    where
        not state.is_open
        or (
            linked_mental_health_spell.is_known_at_assumed
            and linked_mental_health_spell.discharge_date + $reporting_lag_days * interval '1' day
            > linked_mental_health_spell.known_at
            and linked_mental_health_spell.received_at > linked_mental_health_spell.known_at
        )
)

select
    told.person_key,
    'mental_health' as source,
    'mental_health_admission' as event_type,
    told.admission_date as event_date,
    told.discharge_date as end_date,
    cast(null as varchar) as code_system,
    cast(null as varchar) as code,
    told.admission_method as method_code,
    cast(null as varchar) as class_code,
    cast(null as varchar) as status_code,
    cast(null as varchar) as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    told.sender as provider_code,
    cast(null as varchar) as spell_key,
    told.row_key,
    told.scope_key,
    told.version_at,
    told.known_at,
    told.is_known_at_assumed,
    told.received_at,
    told.is_withdrawn,
    told.supersession,
    told.source_row_number,
    told.delivery_id,
from told
