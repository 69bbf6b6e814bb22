-- Title: Hospital Frailty Risk Score
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_hospital_frailty_risk
-- Window: [index_date - 24 months, index_date), by the day of admission
-- Source: SUS APC diagnoses of every stay, four positions; points of Gilbert 2018, each code once
-- Null: all columns where acute is not covered; a stay that is not over or not coded yet does not count
with person_code as (
    select distinct
        event.person_key,
        left(event.code, 3) as code,
    from event
    where
        event.event_type = 'diagnosis'
        and event.event_date >= cast($index_date - interval '24' month as date)
        and event.event_date < $index_date
),

person_score as (
    select
        person_code.person_key,
        sum(codelist_hospital_frailty_risk.points) as points,
        count(*) as codes,
    from person_code
    inner join codelist_hospital_frailty_risk on person_code.code = codelist_hospital_frailty_risk.code
    group by person_code.person_key
),

person_band as (
    select
        person_score.person_key,
        person_score.points,
        person_score.codes,
        -- The published bands: low below 5, intermediate from 5 to 15, high above.
        case when person_score.points > 15 then 2 when person_score.points >= 5 then 1 else 0 end as band,
    from person_score
)

select
    cohort.person_key,
    case
        when cohort.is_acute_covered then cast(coalesce(person_band.points, 0) as double)
    end as hospital_frailty_risk_score,
    case when cohort.is_acute_covered then coalesce(person_band.band, 0) end as hospital_frailty_risk_band,
    case when cohort.is_acute_covered then coalesce(person_band.codes, 0) end as hospital_frailty_codes_24m,
from cohort
left join person_band on cohort.person_key = person_band.person_key
