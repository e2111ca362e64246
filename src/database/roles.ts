import type pg from 'pg';
import type { Database } from './connect.js';
import { queueSchema, readableQueueTables } from './queue-schema.js';

/** The group roles that read the ledger, in order of increasing access. */
export const groupRoles = ['tn_ledger_reader', 'tn_ledger_billing_reader'] as const;

/**
 * Creates the group roles if the connection may, and grants them read access: `tn_ledger_reader` to the ledger without
 * billing records, `tn_ledger_billing_reader` to those as well (call records are CPNI, 47 CFR 64.2003). Neither reads
 * the content of submitted files, which may have columns that the ledger doesn't keep, such as customers. Roles belong to
 * the whole server, so existing roles, created by hand or for another database, are used too. If a role doesn't exist
 * and can't be created, nothing is granted; after an administrator creates it, `tn-ledger migrate` grants the access.
 *
 * The connection's own role becomes a member if it may, so that `tn-ledger sql` can switch to a group role: since
 * PostgreSQL 16, the creator of a role may grant it but not switch to it.
 */
export async function grantReaders(client: pg.Pool | pg.ClientBase): Promise<void> {
  await client.query(`
    do $$
    declare
      reader text;
      readable regclass;
      is_billing boolean;
      is_16 constant boolean := current_setting('server_version_num')::integer >= 160000;
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
             and relname <> 'submitted_file_parts'
        loop
          if not is_billing or reader = 'tn_ledger_billing_reader' then
            execute format('grant select on %s to %I', readable, reader);
          end if;
        end loop;
        execute format('grant usage on schema ${queueSchema} to %I', reader);
        execute format('grant select on ${readableQueueTables.map((table) => `${queueSchema}.${table}`).join(', ')} to %I', reader);
        -- No inheritance: the role may also read ledgers in other databases on the server.
        begin
          if pg_has_role(reader, case when is_16 then 'SET' else 'MEMBER' end) then continue; end if;
          execute format('grant %I to %I %s', reader, current_user, case when is_16 then 'with inherit false' end);
        exception when insufficient_privilege or invalid_grant_operation or unique_violation then null;
        end;
      end loop;
    end
    $$`);
}

/** The role of a connection, and the group role it can switch to. */
export interface OwnRights {
  /** The login role. */
  user: string;
  isSuperuser: boolean;
  /**
   * The group role with the most access among those that the login role can switch to and that can read this ledger;
   * null if there is none.
   */
  reader: string | null;
}

export async function readOwnRights(client: pg.ClientBase, serverVersion: number): Promise<OwnRights> {
  const { rows } = await client.query<OwnRights>(
    `select rolname as user, rolsuper as "isSuperuser",
            (select g.rolname from pg_roles g
              where g.rolname = any($1) and pg_has_role(session_user, g.oid, $2)
                and has_schema_privilege(g.oid, to_regnamespace('tn_ledger')::oid, 'usage')
              order by array_position($1, g.rolname::text) desc limit 1) as reader
       from pg_roles where rolname = session_user`,
    [groupRoles, serverVersion >= 160_000 ? 'SET' : 'MEMBER'],
  );
  return rows[0] as OwnRights;
}

export interface SchemaRights {
  /** Whether there is a schema `tn_ledger`. */
  exists: boolean;
  mayRead: boolean;
  /** Whether the user may create the schema if it is missing, or create objects in it if it exists. */
  mayChange: boolean;
}

/** Reads the user's privileges on the schema. Changes nothing and needs no privilege. */
export async function readSchemaRights({ pool, readOnly }: Pick<Database, 'pool' | 'readOnly'>): Promise<SchemaRights> {
  const { rows } = await pool.query<{ exists: boolean; may_read: boolean; may_change: boolean }>(
    `select n.oid is not null as exists, coalesce(has_schema_privilege(n.oid, 'usage'), false) as may_read,
            coalesce(has_schema_privilege(n.oid, 'create'), has_database_privilege(current_database(), 'create')) as may_change
       from (select to_regnamespace('tn_ledger')::oid as oid) as n`,
  );
  const { exists, may_read, may_change } = rows[0] as (typeof rows)[number];
  return { exists, mayRead: may_read, mayChange: may_change && !readOnly };
}

/**
 * Whether the user may write to the tables of an up-to-date ledger: true for its owner, false for members of the group
 * roles.
 */
export async function mayChangeLedger({ pool, readOnly }: Pick<Database, 'pool' | 'readOnly'>): Promise<boolean> {
  if (readOnly) return false;
  const { rows } = await pool.query<{ may: boolean }>(
    `select has_table_privilege('tn_ledger.nruf_intervals', 'insert') and has_table_privilege('tn_ledger.nruf_intervals', 'delete') as may`,
  );
  return rows[0]?.may ?? false;
}
