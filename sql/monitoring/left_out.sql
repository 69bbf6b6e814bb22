-- Title: Who stands on a practice's lists and whether they are in its cohort, and if not, why
-- Grain: one row per practice and reason; a person is counted under the first that holds
-- Reads: registration, succession, registered_person
-- Window: the index date; registered means start < $index_date and (end is null or end >= $index_date)
-- Source: general practice registrations as visible to the run; who has opted out is in none of them
-- Null: none
with listed as (
    select
        coalesce(succession.current_practice_code, registration.practice_code) as practice_code,
        registration.person_key,
        bool_or(
            registration.registration_start_date < $index_date
            and (registration.registration_end_date is null or registration.registration_end_date >= $index_date)
        ) as is_open,
        bool_or(registration.registration_start_date >= $index_date) as is_ahead,
    from registration
    left join succession on registration.practice_code = succession.practice_code
    group by coalesce(succession.current_practice_code, registration.practice_code), registration.person_key
),

person as (
    select
        registration.person_key,
        bool_or(coalesce(registration.death_date < $index_date, false)) as is_dead,
        bool_or(
            registration.is_confidential
            and registration.registration_start_date < $index_date
            and (registration.registration_end_date is null or registration.registration_end_date >= $index_date)
        ) as is_confidential,
    from registration
    group by registration.person_key
),

judged as (
    select
        listed.practice_code,
        case
            when registered_person.practice_code = listed.practice_code then 'in_cohort'
            when person.is_dead then 'died'
            when person.is_confidential then 'confidential'
            when listed.is_open then 'joined_another_later'
            when listed.is_ahead then 'begins_later'
            else 'ended'
        end as reason,
    from listed
    inner join person on listed.person_key = person.person_key
    left join registered_person on listed.person_key = registered_person.person_key
)

select
    judged.practice_code,
    judged.reason,
    count(*) as people,
from judged
group by judged.practice_code, judged.reason
order by judged.practice_code asc nulls last, judged.reason asc nulls last
