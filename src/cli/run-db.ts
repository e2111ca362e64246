import { once } from 'node:events';
import pg from 'pg';
import { type Database, toLedgerError } from '../database/connect.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import { openLedgerToRead } from './open-ledger.js';
import type { Session } from './session.js';

export interface DbOptions {
  /** Include call records. */
  billing?: boolean;
  /** With the connection's own privileges. */
  write?: boolean;
}

/** Prints the connection string, and nothing else on standard output. */
export async function printUrl(session: Session, options: DbOptions): Promise<ExitStatus> {
  const database = await openLedgerToRead(session);
  const url = await workingUrl(database, options);
  if (database.embedded) {
    session.log.info(
      'The embedded server only runs while a tn-ledger command uses it. Keep it running with: tn-ledger db start',
    );
  }
  process.stdout.write(`${url}\n`);
  return exitStatus.done;
}

/** Uses the embedded server until the command is stopped. */
export async function keepRunning(session: Session, options: DbOptions): Promise<ExitStatus> {
  if (session.config.databaseUrl !== undefined) {
    throw new UsageError('DATABASE_URL names a server that tn-ledger does not start or stop. Nothing was changed.', {
      hint: 'Connect to it with: tn-ledger db url',
    });
  }
  const url = await workingUrl(await openLedgerToRead(session), options);
  process.stdout.write(`${url}\nThe embedded server is running. Press Ctrl-C to release it.\n`);
  if (!session.signal.aborted) await once(session.signal, 'abort');
  return exitStatus.done;
}

/**
 * Returns a connection string that was tried.
 *
 * @throws {LedgerError} the user of the connection can't switch to the reader role
 */
async function workingUrl(database: Database, { billing = false, write = false }: DbOptions): Promise<string> {
  const role = billing ? 'tn_ledger_billing_reader' : 'tn_ledger_reader';
  const url = urlWith(database.url, write ? {} : { role, default_transaction_read_only: 'on' });
  const client = new pg.Client({ connectionString: url, application_name: 'tn-ledger' });
  try {
    await client.connect();
    await client.query('select from tn_ledger.sync_runs limit 0');
    return url;
  } catch (error) {
    if (write || !['22023', '42501', '42704'].includes((error as { code?: string }).code ?? '')) {
      throw toLedgerError(error, database.describe);
    }
    throw new LedgerError(`The user of the connection can't read as ${role}: ${(error as Error).message}.`, {
      hint: `Have an administrator run: grant ${role} to <the user>. Or connect with its own privileges: tn-ledger db url --write`,
      cause: error,
    });
  } finally {
    await client.end();
  }
}

/** Adds settings of the session to a connection string, in the form that libpq and most drivers understand. */
function urlWith(connectionString: string, settings: Readonly<Record<string, string>>): string {
  const url = new URL(connectionString);
  const all = { ...settings, search_path: 'tn_ledger,public' };
  const own = url.searchParams.get('options');
  const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`);
  url.searchParams.delete('options');
  const added = `options=${encodeURIComponent([...(own === null ? [] : [own]), ...options].join(' '))}`;
  url.search = url.search === '' ? added : `${url.search}&${added}`;
  return url.href;
}
