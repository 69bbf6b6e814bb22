-- Who may use the vault on PostgreSQL. Run in its database by the role that owns it, before or after the first linkage;
-- running it again does no harm. Give the vault a database of its own: RISKSTRAT_VAULT_URL.
--
-- riskstrat_identities: link and publish, the only ones that enter people or name them. riskstrat_scoring has nothing
-- here: in a database of its own it cannot even connect.
do $$
begin
    if not exists (select from pg_roles where rolname = 'riskstrat_scoring') then
        create role riskstrat_scoring nologin;
    end if;
    if not exists (select from pg_roles where rolname = 'riskstrat_identities') then
        create role riskstrat_identities nologin;
    end if;
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to riskstrat_identities', current_database());
    revoke all on schema public from public;
    grant usage on schema public to riskstrat_identities;
    if to_regclass('public.identity') is null then
        -- Made by the owner at the first linkage; what the owner makes here is for this group alone.
        alter default privileges in schema public grant select, insert, update, delete on tables to riskstrat_identities;
    else
        revoke all on table public.identity from public, riskstrat_scoring;
        grant select, insert, update, delete on table public.identity to riskstrat_identities;
    end if;
end $$;
