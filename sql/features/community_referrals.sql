-- Title: Referrals to community services
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_community_team, codelist_referral_priority
-- Window: open on the index date; others [index_date - 3 or 12 months, index_date); days since: ever
-- Source: CSDS; a referral is open until the month that tells of its end
-- Null: all columns where community is not covered; days since when there never was one
with referral as (
    select
        event.person_key,
        event.event_date,
        event.end_date,
        event.end_date is null or event.end_date >= $index_date as is_open,
        coalesce(codelist_community_team.meaning = 'nursing', false) as is_nursing,
        coalesce(codelist_referral_priority.meaning = 'urgent', false) as is_urgent,
    from event
    left join codelist_community_team on event.class_code = codelist_community_team.code
    left join codelist_referral_priority on event.method_code = codelist_referral_priority.code
    where
        event.event_type = 'community_referral'
        and event.event_date < $index_date
),

person_referral as (
    select
        referral.person_key,
        count(*) filter (where referral.is_open) as open_referrals,
        bool_or(referral.is_open and referral.is_nursing) as has_nursing,
        count(*) filter (
            where
            not referral.is_open
            and referral.end_date >= cast($index_date - interval '3' month as date)
        ) as closed_3m,
        count(*) filter (
            where referral.event_date >= cast($index_date - interval '3' month as date)
        ) as opened_3m,
        count(*) filter (
            where referral.event_date >= cast($index_date - interval '12' month as date)
        ) as opened_12m,
        count(*) filter (
            where
            referral.is_urgent
            and referral.event_date >= cast($index_date - interval '12' month as date)
        ) as urgent_12m,
        max(referral.event_date) as latest_date,
    from referral
    group by referral.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_community_covered then coalesce(person_referral.open_referrals, 0)
    end as community_referrals_open,
    case
        when cohort.is_community_covered then coalesce(person_referral.has_nursing, false)
    end as has_community_nursing,
    case
        when cohort.is_community_covered then coalesce(person_referral.closed_3m, 0)
    end as community_referrals_closed_3m,
    case
        when cohort.is_community_covered then coalesce(person_referral.opened_3m, 0)
    end as community_referrals_opened_3m,
    case
        when cohort.is_community_covered then coalesce(person_referral.opened_12m, 0)
    end as community_referrals_opened_12m,
    case
        when cohort.is_community_covered then coalesce(person_referral.urgent_12m, 0)
    end as community_referrals_urgent_12m,
    case
        when cohort.is_community_covered then date_diff('day', person_referral.latest_date, $index_date)
    end as community_referral_days_since,
from cohort
left join person_referral on cohort.person_key = person_referral.person_key
