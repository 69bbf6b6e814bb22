-- Title: Palliative or end-of-life care
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_palliative_care, codelist_palliative_care_ended
-- Window: ever before the index date
-- Source: GP record, codes of the QOF register; a later code that it is no longer indicated ends it
-- Null: all columns where gp is not covered; days since when there is no palliative care
with wanted as (
    select
        event.person_key,
        min(event.event_date) as first_date,
        max(event.event_date) as last_date,
    from event
    inner join codelist_palliative_care on event.code = codelist_palliative_care.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by event.person_key
),

ended as (
    select
        event.person_key,
        max(event.event_date) as last_date,
    from event
    inner join codelist_palliative_care_ended on event.code = codelist_palliative_care_ended.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by event.person_key
),

-- Both on one day: it goes on.
current_care as (
    select
        wanted.person_key,
        wanted.first_date,
    from wanted
    left join ended on wanted.person_key = ended.person_key
    where ended.last_date is null or ended.last_date <= wanted.last_date
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then current_care.person_key is not null end as has_palliative_care,
    case
        when cohort.is_gp_covered then date_diff('day', current_care.first_date, $index_date)
    end as palliative_care_days_since,
from cohort
left join current_care on cohort.person_key = current_care.person_key
