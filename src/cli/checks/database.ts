import type { Database } from '../../database/connect.js';
import { readSchemaState } from '../../database/migrations.js';
import { groupRoles } from '../../database/roles.js';
import { LedgerError } from '../../errors.js';
import type { Session } from '../session.js';
import { ok, skipped, type Verdict, warning } from './report.js';

const noDatabase = skipped('there is no database to look at');

/** The database if it could be opened: why it could not, its own line has told. */
export async function openedDatabase(session: Session): Promise<Database | undefined> {
  return session.database().catch(() => undefined);
}

export async function checkDatabase(session: Session): Promise<Verdict> {
  const database = await session.database();
  const major = Math.floor(database.serverVersion / 10_000);
  return ok(`${database.describe}, PostgreSQL ${major}`);
}

export async function checkMigrations(session: Session): Promise<Verdict> {
  const database = await openedDatabase(session);
  if (database === undefined) return noDatabase;
  const { applied, pending } = await readSchemaState(database);
  if (pending.length === 0) return ok(`${applied.length} applied, none pending`);
  return ok(`${pending.length} pending; the next \`tn-ledger run\` or \`tn-ledger migrate\` applies them`);
}

interface Rights {
  user: string;
  database: string;
  mayCreateSchemas: boolean;
  /** Schemas of ours in which the user may create nothing. */
  closedSchemas: string[];
  /** Tables of the ledger that belong to somebody else, and can't be altered. */
  foreignTables: number;
  mayCreateRoles: boolean;
  missingRoles: string[];
}

/** Every run makes staging tables, and migrations alter the ledger's: rights that reading and writing do not need. */
export async function checkRights(session: Session): Promise<Verdict> {
  const database = await openedDatabase(session);
  if (database === undefined) return noDatabase;
  const rights = await readRights(database);
  const { user, closedSchemas, foreignTables, mayCreateRoles, missingRoles } = rights;
  if (!rights.mayCreateSchemas) {
    throw new LedgerError(`User ${user} may not create schemas in the database ${rights.database}.`, {
      hint: `An administrator grants it: grant create on database ${quote(rights.database)} to ${quote(user)}.`,
    });
  }
  if (closedSchemas.length > 0) {
    throw new LedgerError(`User ${user} may not create tables in ${closedSchemas.join(' and ')}.`, {
      hint: `Their owner grants it: grant create, usage on schema ${closedSchemas.join(', ')} to ${quote(user)}.`,
    });
  }
  if (foreignTables > 0) {
    const owned = `${foreignTables} tables of tn_ledger belong to a role that user ${user} is not a member of`;
    const { pending } = await readSchemaState(database);
    if (pending.length === 0) return warning(`${owned}: a later version's migrations could not alter them`);
    throw new LedgerError(`${owned}: ${pending.length} pending migrations can't alter them.`, {
      hint: 'Run tn-ledger as their owner, or make the user a member of that role.',
    });
  }
  if (missingRoles.length > 0 && !mayCreateRoles) {
    return ok(
      `schemas and tables can be created; ${missingRoles.join(' and ')} (for analysts, optional) must be created by an administrator`,
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
