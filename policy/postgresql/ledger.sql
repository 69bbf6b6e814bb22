-- Who may use the ledger on PostgreSQL. Run in its database by the role that owns the tables, after they were made and
-- after every upgrade that changes them; running it again does no harm.
--
-- riskstrat_scoring: features, score, segment, register. It reads and writes the ledger and has nothing of the vault,
-- also where both lie in one database. riskstrat_identities: link and publish; it is given the vault in vault.sql.
-- Both are groups: make a login of your own and `grant riskstrat_scoring to …`.
do $$
declare
    one record;
begin
    if not exists (select from pg_roles where rolname = 'riskstrat_scoring') then
        create role riskstrat_scoring nologin;
    end if;
    if not exists (select from pg_roles where rolname = 'riskstrat_identities') then
        create role riskstrat_identities nologin;
    end if;
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to riskstrat_scoring, riskstrat_identities', current_database());
    revoke all on schema public from public;
    grant usage on schema public to riskstrat_scoring, riskstrat_identities;
    for one in select tablename from pg_tables where schemaname = 'public' loop
        execute format('revoke all on table public.%I from public', one.tablename);
        if one.tablename = 'identity' then
            revoke all on table public.identity from riskstrat_scoring;
        elsif one.tablename = 'audit_entry' then
            revoke all on table public.audit_entry from riskstrat_scoring, riskstrat_identities;
            -- The audit only grows.
            grant select, insert on table public.audit_entry to riskstrat_scoring, riskstrat_identities;
        elsif one.tablename = 'alembic_version' then
            grant select on table public.alembic_version to riskstrat_scoring, riskstrat_identities;
        else
            execute format(
                'grant select, insert, update, delete on table public.%I to riskstrat_scoring, riskstrat_identities',
                one.tablename
            );
        end if;
    end loop;
    grant usage on all sequences in schema public to riskstrat_scoring, riskstrat_identities;
end $$;
