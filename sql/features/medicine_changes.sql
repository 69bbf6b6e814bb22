-- Title: Polypharmacy, and medicines started and stopped
-- Grain: one row per person in the cohort
-- Reads: cohort, event
-- Window: many: [index_date - 6 months, index_date); repeats [index_date - 12 months, index_date); changes against the months back to index_date - 18 months
-- Source: GP issue record; a medicine is a BNF section, and an issue without one is not counted
-- Null: all columns where gp is not covered
with person_section as (
    select
        event.person_key,
        event.detail,
        count(*) filter (where event.event_date >= cast($index_date - interval '12' month as date)) as issues_12m,
        count(*) filter (where event.event_date < cast($index_date - interval '6' month as date)) as issues_before,
        bool_or(
            event.event_date >= cast($index_date - interval '12' month as date)
            and event.event_date < cast($index_date - interval '6' month as date)
        ) as is_in_half_before,
        max(event.event_date) >= cast($index_date - interval '6' month as date) as is_in_last_half,
    from event
    where
        event.event_type = 'gp_medication'
        and event.event_date >= cast($index_date - interval '18' month as date)
        and event.event_date < $index_date
        and event.detail is not null
    group by
        event.person_key,
        event.detail
),

person as (
    select
        person_section.person_key,
        count(*) filter (where person_section.is_in_last_half) as now,
        count(*) filter (where person_section.is_in_half_before) as before,
        count(*) filter (where person_section.issues_12m >= 3) as repeats,
        count(*) filter (where person_section.is_in_last_half and person_section.issues_before = 0) as started,
        count(*) filter (where not person_section.is_in_last_half and person_section.issues_before >= 3) as stopped,
    from person_section
    group by person_section.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person.now >= 5, false) end as has_five_medicines_6m,
    case when cohort.is_gp_covered then coalesce(person.now >= 10, false) end as has_ten_medicines_6m,
    case when cohort.is_gp_covered then coalesce(person.repeats, 0) end as repeat_medicines_12m,
    case when cohort.is_gp_covered then coalesce(person.now - person.before, 0) end as medicines_change_6m,
    case when cohort.is_gp_covered then coalesce(person.started, 0) end as medicines_started_6m,
    case when cohort.is_gp_covered then coalesce(person.stopped, 0) end as medicines_stopped_6m,
from cohort
left join person on cohort.person_key = person.person_key
