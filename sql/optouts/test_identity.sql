-- Title: Identities that are not people: entries made to test a practice's system
-- Grain: one row per NHS number
-- Reads: clean_gp_patient
-- Window: none; as known now, whatever night is being run
-- Source: surnames of test records begin with XXTEST or ZZTEST; numbers from 999 000 0000 are never issued; recalled
-- Null: a row without a number or surname is no test identity
select
    clean_gp_patient.nhs_number,
    bool_or(coalesce(regexp_full_match(upper(clean_gp_patient.family_name), '(XX|ZZ)[- ]?TEST.*'), false)) as is_named_so,
    starts_with(clean_gp_patient.nhs_number, '999') as is_numbered_so,
from clean_gp_patient
where clean_gp_patient.nhs_number is not null
group by clean_gp_patient.nhs_number
having is_named_so or is_numbered_so
order by clean_gp_patient.nhs_number nulls last
