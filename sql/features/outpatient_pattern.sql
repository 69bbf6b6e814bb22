-- Title: What outpatient appointments were for and what became of them
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_outpatient_attendance, codelist_first_attendance, codelist_first_appointment, codelist_referral_priority
-- Window: [index_date - 12 months, index_date)
-- Source: CDS V6-2 Type 020; without administrative events and appointments that had not come yet
-- Null: where outpatient is not covered; the share that did not attend also without an appointment to keep
with appointment as (
    select
        event.person_key,
        event.detail as specialty,
        codelist_outpatient_attendance.meaning,
        codelist_first_appointment.code is not null as is_first,
        coalesce(codelist_referral_priority.meaning = 'urgent', false) as is_urgent,
    from event
    inner join codelist_outpatient_attendance on event.status_code = codelist_outpatient_attendance.code
    left join codelist_first_attendance on event.class_code = codelist_first_attendance.code
    left join codelist_first_appointment on event.class_code = codelist_first_appointment.code
    left join codelist_referral_priority on event.method_code = codelist_referral_priority.code
    where
        event.event_type = 'outpatient_appointment'
        and event.event_date >= cast($index_date - interval '12' month as date)
        and event.event_date < $index_date
        and coalesce(codelist_first_attendance.meaning, 'contact') = 'contact'
),

person_appointment as (
    select
        appointment.person_key,
        -- Of the appointments that somebody could have come to.
        100.0 * count(*) filter (where appointment.meaning = 'did_not_attend')
        / nullif(count(*) filter (where appointment.meaning in ('attended', 'did_not_attend')), 0)
            as did_not_attend_pct,
        count(*) filter (where appointment.meaning = 'cancelled') as cancelled,
        count(*) filter (where appointment.meaning = 'attended' and appointment.is_first) as firsts,
        count(*) filter (where appointment.is_urgent) as urgents,
        count(distinct case when appointment.meaning = 'attended' then appointment.specialty end)
            as specialties,
    from appointment
    group by appointment.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_outpatient_covered then coalesce(person_appointment.specialties, 0)
    end as outpatient_specialties_distinct_12m,
    case
        when cohort.is_outpatient_covered then coalesce(person_appointment.firsts, 0)
    end as outpatient_first_attendances_12m,
    case
        when cohort.is_outpatient_covered then coalesce(person_appointment.cancelled, 0)
    end as outpatient_cancelled_12m,
    case
        when cohort.is_outpatient_covered then coalesce(person_appointment.urgents, 0)
    end as outpatient_urgent_12m,
    case
        when cohort.is_outpatient_covered then cast(person_appointment.did_not_attend_pct as double)
    end as outpatient_did_not_attend_pct_12m,
from cohort
left join person_appointment on cohort.person_key = person_appointment.person_key
