-- Title: NHS numbers under which GP lists have two people
-- Grain: one row per number
-- Reads: listed_person
-- Window: none; registrations that stand and are open, as known now
-- Source: GP lists; two entries are one person where birth date agrees, or family name and initial do
-- Null: never
-- The same rule, by keyed digests and as of any night: sql/knowledge/visible_registration.sql
select
    listed_person.nhs_number,
from listed_person
where listed_person.is_open
group by listed_person.nhs_number
having
    count(distinct listed_person.birth_date) > 1
    and (
        count(distinct listed_person.family_name || '|' || listed_person.given_initial) <> 1
        or count(listed_person.family_name || '|' || listed_person.given_initial) < count(*)
    )
