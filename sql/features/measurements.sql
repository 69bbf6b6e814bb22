-- Title: Latest blood pressure, body mass index, kidney function and haemoglobin
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_measurement
-- Window: [index_date - 24 months, index_date)
-- Source: GP record; listed units converted, a missing unit taken as the standard one, out of bounds unread
-- Null: where gp is not covered, or nothing believable was measured in the window
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

-- Several on one day: the worrying end of them is kept, the higher pressure and the lower of everything else.
latest_day as (
    select
        reading.person_key,
        reading.measure,
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

person_measurement as (
    select
        latest_day.person_key,
        max(
            case when latest_day.measure = 'systolic_pressure' then latest_day.highest end
        ) as systolic_pressure,
        max(case when latest_day.measure = 'body_mass_index' then latest_day.lowest end) as body_mass_index,
        max(case when latest_day.measure = 'egfr' then latest_day.lowest end) as egfr,
        max(case when latest_day.measure = 'haemoglobin' then latest_day.lowest end) as haemoglobin,
    from latest_day
    where latest_day.latest_position = 1
    group by latest_day.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_gp_covered then cast(person_measurement.systolic_pressure as double)
    end as systolic_pressure_mmhg,
    case
        when cohort.is_gp_covered then cast(person_measurement.body_mass_index as double)
    end as body_mass_index,
    case when cohort.is_gp_covered then cast(person_measurement.egfr as double) end as egfr_ml_min,
    case when cohort.is_gp_covered then cast(person_measurement.haemoglobin as double) end as haemoglobin_g_l,
from cohort
left join person_measurement on cohort.person_key = person_measurement.person_key
