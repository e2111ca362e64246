import type pg from 'pg';
import type { Database } from '../database/connect.js';
import { AlreadyRunningError, LedgerError, messageOf } from '../errors.js';

export interface JobLock {
  /** Aborted when the connection that holds the lock is lost: somebody else may hold it by now. */
  lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the advisory lock of a job and account, which keeps a second run out, on this machine or another, and which the server
 * frees when the connection ends, however the process ended. Throws an AlreadyRunningError when another run holds it.
 */
export function takeJobLock(database: Database, job: string, account: string): Promise<JobLock> {
  return takeLock(database, jobKey(job, account), {
    busy: `${job} is running already for account ${account}: another run holds its lock in ${database.describe}. This one did nothing.`,
    busyHint: 'Wait for the other run to end; `tn-ledger status` shows it.',
    lost: `while ${job} ran for account ${account}. It stopped after the last page committed.`,
  });
}

export interface LockWords {
  /** What to say where another process holds it, and what to do then. */
  busy: string;
  busyHint: string;
  /** Ends the sentence that begins `The connection to … was lost (…)`. */
  lost: string;
}

/** The same for anything else that only one process may work on at a time. */
export async function takeLock(database: Database, key: string, words: LockWords): Promise<JobLock> {
  const client = await database.pool.connect();
  const lost = new AbortController();
  const onError = (error: Error) =>
    lost.abort(
      new LedgerError(`The connection to ${database.describe} was lost (${messageOf(error)}) ${words.lost}`, {
        hint: 'Run it again when the database is back: it goes on from there.',
      }),
    );
  client.on('error', onError);
  try {
    const { rows } = await client.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as taken', [key]);
    if (!rows[0].taken) throw new AlreadyRunningError(words.busy, { hint: words.busyHint });
  } catch (error) {
    client.off('error', onError);
    client.release(error instanceof Error && !(error instanceof LedgerError));
    throw error;
  }
  return {
    lost: lost.signal,
    async release() {
      // Where it can't be given back, closing the connection frees it. A broken connection keeps its listener: what it still
      // has to say is no news.
      const unlocked =
        !lost.signal.aborted &&
        (await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [key]).then(
          () => true,
          () => false,
        ));
      if (unlocked) client.off('error', onError);
      client.release(!unlocked);
    },
  };
}

/** Keeps the job from beginning for the rest of the client's transaction; false where it is running now. */
export async function keepJobOut(client: pg.ClientBase, job: string, account: string): Promise<boolean> {
  const { rows } = await client.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as taken', [
    jobKey(job, account),
  ]);
  return rows[0].taken;
}

/** Waits until no other transaction works on the tables of the account's numbers; held until the client's transaction ends. */
export async function lockNumbers(client: pg.ClientBase, account: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [numbersKey(account)]);
}

/**
 * Waits until no transaction works on the account's numbers as a whole; those that share them work side by side, each on numbers
 * whose rows it has locked.
 */
export async function shareNumbers(client: pg.ClientBase, account: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [numbersKey(account)]);
}

function numbersKey(account: string): string {
  return `tn-ledger/telephone_numbers/${account}`;
}

function jobKey(job: string, account: string): string {
  return `tn-ledger/${job}/${account}`;
}
