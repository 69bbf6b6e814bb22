-- Title: When the latest values were measured, and what was measured in the year before
-- Grain: one row per person in the cohort with a believable value in the window
-- Reads: cohort, event, codelist_measurement
-- Window: latest values [index_date - 24 months, index_date); before: latest in [index_date - 24 months, index_date - 12 months)
-- Source: GP record, read as `measurements` and `measurement_changes` read it: units, bounds and the worrying end of a day
-- Null: each column when that measure was not taken in its window
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
        and codelist_measurement.measure
        in ('systolic_pressure', 'body_mass_index', 'egfr', 'haemoglobin', 'body_weight', 'hba1c')
),

measured_day as (
    select
        reading.person_key,
        reading.measure,
        reading.event_date,
        min(reading.standard_number) as lowest,
        row_number() over (
            partition by
                reading.person_key,
                reading.measure,
                reading.event_date >= cast($index_date - interval '12' month as date)
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

latest as (
    select
        measured_day.person_key,
        measured_day.measure,
        measured_day.event_date,
        measured_day.lowest,
        measured_day.event_date < cast($index_date - interval '12' month as date) as is_before,
    from measured_day
    where measured_day.latest_position = 1
),

person as (
    select
        latest.person_key,
        max(case when latest.measure = 'systolic_pressure' then latest.event_date end) as systolic_pressure_date,
        max(case when latest.measure = 'body_mass_index' then latest.event_date end) as body_mass_index_date,
        max(case when latest.measure = 'egfr' then latest.event_date end) as egfr_date,
        max(case when latest.measure = 'haemoglobin' then latest.event_date end) as haemoglobin_date,
        max(case when latest.measure = 'body_weight' then latest.event_date end) as body_weight_date,
        max(case when latest.measure = 'hba1c' then latest.event_date end) as hba1c_date,
        max(case when latest.is_before and latest.measure = 'egfr' then latest.lowest end) as egfr_before,
        max(case when latest.is_before and latest.measure = 'egfr' then latest.event_date end) as egfr_before_date,
        max(case when latest.is_before and latest.measure = 'haemoglobin' then latest.lowest end) as haemoglobin_before,
        max(
            case when latest.is_before and latest.measure = 'haemoglobin' then latest.event_date end
        ) as haemoglobin_before_date,
        max(case when latest.is_before and latest.measure = 'body_weight' then latest.lowest end) as body_weight_before,
        max(
            case when latest.is_before and latest.measure = 'body_weight' then latest.event_date end
        ) as body_weight_before_date,
    from latest
    group by latest.person_key
)

select
    cohort.person_key,
    person.systolic_pressure_date,
    person.body_mass_index_date,
    person.egfr_date,
    cast(person.egfr_before as double) as egfr_before,
    person.egfr_before_date,
    person.haemoglobin_date,
    cast(person.haemoglobin_before as double) as haemoglobin_before,
    person.haemoglobin_before_date,
    person.body_weight_date,
    cast(person.body_weight_before as double) as body_weight_before,
    person.body_weight_before_date,
    person.hba1c_date,
from cohort
inner join person on cohort.person_key = person.person_key
where cohort.is_gp_covered
