-- Title: How many people of each practice a source covers, and since when
-- Grain: one row per practice and source that covers somebody there
-- Reads: registered_person, coverage
-- Window: the index date of the two relations read
-- Source: general practice registrations and reference data on who supplies what for whom
-- Null: none; a practice and source without a row is covered for nobody
select
    coverage.practice_code,
    coverage.source,
    count(*) as people,
    min(coverage.covered_since) as first_since,
    max(coverage.covered_since) as last_since,
from registered_person
inner join coverage
    on
        registered_person.practice_code = coverage.practice_code
        and coalesce(registered_person.borough_code, '') = coverage.borough_code
        and coalesce(registered_person.residence_borough_code, '') = coverage.residence_borough_code
group by coverage.practice_code, coverage.source
order by coverage.practice_code asc nulls last, coverage.source asc nulls last
