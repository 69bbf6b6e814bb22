-- Title: Which sources cover whom on the index date, and since when without a gap
-- Grain: one row per practice, its borough, borough of residence ('' where unknown) and source that covers them
-- Reads: registered_person, supply
-- Window: the index date; a supply holds from valid_from to valid_to, both included
-- Source: reference data on who supplies what for whom (reference/supply.csv)
-- Null: none; a place and source that nobody supplies has no row
with place as (
    select distinct
        registered_person.practice_code,
        coalesce(registered_person.borough_code, '') as borough_code,
        coalesce(registered_person.residence_borough_code, '') as residence_borough_code,
    from registered_person
),

-- A council answers for those who live in its area, everyone else for those registered there.
place_supply as (
    select
        place.practice_code,
        place.borough_code,
        place.residence_borough_code,
        supply.source,
        supply.sender,
        supply.valid_from,
        coalesce(cast(supply.valid_to as date), cast('9999-12-30' as date)) as valid_to,
    from place
    inner join supply
        on
            supply.area_type = 'all'
            or (supply.area_type = 'practice' and supply.area_code = place.practice_code)
            or (supply.area_type = 'borough' and supply.area_code = place.borough_code)
            or (supply.area_type = 'residence' and supply.area_code = place.residence_borough_code)
    where supply.valid_from <= $index_date
),

-- The number of senders changes only on the first day of a supply and on the day after its last.
change_day as (
    select
        place_supply.practice_code,
        place_supply.borough_code,
        place_supply.residence_borough_code,
        place_supply.source,
        place_supply.valid_from as day,
    from place_supply
    union
    select
        place_supply.practice_code,
        place_supply.borough_code,
        place_supply.residence_borough_code,
        place_supply.source,
        cast(place_supply.valid_to + interval '1' day as date) as day,
    from place_supply
    where place_supply.valid_to < $index_date
    union
    select
        place_supply.practice_code,
        place_supply.borough_code,
        place_supply.residence_borough_code,
        place_supply.source,
        cast($index_date as date) as day,
    from place_supply
),

counted as (
    select
        change_day.practice_code,
        change_day.borough_code,
        change_day.residence_borough_code,
        change_day.source,
        change_day.day,
        count(distinct place_supply.sender) as senders,
    from change_day
    left join place_supply
        on
            change_day.practice_code = place_supply.practice_code
            and change_day.borough_code = place_supply.borough_code
            and change_day.residence_borough_code = place_supply.residence_borough_code
            and change_day.source = place_supply.source
            and change_day.day >= place_supply.valid_from
            and change_day.day <= place_supply.valid_to
    group by
        change_day.practice_code, change_day.borough_code, change_day.residence_borough_code,
        change_day.source, change_day.day
),

-- Before the last day with fewer senders than now, what is known may be only a part.
compared as (
    select
        counted.practice_code,
        counted.borough_code,
        counted.residence_borough_code,
        counted.source,
        counted.day,
        today.senders,
        max(case when counted.senders < today.senders then counted.day end) over (
            partition by
                counted.practice_code, counted.borough_code, counted.residence_borough_code, counted.source
        ) as last_day_with_fewer,
    from counted
    inner join counted as today
        on
            counted.practice_code = today.practice_code
            and counted.borough_code = today.borough_code
            and counted.residence_borough_code = today.residence_borough_code
            and counted.source = today.source
            and today.day = $index_date
            and today.senders > 0
)

select
    compared.practice_code,
    compared.borough_code,
    compared.residence_borough_code,
    compared.source,
    min(compared.day) as covered_since,
from compared
where compared.last_day_with_fewer is null or compared.day > compared.last_day_with_fewer
group by compared.practice_code, compared.borough_code, compared.residence_borough_code, compared.source
order by
    compared.practice_code asc nulls last,
    compared.borough_code asc nulls last,
    compared.residence_borough_code asc nulls last,
    compared.source asc nulls last
