-- Title: Referrals to community services
-- Grain: one row per linked row of community_referral; of history two, open and closed
-- Reads: linked_community_referral
-- Window: none; every linked row, whatever its date or state
-- Source: CSDS CYP101 with the team of CYP102
-- Null: end_date while the referral is open; code, status and value do not exist
-- History of assumed stamps is told as it would have come: first open, and its end from the end and the usual lag on.
-- A row that was sent month by month tells what it holds.
with told as (
    select
        linked_community_referral.person_key,
        linked_community_referral.referral_received_date,
        linked_community_referral.priority,
        linked_community_referral.team_type,
        linked_community_referral.referral_source,
        linked_community_referral.sender,
        linked_community_referral.row_key,
        linked_community_referral.scope_key,
        linked_community_referral.version_at,
        case when not state.is_open then linked_community_referral.discharge_date end as discharge_date,
        case
            when
                state.is_open
                or not linked_community_referral.is_known_at_assumed
                or linked_community_referral.discharge_date is null
                then linked_community_referral.known_at
            else
                least(
                    linked_community_referral.received_at,
                    greatest(
                        linked_community_referral.known_at,
                        linked_community_referral.discharge_date + $reporting_lag_days * interval '1' day
                    )
                )
        end as known_at,
        linked_community_referral.is_known_at_assumed,
        linked_community_referral.received_at,
        linked_community_referral.is_withdrawn,
        linked_community_referral.supersession,
        linked_community_referral.source_row_number,
        linked_community_referral.delivery_id,
    from linked_community_referral
    cross join (values (false), (true)) as state (is_open)
    where
        not state.is_open
        or (
            linked_community_referral.is_known_at_assumed
            and linked_community_referral.discharge_date + $reporting_lag_days * interval '1' day
            > linked_community_referral.known_at
            and linked_community_referral.received_at > linked_community_referral.known_at
        )
)

select
    told.person_key,
    'community' as source,
    'community_referral' as event_type,
    told.referral_received_date as event_date,
    told.discharge_date as end_date,
    cast(null as varchar) as code_system,
    cast(null as varchar) as code,
    told.priority as method_code,
    told.team_type as class_code,
    cast(null as varchar) as status_code,
    told.referral_source as detail,
    cast(null as decimal(18, 4)) as value_number,
    cast(null as varchar) as value_unit,
    told.sender as provider_code,
    cast(null as varchar) as spell_key,
    told.row_key,
    told.scope_key,
    told.version_at,
    told.known_at,
    told.is_known_at_assumed,
    told.received_at,
    told.is_withdrawn,
    told.supersession,
    told.source_row_number,
    told.delivery_id,
from told
