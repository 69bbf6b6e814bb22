-- Title: How measurements changed from one year to the next
-- Grain: one row per person in the cohort
-- Reads: cohort, event, codelist_measurement
-- Window: latest value in [index_date - 12 months, index_date) minus latest value in [index_date - 24 months, index_date - 12 months)
-- Source: GP record; listed units converted, a missing unit taken as the standard one, out of bounds unread
-- Null: where gp is not covered, or nothing believable was measured in one of the two years
with reading as (
    select
        event.person_key,
        event.event_date,
        event.event_date >= cast($index_date - interval '12' month as date) as is_this_year,
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

-- Several on one day: the end that `measurements` keeps, the higher pressure and HbA1c and the lower of everything else.
measured_day as (
    select
        reading.person_key,
        reading.measure,
        reading.is_this_year,
        case
            when reading.measure in ('systolic_pressure', 'hba1c') then max(reading.standard_number)
            else min(reading.standard_number)
        end as standard_number,
        row_number() over (
            partition by reading.person_key, reading.measure, reading.is_this_year
            order by reading.event_date desc nulls last
        ) as latest_position,
    from reading
    where
        reading.standard_number >= reading.minimum
        and reading.standard_number <= reading.maximum
    group by
        reading.person_key,
        reading.measure,
        reading.is_this_year,
        reading.event_date
),

pair as (
    select
        measured_day.person_key,
        measured_day.measure,
        max(case when measured_day.is_this_year then measured_day.standard_number end)
        - max(case when not measured_day.is_this_year then measured_day.standard_number end) as difference,
        max(case when not measured_day.is_this_year then measured_day.standard_number end) as year_before,
    from measured_day
    where measured_day.latest_position = 1
    group by
        measured_day.person_key,
        measured_day.measure
),

person as (
    select
        pair.person_key,
        max(case when pair.measure = 'systolic_pressure' then pair.difference end) as systolic_pressure,
        max(case when pair.measure = 'body_mass_index' then pair.difference end) as body_mass_index,
        max(
            case
                when pair.measure = 'body_weight'
                    then cast(pair.difference as double) * 100 / cast(pair.year_before as double)
            end
        ) as body_weight_percent,
        max(case when pair.measure = 'egfr' then pair.difference end) as egfr,
        max(case when pair.measure = 'haemoglobin' then pair.difference end) as haemoglobin,
        max(case when pair.measure = 'hba1c' then pair.difference end) as hba1c,
    from pair
    group by pair.person_key
)

select
    cohort.person_key,
    case
        when cohort.is_gp_covered then cast(person.systolic_pressure as double)
    end as systolic_pressure_change_mmhg,
    case when cohort.is_gp_covered then cast(person.body_mass_index as double) end as body_mass_index_change,
    case when cohort.is_gp_covered then person.body_weight_percent end as body_weight_change_percent,
    case when cohort.is_gp_covered then cast(person.egfr as double) end as egfr_change_ml_min,
    case when cohort.is_gp_covered then cast(person.haemoglobin as double) end as haemoglobin_change_g_l,
    case when cohort.is_gp_covered then cast(person.hba1c as double) end as hba1c_change_mmol_mol,
from cohort
left join person on cohort.person_key = person.person_key
