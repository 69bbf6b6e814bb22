-- Title: Hospital admissions and their diagnoses
-- Grain: per episode one row (admission for the first of a spell, episode for others) and one row per coded diagnosis
-- Reads: linked_acute_apc
-- Window: none; every linked row, whatever its date or state
-- Source: SUS APC, CDS V6-2 Type 130
-- Null: end_date is null while the person is in; code is null until the stay is coded
with diagnosis_position as (
    select
        linked_acute_apc.person_key,
        linked_acute_apc.admission_date,
        linked_acute_apc.discharge_date,
        linked_acute_apc.spell_number,
        linked_acute_apc.provider_code,
        place.position,
        case place.position
            when '1' then linked_acute_apc.primary_diagnosis
            when '2' then linked_acute_apc.secondary_diagnosis_1
            when '3' then linked_acute_apc.secondary_diagnosis_2
            when '4' then linked_acute_apc.secondary_diagnosis_3
        end as code,
        linked_acute_apc.row_key,
        linked_acute_apc.scope_key,
        linked_acute_apc.version_at,
        linked_acute_apc.known_at,
        linked_acute_apc.is_known_at_assumed,
        linked_acute_apc.received_at,
        linked_acute_apc.is_withdrawn,
        linked_acute_apc.supersession,
        linked_acute_apc.source_row_number,
        linked_acute_apc.delivery_id,
    from linked_acute_apc
    cross join (values ('1'), ('2'), ('3'), ('4')) as place (position)
)

select
    linked_acute_apc.person_key,
    'acute' as source,
    case when linked_acute_apc.episode_number = 1 then 'admission' else 'episode' end as event_type,
    linked_acute_apc.admission_date as event_date,
    linked_acute_apc.discharge_date as end_date,
    'icd10' as code_system,
    linked_acute_apc.primary_diagnosis as code,
    linked_acute_apc.admission_method as method_code,
    linked_acute_apc.patient_classification as class_code,
    linked_acute_apc.discharge_method as status_code,
    linked_acute_apc.treatment_function as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    linked_acute_apc.provider_code,
    linked_acute_apc.row_key,
    linked_acute_apc.scope_key,
    linked_acute_apc.version_at,
    linked_acute_apc.known_at,
    linked_acute_apc.is_known_at_assumed,
    linked_acute_apc.received_at,
    linked_acute_apc.is_withdrawn,
    linked_acute_apc.supersession,
    linked_acute_apc.source_row_number,
    linked_acute_apc.delivery_id,
from linked_acute_apc
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
