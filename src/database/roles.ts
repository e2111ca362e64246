import type pg from 'pg';

/**
 * Makes the group roles where the connection may, and lets them read: `tn_ledger_reader` the ledger less the billing records,
 * `tn_ledger_billing_reader` those too (call records are CPNI, 47 CFR 64.2003). Roles belong to the whole server, so that one
 * made by hand, or for another database of the same server, serves as well; where there is none and none can be made, nothing
 * is granted, and a later `tn-ledger migrate` does it once an administrator made it.
 */
export async function grantReaders(client: pg.Pool | pg.ClientBase): Promise<void> {
  await client.query(`
    do $$
    declare
      reader text;
      readable regclass;
      is_billing boolean;
    begin
      foreach reader in array array['tn_ledger_reader', 'tn_ledger_billing_reader'] loop
        begin
          execute format('create role %I nologin', reader);
        exception when duplicate_object or unique_violation or insufficient_privilege then null;
        end;
        if not exists (select from pg_roles where rolname = reader) then continue; end if;
        execute format('grant usage on schema tn_ledger to %I', reader);
        for readable, is_billing in
          select oid, starts_with(relname, 'billing_') and relname <> 'billing_reports' from pg_class
           where relnamespace = 'tn_ledger'::regnamespace and relkind in ('r', 'p', 'v', 'm')
        loop
          if not is_billing or reader = 'tn_ledger_billing_reader' then
            execute format('grant select on %s to %I', readable, reader);
          end if;
        end loop;
      end loop;
    end
    $$`);
}
