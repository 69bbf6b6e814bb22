-- Title: Who is in hospital at the index date, as far as the hospitals have told
-- Grain: one row per person in the cohort whose latest admission has no end before the index date
-- Reads: cohort, stay
-- Window: admissions of any method with event_date < index_date; an end on or after the index date lies ahead
-- Source: SUS APC and the daily feeds; a stay without an end that a later one follows was left open by mistake and does not count
-- Null: none; who has no row is not known to be in hospital, which is not the same as being at home
-- On its latest day a person may have left one hospital and entered another: one open stay is enough.
select distinct
    cohort.person_key,
    stay.event_date as admission_date,
from cohort
inner join stay on cohort.person_key = stay.person_key
where
    stay.event_type = 'admission'
    and stay.is_open
order by cohort.person_key asc nulls last
