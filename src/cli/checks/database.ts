import type { Database } from '../../database/connect.js';
import { migrate, readSchemaState } from '../../database/migrations.js';
import { groupRoles, readSchemaRights } from '../../database/roles.js';
import { LedgerError } from '../../errors.js';
import type { Session } from '../session.js';
import { ok, skipped, type Verdict, warning } from './report.js';

export const noDatabase = skipped('the database is not available');

/** The database, or undefined if it can't be opened; the check `database` reports the reason. */
export async function databaseIfOpen(session: Session): Promise<Database | undefined> {
  return session.database().catch(() => undefined);
}

export async function checkDatabase(session: Session): Promise<Verdict> {
  const database = await session.database();
  const major = Math.floor(database.serverVersion / 10_000);
  return ok(`${database.describe}, PostgreSQL ${major}`);
}

export async function checkMigrations(session: Session): Promise<Verdict> {
  const database = await databaseIfOpen(session);
  if (database === undefined) return noDatabase;
  // The rate limit is kept in the ledger, so without one the API couldn't be checked.
  const { exists, mayChange } = await readSchemaRights(database);
  if (!exists && mayChange)
    return ok(`${(await migrate(database)).length} applied, because the database had no ledger`);
  const { applied, pending } = await readSchemaState(database);
  if (pending.length === 0) return ok(`${applied.length} applied, none pending`);
  return ok(`${pending.length} pending; the next \`tn-ledger run\` or \`tn-ledger migrate\` applies them`);
}

/** Why no request can be sent to the API: its rate limit is kept in the database. Undefined if requests can be sent. */
export async function whyNoRequests(session: Session): Promise<string | undefined> {
  const database = await databaseIfOpen(session);
  if (database === undefined)
    return 'no request was sent, because the database, which keeps the rate limit, is not available';
  const { rows } = await database.pool.query(`select to_regproc('tn_ledger.lease_requests') is not null as kept`);
  if (rows[0].kept) return undefined;
  return 'no request was sent, because the ledger does not keep the rate limit yet; run `tn-ledger migrate`, and check again';
}

interface Rights {
  user: string;
  database: string;
  mayCreateSchemas: boolean;
  /** Our schemas in which the user may not create objects. */
  closedSchemas: string[];
  /** Number of ledger tables owned by another role, which can't be altered. */
  foreignTables: number;
  mayCreateRoles: boolean;
  missingRoles: string[];
}

/** Checks the privileges beyond reading and writing: runs create staging tables, and migrations alter the ledger's tables. */
export async function checkRights(session: Session): Promise<Verdict> {
  const database = await databaseIfOpen(session);
  if (database === undefined) return noDatabase;
  const rights = await readRights(database);
  const { user, closedSchemas, foreignTables, mayCreateRoles, missingRoles } = rights;
  if (!rights.mayCreateSchemas) {
    throw new LedgerError(`User ${user} may not create schemas in the database ${rights.database}.`, {
      hint: `Have an administrator run: grant create on database ${quote(rights.database)} to ${quote(user)}.`,
    });
  }
  if (closedSchemas.length > 0) {
    throw new LedgerError(`User ${user} may not create tables in ${closedSchemas.join(' and ')}.`, {
      hint: `Have their owner run: grant create, usage on schema ${closedSchemas.join(', ')} to ${quote(user)}.`,
    });
  }
  if (foreignTables > 0) {
    const owned = `${foreignTables} tables in tn_ledger belong to a role that user ${user} is not a member of`;
    const { pending } = await readSchemaState(database);
    if (pending.length === 0) return warning(`${owned}: migrations of later versions can't alter them`);
    throw new LedgerError(`${owned}: ${pending.length} pending migrations can't alter them.`, {
      hint: 'Run tn-ledger as their owner, or add the user to that role.',
    });
  }
  if (missingRoles.length > 0 && !mayCreateRoles) {
    return ok(
      `schemas and tables can be created; ${missingRoles.join(' and ')} (optional, for analysts) must be created by an administrator`,
    );
  }
  return ok('schemas and tables can be created');
}

async function readRights({ pool }: Database): Promise<Rights> {
  const { rows } = await pool.query(
    `select current_user as user, current_database() as database,
            has_database_privilege(current_database(), 'CREATE') as "mayCreateSchemas",
            array(select nspname::text from pg_namespace
                   where nspname in ('tn_ledger', 'tn_ledger_staging') and not has_schema_privilege(oid, 'CREATE')
                   order by nspname) as "closedSchemas",
            (select count(*)::int from pg_class
              where relnamespace = to_regnamespace('tn_ledger') and relkind in ('r', 'p', 'v', 'm')
                and not pg_has_role(relowner, 'USAGE')) as "foreignTables",
            (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as "mayCreateRoles",
            array(select role from unnest($1::text[]) role
                   where not exists (select from pg_roles where rolname = role)) as "missingRoles"`,
    [groupRoles],
  );
  return rows[0];
}

function quote(identifier: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(identifier) ? identifier : `"${identifier.replaceAll('"', '""')}"`;
}
