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

/** The advisory locks of a database at one moment. */
export interface HeldLocks {
  /** When they were read, by the server's clock and as it writes a time. */
  readAt: string;
  /** Null where they can't be seen: those of a primary are invisible on its standby. */
  keys: string[] | null;
}

/** Reads which advisory locks are held. Any role may: it takes none of them. */
export async function readHeldLocks(db: pg.Pool | pg.ClientBase): Promise<HeldLocks> {
  // The view shows a 64-bit key as two unsigned halves. `readAt` is the time before the view is read.
  const { rows } = await db.query<HeldLocks>(
    `with clock as materialized (select clock_timestamp()::text as "readAt")
     select "readAt", case when not pg_is_in_recovery() then (
         select coalesce(array_agg(((classid::bigint << 32) | objid::bigint)::text), '{}') from pg_locks
          where locktype = 'advisory' and objsubid = 1 and granted
            and database = (select oid from pg_database where datname = current_database())) end as keys
       from clock`,
  );
  return rows[0] as HeldLocks;
}

/**
 * An SQL condition: the row of `sync_runs` says `running`, but no process holds its job's lock any more. The locks must have been
 * read before the row is: a run that ended in between is then seen as ended, and one that began since is not taken for dead.
 *
 * @param run alias of `sync_runs`
 * @param parameter number of the statement's first parameter for the locks; see `deadRunValues`
 */
export function deadRun(run: string, parameter: number): string {
  const key = `hashtextextended('tn-ledger/' || ${run}.job || '/' || ${run}.account_id, 0)`;
  return `(${run}.status = 'running' and ${run}.started_at < $${parameter}::timestamptz
    and not ${key} = any($${parameter + 1}::bigint[]))`;
}

export function deadRunValues({ readAt, keys }: HeldLocks): unknown[] {
  return [readAt, keys];
}
