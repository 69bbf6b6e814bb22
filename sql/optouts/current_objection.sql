-- Title: What each entry of an objection says now
-- Grain: one row per entry that is a dissent or a withdrawal, and per row set apart that is a dissent
-- Reads: named_objection
-- Window: none; as known now, whatever night is being run
-- Source: an entry says what its newest version says, whatever the ones before said; in doubt a dissent, and no withdrawal
-- Null: nhs_number of a dissent that nothing says whose it is; effective_date of a row set apart, which has no usable one
with accepted_version as (
    select
        named_objection.sender,
        named_objection.practice_code,
        named_objection.observation_id,
        named_objection.nhs_number,
        named_objection.kind,
        named_objection.meaning,
        named_objection.effective_date,
        named_objection.is_standing,
        named_objection.received_at,
        -- Ranks, not numbers: a code on both lists makes two rows of one version.
        rank() over (
            partition by
                named_objection.sender, named_objection.practice_code, named_objection.observation_id
            order by
                named_objection.received_at desc nulls last,
                named_objection.delivery_id desc nulls last,
                named_objection.source_row_number desc nulls last
        ) as version_position,
        rank() over (
            partition by
                named_objection.sender, named_objection.practice_code, named_objection.observation_id
            order by
                case when named_objection.nhs_number is null then 1 else 0 end asc nulls last,
                named_objection.received_at desc nulls last,
                named_objection.delivery_id desc nulls last,
                named_objection.source_row_number desc nulls last
        ) as named_position,
    from named_objection
    where not named_objection.is_set_apart
),

-- Whom a version without a number of anybody is about: the person of the newest one that names somebody.
entry_person as (
    select
        accepted_version.sender,
        accepted_version.practice_code,
        accepted_version.observation_id,
        max(accepted_version.nhs_number) as nhs_number,
    from accepted_version
    where accepted_version.named_position = 1
    group by
        accepted_version.sender,
        accepted_version.practice_code,
        accepted_version.observation_id
),

apart_version as (
    select
        named_objection.sender,
        named_objection.practice_code,
        named_objection.observation_id,
        coalesce(named_objection.nhs_number, entry_person.nhs_number) as nhs_number,
        named_objection.kind,
        named_objection.meaning,
        named_objection.is_standing,
        named_objection.received_at,
    from named_objection
    left join entry_person
        on
            named_objection.sender = entry_person.sender
            and named_objection.practice_code = entry_person.practice_code
            and named_objection.observation_id = entry_person.observation_id
    where named_objection.is_set_apart
)

select
    coalesce(accepted_version.nhs_number, entry_person.nhs_number) as nhs_number,
    accepted_version.meaning,
    accepted_version.kind,
    accepted_version.effective_date,
from accepted_version
left join entry_person
    on
        accepted_version.sender = entry_person.sender
        and accepted_version.practice_code = entry_person.practice_code
        and accepted_version.observation_id = entry_person.observation_id
where
    accepted_version.version_position = 1
    and accepted_version.is_standing
    and accepted_version.meaning = 'dissent'
union all
select
    accepted_version.nhs_number,
    accepted_version.meaning,
    accepted_version.kind,
    accepted_version.effective_date,
from accepted_version
where
    accepted_version.version_position = 1
    and accepted_version.is_standing
    and accepted_version.meaning = 'withdrawal'
    and accepted_version.effective_date is not null
    -- Sent again since, set apart, and not as the same withdrawal: no clear one.
    and not exists (
        select 1
        from apart_version
        where
            apart_version.sender = accepted_version.sender
            and apart_version.practice_code = accepted_version.practice_code
            and apart_version.observation_id = accepted_version.observation_id
            and apart_version.received_at > accepted_version.received_at
            and (
                not apart_version.is_standing
                or coalesce(apart_version.meaning, '') <> 'withdrawal'
                or apart_version.kind <> accepted_version.kind
                or apart_version.nhs_number <> accepted_version.nhs_number
            )
    )
union all
select
    apart_version.nhs_number,
    apart_version.meaning,
    apart_version.kind,
    cast(null as date) as effective_date,
from apart_version
where
    apart_version.is_standing
    and apart_version.meaning = 'dissent'
    -- The same entry, sent again later and accepted, stands in its place: about the same person, or taken back.
    and not exists (
        select 1
        from accepted_version
        where
            accepted_version.sender = apart_version.sender
            and accepted_version.practice_code = apart_version.practice_code
            and accepted_version.observation_id = apart_version.observation_id
            and accepted_version.received_at > apart_version.received_at
            and (
                accepted_version.nhs_number = apart_version.nhs_number
                or (accepted_version.nhs_number is null and not accepted_version.is_standing)
            )
    )
