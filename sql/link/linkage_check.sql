-- Title: Rows that a supplier should look at once people are known
-- Grain: one row per row of a delivery and check that minds it
-- Reads: arrived_row, listed_person, superseded_number, disputed_number
-- Window: none; as known now
-- Source: NHS Data Dictionary, NHS NUMBER (check digit); GP lists; superseded numbers as the tracing service tells them
-- Null: never; a check that cannot be made of a row minds nothing
with listed as (
    select
        listed_person.nhs_number,
        min(listed_person.death_date) as death_date,
    from listed_person
    group by listed_person.nhs_number
),

-- Birth date and postcode that stand for one person alone on the lists.
alone as (
    select
        listed_person.birth_date,
        listed_person.postcode,
    from listed_person
    where listed_person.birth_date is not null and listed_person.postcode is not null
    group by listed_person.birth_date, listed_person.postcode
    having count(distinct listed_person.nhs_number) = 1
),

-- One person on the lists under two numbers; the initial tells twins apart.
twice as (
    select
        listed_person.birth_date,
        listed_person.postcode,
        listed_person.family_name,
        listed_person.given_initial,
    from listed_person
    where
        listed_person.birth_date is not null
        and listed_person.postcode is not null
        and listed_person.family_name is not null
        and listed_person.given_initial is not null
    group by
        listed_person.birth_date,
        listed_person.postcode,
        listed_person.family_name,
        listed_person.given_initial
    having count(distinct listed_person.nhs_number) > 1
),

minded as (
    select
        arrived_row.delivery_id,
        arrived_row.source_row_number,
        case when arrived_row.nhs_number is null then 'LINK-001' else 'LINK-002' end as rule,
    from arrived_row
    where not arrived_row.is_usable

    union all

    select
        arrived_row.delivery_id,
        arrived_row.source_row_number,
        'LINK-003' as rule,
    from arrived_row
    left join superseded_number on arrived_row.nhs_number = superseded_number.nhs_number
    inner join listed
        on listed.nhs_number = coalesce(superseded_number.current_nhs_number, arrived_row.nhs_number)
    where arrived_row.event_date > listed.death_date and not arrived_row.is_in_conflict

    union all

    select
        arrived_row.delivery_id,
        arrived_row.source_row_number,
        'LINK-004' as rule,
    from arrived_row
    inner join superseded_number on arrived_row.nhs_number = superseded_number.nhs_number
    where not arrived_row.is_in_conflict

    union all

    select
        arrived_row.delivery_id,
        arrived_row.source_row_number,
        'LINK-005' as rule,
    from arrived_row
    inner join alone
        on arrived_row.birth_date = alone.birth_date and arrived_row.postcode = alone.postcode
    where
        arrived_row.is_usable
        and not arrived_row.is_in_conflict
        and not exists (select 1 from listed where listed.nhs_number = arrived_row.nhs_number)
        and not exists (
            select 1 from superseded_number where superseded_number.nhs_number = arrived_row.nhs_number
        )

    union all

    select
        arrived_row.delivery_id,
        arrived_row.source_row_number,
        'LINK-005' as rule,
    from arrived_row
    inner join twice
        on
            arrived_row.birth_date = twice.birth_date
            and arrived_row.postcode = twice.postcode
            and arrived_row.family_name = twice.family_name
            and arrived_row.given_initial = twice.given_initial
    where arrived_row.is_usable

    union all

    select
        arrived_row.delivery_id,
        arrived_row.source_row_number,
        'LINK-006' as rule,
    from arrived_row
    where arrived_row.is_in_conflict

    union all

    select
        arrived_row.delivery_id,
        arrived_row.source_row_number,
        'LINK-007' as rule,
    from arrived_row
    inner join disputed_number on arrived_row.nhs_number = disputed_number.nhs_number
    where arrived_row.is_listing
)

select
    minded.delivery_id,
    minded.source_row_number,
    minded.rule,
from minded
order by
    minded.delivery_id nulls last,
    minded.rule nulls last,
    minded.source_row_number nulls last
