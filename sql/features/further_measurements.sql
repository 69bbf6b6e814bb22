-- Title: Latest diastolic pressure, weight, HbA1c and cholesterol, and how often anything is measured
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_measurement
-- Window: latest values and days since [index_date - 24 months, index_date); days measured [index_date - 12 months, index_date)
-- Source: GP record; listed units converted, a missing unit taken as the standard one, out of bounds unread
-- Null: where gp is not covered, or nothing believable was measured in the window; days measured are then 0
with reading as (
    select
        event.person_key,
        event.event_date,
        codelist_measurement.measure,
        event.value_number * codelist_measurement.multiply_by as standard_number,
        codelist_measurement.minimum,
        codelist_measurement.maximum,
    from event
    inner join codelist_measurement
        on
            event.code = codelist_measurement.code
            and lower(codelist_measurement.unit)
            = lower(coalesce(event.value_unit, codelist_measurement.standard_unit))
    where
        event.event_type = 'gp_code'
        and event.event_date >= cast($index_date - interval '24' month as date)
        and event.event_date < $index_date
        and event.value_number is not null
),

-- Several on one day: the worrying end of them is kept, the lower weight and the higher of everything else.
measured_day as (
    select
        reading.person_key,
        reading.measure,
        reading.event_date,
        min(reading.standard_number) as lowest,
        max(reading.standard_number) as highest,
        row_number() over (
            partition by reading.person_key, reading.measure
            order by reading.event_date desc nulls last
        ) as latest_position,
    from reading
    where
        reading.standard_number >= reading.minimum
        and reading.standard_number <= reading.maximum
    group by
        reading.person_key,
        reading.measure,
        reading.event_date
),

person as (
    select
        measured_day.person_key,
        max(
            case
                when measured_day.measure = 'diastolic_pressure' and measured_day.latest_position = 1
                    then measured_day.highest
            end
        ) as diastolic_pressure,
        max(
            case
                when measured_day.measure = 'body_weight' and measured_day.latest_position = 1
                    then measured_day.lowest
            end
        ) as body_weight,
        max(
            case when measured_day.measure = 'hba1c' and measured_day.latest_position = 1 then measured_day.highest end
        ) as hba1c,
        max(
            case
                when measured_day.measure = 'cholesterol' and measured_day.latest_position = 1
                    then measured_day.highest
            end
        ) as cholesterol,
        max(measured_day.event_date) as latest_date,
        count(distinct measured_day.event_date) filter (
            where measured_day.event_date >= cast($index_date - interval '12' month as date)
        ) as days_12m,
    from measured_day
    group by measured_day.person_key
)

select
    cohort.person_key,
    case when cohort.is_gp_covered then cast(person.diastolic_pressure as double) end as diastolic_pressure_mmhg,
    case when cohort.is_gp_covered then cast(person.body_weight as double) end as body_weight_kg,
    case when cohort.is_gp_covered then cast(person.hba1c as double) end as hba1c_mmol_mol,
    case when cohort.is_gp_covered then cast(person.cholesterol as double) end as cholesterol_mmol_l,
    case
        when cohort.is_gp_covered then date_diff('day', person.latest_date, $index_date)
    end as measurement_days_since,
    case when cohort.is_gp_covered then coalesce(person.days_12m, 0) end as measurement_days_12m,
from cohort
left join person on cohort.person_key = person.person_key
