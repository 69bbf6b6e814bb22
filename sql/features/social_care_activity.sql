-- Title: Assessments, reviews and requests from hospital
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_social_care_service, codelist_care_request_route, codelist_care_review_reason
-- Window: [index_date - 12 months, index_date); days since: ever before the index date
-- Source: Client Level Data; review reasons and request routes as listed
-- Null: all columns where social care is not covered; days since when there never was a review
with person_event as (
    select
        event.person_key,
        count(*) filter (
            where
            event.event_type = 'care_assessment'
            and event.event_date >= cast($index_date - interval '12' month as date)
        ) as assessments_12m,
        count(*) filter (
            where
            codelist_care_request_route.meaning = 'hospital'
            and event.event_date >= cast($index_date - interval '12' month as date)
        ) as from_hospital_12m,
        count(*) filter (
            where
            codelist_care_review_reason.meaning = 'unplanned'
            and event.event_date >= cast($index_date - interval '12' month as date)
        ) as unplanned_12m,
        max(case when event.event_type = 'care_review' then event.event_date end) as latest_review,
        -- Open for a year or longer, and looked at by nobody in that year.
        bool_or(
            codelist_social_care_service.code is not null
            and event.event_date < cast($index_date - interval '12' month as date)
            and (event.end_date is null or event.end_date >= $index_date)
        )
        and not bool_or(
            event.event_type = 'care_review'
            and event.event_date >= cast($index_date - interval '12' month as date)
        ) as is_review_overdue,
    from event
    left join codelist_care_request_route
        on event.event_type = 'care_request' and lower(event.code) = lower(codelist_care_request_route.code)
    left join codelist_care_review_reason
        on event.event_type = 'care_review' and lower(event.code) = lower(codelist_care_review_reason.code)
    left join codelist_social_care_service
        on event.event_type = 'care_service' and lower(event.code) = lower(codelist_social_care_service.code)
    where
        event.event_type in ('care_assessment', 'care_request', 'care_review', 'care_service')
        and event.event_date < $index_date
    group by event.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_social_care_covered then coalesce(person_event.assessments_12m, 0)
    end as care_assessments_12m,
    case
        when cohort.is_social_care_covered then coalesce(person_event.from_hospital_12m, 0)
    end as care_requests_from_hospital_12m,
    case
        when cohort.is_social_care_covered then coalesce(person_event.unplanned_12m, 0)
    end as care_reviews_unplanned_12m,
    case
        when cohort.is_social_care_covered then date_diff('day', person_event.latest_review, $index_date)
    end as care_review_days_since,
    case
        when cohort.is_social_care_covered then coalesce(person_event.is_review_overdue, false)
    end as is_care_review_overdue,
from cohort
left join person_event on cohort.person_key = person_event.person_key
