import type { Database } from '../database/connect.js';
import { migrate, readSchemaState } from '../database/migrations.js';
import { mayChangeLedger, readSchemaRights } from '../database/roles.js';
import { LedgerError } from '../errors.js';
import { refreshIntervals } from '../nruf/refresh.js';
import type { Session } from './session.js';

/** Opens the database and applies pending migrations, for a command that writes but doesn't use the API. */
export async function openLedger(session: Session): Promise<Database> {
  return applyMigrations(session, await session.database());
}

/**
 * The same for a command that only the ledger's owner may use.
 *
 * @param outcome what the command left undone, as a sentence
 *
 * @throws {LedgerError} the user may only read
 */
export async function openLedgerAsOwner(session: Session, outcome: string): Promise<Database> {
  const database = await openLedger(session);
  if (await mayChangeLedger(database)) return database;
  throw new LedgerError(`The user of DATABASE_URL may only read the ledger in ${database.describe}. ${outcome}`, {
    hint: 'Connect as the owner of the ledger.',
  });
}

/**
 * Opens the ledger for a command that only reads. Applies pending migrations, unless the user may only read (a member of
 * `tn_ledger_reader`) or the server is read-only.
 *
 * @param options.mayWrite the command also writes, so the replica won't do
 *
 * @throws {LedgerError} the schema is missing or outdated, and this user can't change that
 */
export async function openLedgerToRead(session: Session, { mayWrite = false } = {}): Promise<Database> {
  const database = mayWrite
    ? await session.database({ toleratesReadOnly: true })
    : await session.databaseToRead({ toleratesReadOnly: true });
  const { exists, mayRead, mayChange } = await readSchemaRights(database);
  if (mayChange) return applyMigrations(session, database);
  if (!exists) {
    throw new LedgerError(
      `The database ${database.describe} does not contain a ledger, and this user may not create one.`,
      {
        hint: 'Check the database name in DATABASE_URL, or have the owner of the database run `tn-ledger migrate`.',
      },
    );
  }
  if (!mayRead) {
    throw new LedgerError(`The user of DATABASE_URL may not read the ledger in ${database.describe}.`, {
      hint: 'Have an administrator add the user to a group role: grant tn_ledger_reader to … (and tn_ledger_billing_reader for billing records).',
    });
  }
  const { pending } = await readSchemaState(database);
  if (pending.length > 0) {
    throw new LedgerError(
      `The schema of ${database.describe} is missing ${pending.join(', ')}, and this user may not apply migrations.`,
      { hint: 'Have the owner of the ledger run `tn-ledger migrate`.' },
    );
  }
  return database;
}

/** Refreshes the cached intervals that counting the accounts (undefined: all) reads, if the user may. Counts are the same without it, but slower. */
export async function refreshIfAllowed(
  { log, signal }: Session,
  database: Database,
  accounts: readonly string[] | undefined,
): Promise<void> {
  if (await mayChangeLedger(database)) return refreshIntervals(database, accounts, signal);
  log.debug(
    'This user may not refresh the cached intervals (nruf_refresh); counting reads the changes since the last refresh',
  );
}

async function applyMigrations({ log }: Session, database: Database): Promise<Database> {
  const applied = await migrate(database);
  if (applied.length > 0) log.info(`Applied migrations to ${database.describe}: ${applied.join(', ')}`);
  return database;
}
