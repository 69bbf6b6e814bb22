-- Title: Medicines by group, high-risk ones above all
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_medicine_group
-- Window: has a group [index_date - 6 months, index_date); items [index_date - 12 months, index_date)
-- Source: GP issue record, groups by BNF section; one issue is one item
-- Null: all columns where gp is not covered
with person_group as (
    select
        event.person_key,
        codelist_medicine_group.medicine_group,
        max(codelist_medicine_group.is_high_risk) as is_high_risk,
        count(*) as items_12m,
        max(event.event_date) >= cast($index_date - interval '6' month as date) as is_recent,
    from event
    inner join codelist_medicine_group on event.detail = codelist_medicine_group.bnf_section
    where
        event.event_type = 'gp_medication'
        and event.event_date >= cast($index_date - interval '12' month as date)
        and event.event_date < $index_date
    group by
        event.person_key,
        codelist_medicine_group.medicine_group
),

person as (
    select
        person_group.person_key,
        bool_or(person_group.is_recent and person_group.medicine_group = 'anticoagulant') as anticoagulant,
        bool_or(person_group.is_recent and person_group.medicine_group = 'antiplatelet') as antiplatelet,
        bool_or(person_group.is_recent and person_group.medicine_group = 'diuretic') as diuretic,
        bool_or(person_group.is_recent and person_group.medicine_group = 'diabetes') as diabetes,
        bool_or(person_group.is_recent and person_group.medicine_group = 'antipsychotic') as antipsychotic,
        bool_or(person_group.is_recent and person_group.medicine_group = 'antidepressant') as antidepressant,
        bool_or(person_group.is_recent and person_group.medicine_group = 'hypnotic_or_anxiolytic') as hypnotic,
        bool_or(person_group.is_recent and person_group.medicine_group = 'rheumatic') as rheumatic,
        count(*) filter (where person_group.is_recent and person_group.is_high_risk = 'yes') as high_risk,
        sum(case when person_group.medicine_group = 'analgesic' then person_group.items_12m end) as analgesic,
        sum(case when person_group.medicine_group = 'antibacterial' then person_group.items_12m end) as antibacterial,
        sum(
            case when person_group.medicine_group = 'corticosteroid' then person_group.items_12m end
        ) as corticosteroid,
    from person_group
    group by person_group.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then coalesce(person.anticoagulant, false) end as has_anticoagulant_6m,
    case when cohort.is_gp_covered then coalesce(person.antiplatelet, false) end as has_antiplatelet_6m,
    case when cohort.is_gp_covered then coalesce(person.diuretic, false) end as has_diuretic_6m,
    case when cohort.is_gp_covered then coalesce(person.diabetes, false) end as has_diabetes_medicine_6m,
    case when cohort.is_gp_covered then coalesce(person.antipsychotic, false) end as has_antipsychotic_6m,
    case when cohort.is_gp_covered then coalesce(person.antidepressant, false) end as has_antidepressant_6m,
    case when cohort.is_gp_covered then coalesce(person.hypnotic, false) end as has_hypnotic_or_anxiolytic_6m,
    case when cohort.is_gp_covered then coalesce(person.rheumatic, false) end as has_rheumatic_medicine_6m,
    case when cohort.is_gp_covered then coalesce(person.high_risk, 0) end as high_risk_medicine_groups_6m,
    case when cohort.is_gp_covered then coalesce(person.analgesic, 0) end as analgesic_items_12m,
    case when cohort.is_gp_covered then coalesce(person.antibacterial, 0) end as antibacterial_items_12m,
    case when cohort.is_gp_covered then coalesce(person.corticosteroid, 0) end as corticosteroid_items_12m,
from cohort
left join person on cohort.person_key = person.person_key
