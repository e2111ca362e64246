import type pg from 'pg';
import type { Database } from './connect.js';

/** The group roles that read the ledger. */
export const groupRoles = ['tn_ledger_reader', 'tn_ledger_billing_reader'] as const;

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
      foreach reader in array array[${groupRoles.map((role) => `'${role}'`).join(', ')}] loop
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

export interface SchemaRights {
  /** Whether there is a schema `tn_ledger`. */
  exists: boolean;
  mayRead: boolean;
  /** Whether the user may create the schema where it is missing, and make objects in it where it exists. */
  mayChange: boolean;
}

/** What the user of a connection may do with the schema; nothing is changed, and no right is needed to ask. */
export async function readSchemaRights({ pool, readOnly }: Pick<Database, 'pool' | 'readOnly'>): Promise<SchemaRights> {
  const { rows } = await pool.query<{ exists: boolean; may_read: boolean; may_change: boolean }>(
    `select n.oid is not null as exists, coalesce(has_schema_privilege(n.oid, 'usage'), false) as may_read,
            coalesce(has_schema_privilege(n.oid, 'create'), has_database_privilege(current_database(), 'create')) as may_change
       from (select to_regnamespace('tn_ledger')::oid as oid) as n`,
  );
  const { exists, may_read, may_change } = rows[0] as (typeof rows)[number];
  return { exists, mayRead: may_read, mayChange: may_change && !readOnly };
}

/** Whether the user may write the tables of a ledger that is up to date, as its owner may and members of the group roles may not. */
export async function mayChangeLedger({ pool, readOnly }: Pick<Database, 'pool' | 'readOnly'>): Promise<boolean> {
  if (readOnly) return false;
  const { rows } = await pool.query<{ may: boolean }>(
    `select has_table_privilege('tn_ledger.nruf_intervals', 'insert') and has_table_privilege('tn_ledger.nruf_intervals', 'delete') as may`,
  );
  return rows[0]?.may ?? false;
}
