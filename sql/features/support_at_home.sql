-- Title: Carers, living alone and help at home, as a practice noted them
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_carer, codelist_social_circumstance
-- Window: circumstances [index_date - 24 months, index_date); being a carer and living in a care home: ever before the index date
-- Source: GP record; of being a carer the latest code counts, and on one day being one
-- Null: all columns where gp is not covered
with carer as (
    select
        event.person_key,
        max(case when codelist_carer.status = 'carer' then event.event_date end) as carer_date,
        max(case when codelist_carer.status = 'not_a_carer' then event.event_date end) as ended_date,
    from event
    inner join codelist_carer on event.code = codelist_carer.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by event.person_key
),

circumstance_day as (
    select distinct
        event.person_key,
        event.event_date,
        event.event_date >= cast($index_date - interval '24' month as date) as is_recent,
        codelist_social_circumstance.circumstance,
    from event
    inner join codelist_social_circumstance on event.code = codelist_social_circumstance.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
),

person as (
    select
        circumstance_day.person_key,
        bool_or(circumstance_day.is_recent and circumstance_day.circumstance = 'lives_alone') as lives_alone,
        bool_or(circumstance_day.is_recent and circumstance_day.circumstance = 'lonely') as lonely,
        bool_or(circumstance_day.circumstance = 'care_home') as care_home,
        count(*) filter (
            where circumstance_day.is_recent and circumstance_day.circumstance = 'social_need'
        ) as social_need,
        count(*) filter (
            where circumstance_day.is_recent and circumstance_day.circumstance = 'help_at_home'
        ) as help_at_home,
    from circumstance_day
    group by circumstance_day.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_gp_covered
            then carer.carer_date is not null and carer.carer_date >= coalesce(carer.ended_date, carer.carer_date)
    end as is_carer,
    case when cohort.is_gp_covered then coalesce(person.lives_alone, false) end as is_noted_living_alone_24m,
    case when cohort.is_gp_covered then coalesce(person.lonely, false) end as is_noted_lonely_24m,
    case when cohort.is_gp_covered then coalesce(person.social_need, 0) end as social_need_days_24m,
    case when cohort.is_gp_covered then coalesce(person.help_at_home, 0) end as help_at_home_days_24m,
    case when cohort.is_gp_covered then coalesce(person.care_home, false) end as is_noted_in_care_home,
from cohort
left join carer on cohort.person_key = carer.person_key
left join person on cohort.person_key = person.person_key
