-- Title: Latest smoking status
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_smoking_status
-- Window: ever before the index date
-- Source: GP record; the latest status counts, and on one day smoking before having stopped before never
-- Null: all columns where gp is not covered, or the status was never recorded
with status_day as (
    select
        event.person_key,
        event.event_date,
        max(codelist_smoking_status.level) as level,
        row_number() over (
            partition by event.person_key
            order by event.event_date desc nulls last
        ) as latest_position,
    from event
    inner join codelist_smoking_status on event.code = codelist_smoking_status.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by
        event.person_key,
        event.event_date
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then status_day.level end as smoking_level,
    case
        when cohort.is_gp_covered then date_diff('day', status_day.event_date, $index_date)
    end as smoking_status_days_since,
from cohort
left join status_day
    on
        cohort.person_key = status_day.person_key
        and status_day.latest_position = 1
