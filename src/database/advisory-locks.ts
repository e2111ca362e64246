import type pg from 'pg';
import { AlreadyRunningError, type LedgerError, messageOf } from '../errors.js';
import type { Database } from './connect.js';
import { OutageError } from './errors.js';
import { keySql } from './lock-connection.js';
import { change } from './transaction.js';

export interface JobLock {
  /** Aborted when the connection that holds the lock is lost: another process may hold it by now. */
  lost: AbortSignal;
  /**
   * The same database for the work under the lock: its transactions write nothing once the lock is lost; see
   * `WriteGuard`.
   */
  guard(database: Database): Database;
  /**
   * Call it right before something outside the database that must not happen twice.
   *
   * @throws {LedgerError} if the lock is lost, or the server may have given it away because it heard nothing
   */
  assertHeld(): void;
  release(): Promise<void>;
}

/**
 * Takes the advisory lock of a job and account, which prevents a second run on this machine or any other. The server
 * releases it when the connection ends, however the process ends. Throws an AlreadyRunningError if another run holds
 * it.
 */
export function takeJobLock(database: Database, job: string, account: string): Promise<JobLock> {
  return takeLock(database, jobKey(job, account), {
    busy: `${job} is already running for account ${account}: another run holds its lock in ${database.describe}. This run did nothing.`,
    busyHint: 'Wait for the other run to finish. Check it with `tn-ledger status`.',
    lost: `while ${job} ran for account ${account}. It stopped after the last page committed.`,
  });
}

export interface LockMessages {
  /** Error message and hint if another process holds the lock. */
  busy: string;
  busyHint: string;
  /** Ends the sentence that begins `The connection to … was lost (…)`. */
  lost: string;
}

/**
 * Takes an advisory lock by key, for anything else that only one process at a time may work on. The locks of a process
 * share one connection: when it is lost, all of them are. Ends transactions that an earlier holder left open, which may
 * be frozen or cut off.
 */
export async function takeLock(database: Database, key: string, messages: LockMessages): Promise<JobLock> {
  const held = await database.locks.take(key);
  if (held === undefined) throw new AlreadyRunningError(messages.busy, { hint: messages.busyHint });
  const writesKey = `${key}/writes`;
  try {
    await endEarlierWrites(database, writesKey);
  } catch (error) {
    await held.release();
    throw error;
  }
  const lost = new AbortController();
  const onLost = () =>
    lost.abort(
      new OutageError(
        `The connection to ${database.describe} was lost (${messageOf(held.lost.reason)}) ${messages.lost}`,
        { hint: 'Run it again when the database is back. It resumes where it stopped.' },
      ),
    );
  if (held.lost.aborted) onLost();
  held.lost.addEventListener('abort', onLost, { once: true });
  const lose = () => {
    held.lose(new Error('the server ended its session'));
    // After its release, the lock no longer hears of the session's end.
    if (!lost.signal.aborted) onLost();
    return lost.signal.reason as LedgerError;
  };
  return {
    lost: lost.signal,
    guard: (guarded) => ({
      ...guarded,
      guards: [...guarded.guards, { writesKey, sessionKey: held.sessionKey, lost: lost.signal, lose }],
    }),
    assertHeld() {
      held.checkAge();
      lost.signal.throwIfAborted();
    },
    release() {
      held.lost.removeEventListener('abort', onLost);
      return held.release();
    },
  };
}

/**
 * Ensures that no transaction of an earlier holder of a lock can still commit. Those that are open are ended by closing
 * their connections: waiting could take forever, because the limit for idle transactions doesn't apply to a COPY whose
 * sender is frozen. Another role's connections can't be closed, so those are waited for, up to the lock timeout.
 */
async function endEarlierWrites(database: Database, writesKey: string): Promise<void> {
  const { pool } = database;
  const { rows } = await pool.query(`select pg_try_advisory_xact_lock(${keySql(writesKey)}) as free`);
  if (rows[0].free) return;
  await pool.query(
    `select case when pg_has_role(a.usesysid, 'USAGE') then pg_terminate_backend(a.pid) end
       from pg_locks l join pg_stat_activity a on a.pid = l.pid
      where ${heldAdvisoryLock('l')} and ${advisoryKey('l')} = ${keySql(writesKey)}`,
  );
  await change({ ...database, guards: [] }, `select pg_advisory_xact_lock(${keySql(writesKey)})`, []);
}

/** Prevents the job from starting until the client's transaction ends; false if the job is running. */
export async function tryLockJob(client: pg.ClientBase, job: string, account: string): Promise<boolean> {
  const { rows } = await client.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as taken', [
    jobKey(job, account),
  ]);
  return rows[0].taken;
}

/** Takes the exclusive lock on the account's numbers until the client's transaction ends. */
export async function lockNumbers(client: pg.ClientBase, account: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [numbersKey(account)]);
}

/**
 * Takes the shared lock on the account's numbers until the client's transaction ends. Transactions that share it run
 * concurrently, each on numbers whose rows it has locked.
 */
export async function lockNumbersShared(client: pg.ClientBase, account: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [numbersKey(account)]);
}

function numbersKey(account: string): string {
  return `tn-ledger/telephone_numbers/${account}`;
}

function jobKey(job: string, account: string): string {
  return `tn-ledger/${job}/${account}`;
}

/** The advisory locks held in a database at one moment. */
export interface HeldLocks {
  /** When they were read, by the server's clock, in PostgreSQL's text format. */
  readAt: string;
  /** Null if they aren't visible: a standby doesn't show its primary's locks. */
  keys: string[] | null;
}

/** Reads which advisory locks are held. Takes no lock and needs no privilege. */
export async function readHeldLocks(db: pg.Pool | pg.ClientBase): Promise<HeldLocks> {
  // The view splits a 64-bit key into two unsigned halves. `readAt` is taken before the view is read.
  const { rows } = await db.query<HeldLocks>(
    `with clock as materialized (select clock_timestamp()::text as "readAt")
     select "readAt", case when not pg_is_in_recovery() then (
         select coalesce(array_agg(${advisoryKey('l')}::text), '{}') from pg_locks l
          where ${heldAdvisoryLock('l')}) end as keys
       from clock`,
  );
  return rows[0] as HeldLocks;
}

/** SQL: the key of a row of `pg_locks` for an advisory lock. */
function advisoryKey(lock: string): string {
  return `((${lock}.classid::bigint << 32) | ${lock}.objid::bigint)`;
}

/** SQL condition: a row of `pg_locks` is an advisory lock with a 64-bit key that is held in this database. */
function heldAdvisoryLock(lock: string): string {
  return `${lock}.locktype = 'advisory' and ${lock}.objsubid = 1 and ${lock}.granted
            and ${lock}.database = (select oid from pg_database where datname = current_database())`;
}

/**
 * SQL condition: the row of `sync_runs` has status `running`, but no process holds its job's lock. Read the locks
 * before the row: then a run that ended in between counts as ended, and one that started in between doesn't count as
 * dead.
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
