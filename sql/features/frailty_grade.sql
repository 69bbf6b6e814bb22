-- Title: Degree of frailty and being housebound, as a practice judged them and since when
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_frailty, codelist_housebound
-- Window: ever before the index date
-- Source: GP record; the latest degree counts, the worst of several on one day; housebound from its first code
-- Null: all columns where gp is not covered; days since when it was never coded
with graded as (
    select
        event.person_key,
        event.event_date,
        case codelist_frailty.level when 'mild' then 1 when 'moderate' then 2 when 'severe' then 3 end as grade,
    from event
    inner join codelist_frailty on event.code = codelist_frailty.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
),

graded_day as (
    select
        graded.person_key,
        graded.event_date,
        max(graded.grade) as grade,
        row_number() over (
            partition by graded.person_key
            order by graded.event_date desc nulls last
        ) as latest_position,
    from graded
    group by
        graded.person_key,
        graded.event_date
),

housebound_person as (
    select
        event.person_key,
        min(event.event_date) as first_date,
    from event
    inner join codelist_housebound on event.code = codelist_housebound.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by event.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(graded_day.grade, 0) end as frailty_grade,
    case
        when cohort.is_gp_covered then date_diff('day', graded_day.event_date, $index_date)
    end as frailty_grade_days_since,
    case
        when cohort.is_gp_covered then date_diff('day', housebound_person.first_date, $index_date)
    end as housebound_days_since,
from cohort
left join graded_day
    on
        cohort.person_key = graded_day.person_key
        and graded_day.latest_position = 1
left join housebound_person on cohort.person_key = housebound_person.person_key
