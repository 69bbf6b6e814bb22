-- Title: The latest emergency admission, when it ended and what it was for
-- Grain: one row per person in the cohort with an emergency admission in the window
-- Reads: cohort, event, codelist_emergency_admission_method, codelist_diagnosis_words
-- Window: [index_date - 24 months, index_date)
-- Source: SUS APC and the daily feeds; of several on one day the one that ended last, then the first diagnosis by code
-- Null: emergency_stay_end_date while it is not over; emergency_stay_diagnosis when it is not coded or has no words
with emergency_stay as (
    select
        event.person_key,
        event.event_date,
        event.end_date,
        codelist_diagnosis_words.words,
        row_number() over (
            partition by event.person_key
            order by
                event.event_date desc nulls last,
                event.end_date desc nulls first,
                event.code asc nulls last,
                event.provider_code asc nulls last
        ) as latest_position,
    from event
    inner join codelist_emergency_admission_method
        on event.method_code = codelist_emergency_admission_method.code
    left join codelist_diagnosis_words on substr(event.code, 1, 3) = codelist_diagnosis_words.code
    where
        event.event_type = 'admission'
        and event.event_date >= cast($index_date - interval '24' month as date)
        and event.event_date < $index_date
)

select
    cohort.person_key,
    emergency_stay.event_date as emergency_stay_date,
    emergency_stay.end_date as emergency_stay_end_date,
    emergency_stay.words as emergency_stay_diagnosis,
from cohort
inner join emergency_stay
    on
        cohort.person_key = emergency_stay.person_key
        and emergency_stay.latest_position = 1
where cohort.is_acute_covered
