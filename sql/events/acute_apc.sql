-- Title: Hospital admissions and their diagnoses
-- Grain: per episode one row (admission for the first of a spell, episode for others) and one row per coded diagnosis
-- Reads: linked_acute_apc
-- Window: none; every linked row, whatever its date or state
-- Source: SUS APC, CDS V6-2 Type 130
-- Null: end_date is null while the person is in; code is null until the stay is coded
-- History of assumed stamps is told as it would have come: first the open stay, and what its discharge tells from the
-- discharge and the usual lag on. A row that was sent night by night tells what it holds.
with told as (
    select
        linked_acute_apc.person_key,
        linked_acute_apc.admission_date,
        case when not state.is_open then linked_acute_apc.discharge_date end as discharge_date,
        linked_acute_apc.episode_number,
        linked_acute_apc.admission_method,
        linked_acute_apc.patient_classification,
        case when not state.is_open then linked_acute_apc.discharge_method end as discharge_method,
        linked_acute_apc.treatment_function,
        linked_acute_apc.spell_number,
        linked_acute_apc.provider_code,
        linked_acute_apc.provider_code || '|' || linked_acute_apc.spell_number as spell_key,
        case when not state.is_open then linked_acute_apc.primary_diagnosis end as primary_diagnosis,
        case when not state.is_open then linked_acute_apc.secondary_diagnosis_1 end as secondary_diagnosis_1,
        case when not state.is_open then linked_acute_apc.secondary_diagnosis_2 end as secondary_diagnosis_2,
        case when not state.is_open then linked_acute_apc.secondary_diagnosis_3 end as secondary_diagnosis_3,
        linked_acute_apc.row_key,
        linked_acute_apc.scope_key,
        linked_acute_apc.version_at,
        case
            when state.is_open or not linked_acute_apc.is_known_at_assumed or linked_acute_apc.discharge_date is null
                then linked_acute_apc.known_at
            else
                least(
                    linked_acute_apc.received_at,
                    greatest(
                        linked_acute_apc.known_at,
                        linked_acute_apc.discharge_date + $reporting_lag_days * interval '1' day
                    )
                )
        end as known_at,
        linked_acute_apc.is_known_at_assumed,
        linked_acute_apc.received_at,
        linked_acute_apc.is_withdrawn,
        linked_acute_apc.supersession,
        linked_acute_apc.source_row_number,
        linked_acute_apc.delivery_id,
    from linked_acute_apc
    cross join (values (false), (true)) as state (is_open)
    where
        not state.is_open
        or (
            linked_acute_apc.is_known_at_assumed
            and linked_acute_apc.discharge_date + $reporting_lag_days * interval '1' day > linked_acute_apc.known_at
            and linked_acute_apc.received_at > linked_acute_apc.known_at
        )
),

diagnosis_position as (
    select
        told.person_key,
        told.admission_date,
        told.discharge_date,
        told.spell_number,
        told.provider_code,
        told.spell_key,
        place.position,
        case place.position
            when '1' then told.primary_diagnosis
            when '2' then told.secondary_diagnosis_1
            when '3' then told.secondary_diagnosis_2
            when '4' then told.secondary_diagnosis_3
        end as code,
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
    cross join (values ('1'), ('2'), ('3'), ('4')) as place (position)
)

select
    told.person_key,
    'acute' as source,
    case when told.episode_number = 1 then 'admission' else 'episode' end as event_type,
    told.admission_date as event_date,
    told.discharge_date as end_date,
    'icd10' as code_system,
    told.primary_diagnosis as code,
    told.admission_method as method_code,
    told.patient_classification as class_code,
    told.discharge_method as status_code,
    told.treatment_function as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    told.provider_code,
    told.spell_key,
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
union all
select
    diagnosis_position.person_key,
    'acute' as source,
    'diagnosis' as event_type,
    diagnosis_position.admission_date as event_date,
    diagnosis_position.discharge_date as end_date,
    'icd10' as code_system,
    diagnosis_position.code,
    cast(null as varchar) as method_code,
    diagnosis_position.position as class_code,
    cast(null as varchar) as status_code,
    diagnosis_position.spell_number as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    diagnosis_position.provider_code,
    diagnosis_position.spell_key,
    diagnosis_position.row_key,
    diagnosis_position.scope_key,
    diagnosis_position.version_at,
    diagnosis_position.known_at,
    diagnosis_position.is_known_at_assumed,
    diagnosis_position.received_at,
    diagnosis_position.is_withdrawn,
    diagnosis_position.supersession,
    diagnosis_position.source_row_number,
    diagnosis_position.delivery_id,
from diagnosis_position
where diagnosis_position.code is not null
