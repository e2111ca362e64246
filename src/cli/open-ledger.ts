import type { Database } from '../database/connect.js';
import { migrate, readSchemaState } from '../database/migrations.js';
import { mayChangeLedger, readSchemaRights } from '../database/roles.js';
import { LedgerError } from '../errors.js';
import { refreshIntervals } from '../nruf/refresh.js';
import type { Session } from './session.js';

/** Opens the database and brings the schema up to date, for a command that writes and does without the API. */
export async function openLedger(session: Session): Promise<Database> {
  return bringUpToDate(session, await session.database());
}

/**
 * Opens the ledger for a command that changes nothing but the schema and the copy that counting reads, and does without both where
 * the user may only read (a member of `tn_ledger_reader`) or the server is read-only.
 *
 * @throws LedgerError there is no schema, or an old one, and this user can't change that
 */
export async function openLedgerToRead(session: Session): Promise<Database> {
  const database = await session.database({ toleratesReadOnly: true });
  const { exists, mayRead, mayChange } = await readSchemaRights(database);
  if (mayChange) return bringUpToDate(session, database);
  if (!exists) {
    throw new LedgerError(
      `The database ${database.describe} holds no ledger, and this user may not create one in it.`,
      {
        hint: 'Check the database name in DATABASE_URL, or let the owner of the database run `tn-ledger migrate`.',
      },
    );
  }
  if (!mayRead) {
    throw new LedgerError(`The user of DATABASE_URL may not read the ledger in ${database.describe}.`, {
      hint: 'Let an administrator make it a member of a group role: grant tn_ledger_reader to … (and tn_ledger_billing_reader for billing records).',
    });
  }
  const { pending } = await readSchemaState(database);
  if (pending.length > 0) {
    throw new LedgerError(
      `The schema of ${database.describe} lacks ${pending.join(', ')}, and this user may not bring it up to date.`,
      { hint: 'Let the user that owns the ledger run `tn-ledger migrate`.' },
    );
  }
  return database;
}

/** Brings the copy that counting reads up to date where the user may; counts are the same without, and take longer. */
export async function refreshWhereAllowed({ log, signal }: Session, database: Database): Promise<void> {
  if (await mayChangeLedger(database)) return refreshIntervals(database, signal);
  log.debug('This user may not refresh the copy that counting reads (nruf_refresh): what changed since is read anew');
}

async function bringUpToDate({ log }: Session, database: Database): Promise<Database> {
  const applied = await migrate(database);
  if (applied.length > 0) log.info(`Schema of ${database.describe} brought up to date: ${applied.join(', ')}`);
  return database;
}
