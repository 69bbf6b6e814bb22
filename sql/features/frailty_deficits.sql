-- Title: Deficits in the manner of the electronic Frailty Index
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_frailty_deficit
-- Window: deficits ever before the index date; new: first code in [index_date - 12 months, index_date); polypharmacy [index_date - 6 months, index_date)
-- Source: GP record; 35 deficits by code, and five or more BNF sections issued as the 36th; an approximation of the index
-- Null: all columns where gp is not covered
with first_code as (
    select
        event.person_key,
        codelist_frailty_deficit.deficit,
        min(event.event_date) as first_date,
    from event
    inner join codelist_frailty_deficit on event.code = codelist_frailty_deficit.code
    where
        event.event_type = 'gp_code'
        and event.event_date < $index_date
    group by
        event.person_key,
        codelist_frailty_deficit.deficit
),

person_deficit as (
    select
        first_code.person_key,
        count(*) as deficits,
        count(*) filter (
            where first_code.first_date >= cast($index_date - interval '12' month as date)
        ) as deficits_new,
    from first_code
    group by first_code.person_key
),

person_section as (
    select distinct
        event.person_key,
        event.detail,
    from event
    where
        event.event_type = 'gp_medication'
        and event.event_date >= cast($index_date - interval '6' month as date)
        and event.event_date < $index_date
        and event.detail is not null
),

polypharmacy as (
    select
        person_section.person_key,
    from person_section
    group by person_section.person_key
    having count(*) >= 5
),

counted as (
    select
        cohort.person_key,
        coalesce(person_deficit.deficits, 0)
        + case when polypharmacy.person_key is not null then 1 else 0 end as deficits,
        coalesce(person_deficit.deficits_new, 0) as deficits_new,
    from cohort
    left join person_deficit on cohort.person_key = person_deficit.person_key
    left join polypharmacy on cohort.person_key = polypharmacy.person_key
    where cohort.is_gp_covered
)

-- Bands: up to 0.12 fit, to 0.24 mild, to 0.36 moderate, above severe; 0.12 of 36 is 4.32, 0.24 is 8.64, 0.36 is 12.96.
select
    cohort.person_key,
    counted.deficits as efi_style_deficits,
    cast(counted.deficits as double) / 36 as efi_style_index,
    case
        when counted.deficits >= 13 then 3
        when counted.deficits >= 9 then 2
        when counted.deficits >= 5 then 1
        when counted.deficits >= 0 then 0
    end as efi_style_band,
    counted.deficits_new as efi_style_deficits_new_12m,
from cohort
left join counted on cohort.person_key = counted.person_key
