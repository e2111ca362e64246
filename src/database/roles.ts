import type pg from 'pg';

/**
 * Makes the group role `tn_ledger_reader` where the connection may, and lets it read the ledger. Roles belong to the whole
 * server, so that one made by hand, or for another database of the same server, serves as well; where there is none and
 * none can be made, nothing is granted, and a later `tn-ledger migrate` does it once an administrator made it.
 */
export async function grantReaders(pool: pg.Pool): Promise<void> {
  await pool.query(`
    do $$
    begin
      begin
        create role tn_ledger_reader nologin;
      exception when duplicate_object or unique_violation or insufficient_privilege then null;
      end;
      if exists (select from pg_roles where rolname = 'tn_ledger_reader') then
        grant usage on schema tn_ledger to tn_ledger_reader;
        grant select on all tables in schema tn_ledger to tn_ledger_reader;
      end if;
    end
    $$`);
}
