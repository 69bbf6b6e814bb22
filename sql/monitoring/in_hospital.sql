-- Title: Who is in hospital at the index date, as far as the hospitals have told
-- Grain: one row per person in the cohort whose latest admission has no end before the index date
-- Reads: cohort, event
-- Window: admissions of any method with event_date < index_date; an end on or after the index date lies ahead
-- Source: SUS APC and the daily feeds; a stay without an end that a later one follows was left open by mistake and does not count
-- Null: none; who has no row is not known to be in hospital, which is not the same as being at home
with latest_admission as (
    select
        event.person_key,
        max(event.event_date) as admission_date,
    from event
    where
        event.event_type = 'admission'
        and event.event_date < $index_date
    group by event.person_key
),

-- On its latest day a person may have left one hospital and entered another: one open stay is enough.
open_stay as (
    select distinct
        event.person_key,
        event.event_date,
    from event
    where
        event.event_type = 'admission'
        and event.event_date < $index_date
        and (event.end_date is null or event.end_date >= $index_date)
)

select
    cohort.person_key,
    latest_admission.admission_date,
from cohort
inner join latest_admission on cohort.person_key = latest_admission.person_key
inner join open_stay
    on
        latest_admission.person_key = open_stay.person_key
        and latest_admission.admission_date = open_stay.event_date
