-- Title: Whether the GP lists agree with the number and birth date that rows carry
-- Grain: one row per claim (delivery, NHS number, birth date)
-- Reads: claim, listed_version, superseded_number
-- Window: listings in force at the moment the delivery was received, and later ones
-- Source: GP lists; under a superseded number, what they say of the current one counts as well
-- Null: late_from unless the first listing disagreed and a later one agrees
-- Judged by what was listed when the row came, or first after it. Later lists may let a row in, from their own moment
-- on, and never take one out: so a night that has been is told the same way again.
with claimed_number as (
    select
        claim.claim_id,
        claim.received_at,
        claim.birth_date,
        claim.nhs_number,
    from claim
    union all
    select
        claim.claim_id,
        claim.received_at,
        claim.birth_date,
        superseded_number.current_nhs_number as nhs_number,
    from claim
    inner join superseded_number on claim.nhs_number = superseded_number.nhs_number
),

judged as (
    select
        claimed_number.claim_id,
        min(greatest(claimed_number.received_at, listed_version.valid_from)) as listed_from,
        min(
            case
                when listed_version.birth_date = claimed_number.birth_date
                    then greatest(claimed_number.received_at, listed_version.valid_from)
            end
        ) as agreed_from,
    from claimed_number
    inner join listed_version on claimed_number.nhs_number = listed_version.nhs_number
    where listed_version.valid_to is null or listed_version.valid_to > claimed_number.received_at
    group by claimed_number.claim_id
)

select
    claim.claim_id,
    case
        when judged.listed_from is null then 'unlisted'
        when judged.agreed_from is null then 'conflict'
        else 'agreed'
    end as verdict,
    case when judged.agreed_from > judged.listed_from then judged.agreed_from end as late_from,
from claim
left join judged on claim.claim_id = judged.claim_id
order by claim.claim_id nulls last
