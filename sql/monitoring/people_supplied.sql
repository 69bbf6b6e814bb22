-- Title: How many people of each practice each sender supplies a source for
-- Grain: one row per practice, source and sender that supplies it for somebody there
-- Reads: registered_person, supply
-- Window: the index date; a supply holds from valid_from to valid_to, both included
-- Source: general practice registrations and reference data on who supplies what for whom
-- Null: none
select
    registered_person.practice_code,
    supply.source,
    supply.sender,
    count(distinct registered_person.person_key) as people,
from registered_person
inner join supply
    on
        supply.area_type = 'all'
        or (supply.area_type = 'practice' and supply.area_code = registered_person.practice_code)
        or (supply.area_type = 'borough' and supply.area_code = registered_person.borough_code)
        or (supply.area_type = 'residence' and supply.area_code = registered_person.residence_borough_code)
where
    supply.valid_from <= $index_date
    and (supply.valid_to is null or cast(supply.valid_to as date) >= $index_date)
group by registered_person.practice_code, supply.source, supply.sender
order by
    registered_person.practice_code asc nulls last,
    supply.source asc nulls last,
    supply.sender asc nulls last
