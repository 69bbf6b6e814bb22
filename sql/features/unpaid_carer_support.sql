-- Title: Support for the person as an unpaid carer
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_unpaid_carer_service, codelist_unpaid_carer_client
-- Window: open on the index date; [index_date - 24 months, index_date)
-- Source: Client Level Data, events of the client type unpaid carer and services for carers as listed
-- Null: all columns where social care is not covered
with person_event as (
    select
        event.person_key,
        bool_or(
            codelist_unpaid_carer_service.code is not null
            and (event.end_date is null or event.end_date >= $index_date)
        ) as has_support,
        count(*) filter (
            where
            event.event_type in ('care_assessment', 'care_request')
            and event.event_date >= cast($index_date - interval '24' month as date)
        ) as asked_24m,
    from event
    inner join codelist_unpaid_carer_client
        on lower(event.method_code) = lower(codelist_unpaid_carer_client.code)
    left join codelist_unpaid_carer_service
        on
            event.event_type = 'care_service'
            and lower(event.code) = lower(codelist_unpaid_carer_service.code)
    where
        event.event_type in ('care_assessment', 'care_request', 'care_service')
        and event.event_date < $index_date
    group by event.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_social_care_covered then coalesce(person_event.has_support, false)
    end as has_unpaid_carer_support,
    case
        when cohort.is_social_care_covered then coalesce(person_event.asked_24m, 0)
    end as unpaid_carer_requests_24m,
from cohort
left join person_event on cohort.person_key = person_event.person_key
