import type pg from 'pg';
import { backoffMs, sleep } from '../retry.js';
import { type Database, mostTries, toLockError } from './connect.js';
import { lastResult } from './lock-connection.js';
import { checkGuards, guardStatements } from './write-guard.js';

export interface TransactionOptions {
  /** One snapshot for all statements. `true`: read-only; `writable`: not, for temporary tables or results. */
  snapshot?: boolean | 'writable';
  /** Commits without waiting for the disk: only for data that a later check would find missing and read again. */
  asynchronous?: boolean;
  /** Settings for this transaction only, such as `DateStyle`. */
  settings?: Readonly<Record<string, string>>;
  /** It joins or sorts all numbers of an account: sets `work_mem` to a share of the process's memory for that. */
  largeJoin?: boolean;
  /**
   * When aborted, a statement still running after `graceMs` is canceled, which rolls back the transaction. The database's signal by
   * default.
   */
  signal?: AbortSignal;
  graceMs?: number;
  /**
   * `work` may be restarted from the beginning. True if it only changes the database, and only reads the database or
   * memory: pages and batches already read, staged listings, run records, cursors, and watermarks. False if it consumes
   * a stream or has effects outside the database (an assignment file read line by line, an archive whose progress is
   * counted, a filing being written to a file). A single-statement transaction is always repeatable.
   */
  repeatable?: boolean;
}

/** Pauses between attempts, so that others waiting for the same lock get it. */
const pauses = { tries: mostTries, totalMs: Number.POSITIVE_INFINITY, baseMs: 500, capMs: 2000 };

/** SQLSTATEs of conflicts with other sessions: lock not available, deadlock, serialization failure. */
const conflicts = new Set(['55P03', '40P01', '40001']);

/**
 * Runs `work` in one transaction: commits when it returns, rolls back when it throws. A repeatable transaction is
 * attempted up to three times if it conflicts with other sessions. All attempts together wait up to `lockTimeoutMs` for
 * a lock.
 *
 * @throws {LockError} if the wait took longer; names the lock holder if one was observed
 * @throws {LedgerError} if a lock that guards the database is lost: nothing is written
 */
export async function inTransaction<T>(
  database: Database,
  options: TransactionOptions,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const signal = options.signal ?? new AbortController().signal;
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryTransaction(database, options, work);
    } catch (error) {
      const isConflict = conflicts.has((error as { code?: string }).code ?? '');
      if (!options.repeatable || !isConflict || tries === mostTries) throw error;
    }
    await sleep(backoffMs(pauses, tries), signal);
  }
}

/** Runs a single statement that changes data, with the retries of `inTransaction`. */
export function change(database: Database, sql: string, values: unknown[]): Promise<pg.QueryResult> {
  return inTransaction(database, { repeatable: true }, (client) => client.query(sql, values));
}

async function tryTransaction<T>(
  database: Database,
  options: TransactionOptions,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const { signal = database.signal, graceMs } = options;
  const client = await database.pool.connect();
  const stopWatching = cancelWhenAborted(database, client, signal, graceMs);
  const memory = options.largeJoin ? database.joinMemory.take() : undefined;
  let broken: Error | undefined;
  try {
    await begin(client, options, database);
    const settings = { ...options.settings, ...(memory !== undefined && { work_mem: memory.workMem }) };
    if (Object.keys(settings).length > 0) await setLocal(client, settings);
    const result = await work(client);
    if (options.snapshot !== true) for (const { lost } of database.guards) lost.throwIfAborted();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    if (signal.aborted && isCancellation(error)) throw signal.reason;
    if ((error as { code?: string }).code === '55P03') throw toLockError(error, database, database.lastWait(client));
    throw error;
  } finally {
    stopWatching();
    memory?.release();
    client.release(broken);
  }
}

/** Sets configuration parameters until the client's transaction ends. */
export async function setLocal(client: pg.ClientBase, settings: Readonly<Record<string, string>>): Promise<void> {
  await client.query('select set_config(key, value, true) from json_each_text($1)', [JSON.stringify(settings)]);
}

async function begin(
  client: pg.PoolClient,
  { snapshot, asynchronous, repeatable }: TransactionOptions,
  { guards, lockTimeoutMs }: Database,
): Promise<void> {
  const readOnly = snapshot === true;
  const statements = [`begin${snapshot ? ' isolation level repeatable read' : ''}${readOnly ? ' read only' : ''}`];
  if (asynchronous) statements.push('set local synchronous_commit = off');
  if (repeatable) statements.push(`set local lock_timeout = ${Math.ceil(lockTimeoutMs / mostTries)}`);
  statements.push(...guardStatements(guards, { readOnly }));
  const { rows } = lastResult(await client.query<{ ended?: boolean[] }>(statements.join('; ')));
  checkGuards(guards, rows[0]?.ended ?? []);
}

/** How long a statement may continue after a stop request, so that the whole command ends within ten seconds. */
const defaultGraceMs = 4000;

function cancelWhenAborted(
  database: Database,
  client: pg.PoolClient,
  signal: AbortSignal,
  graceMs = defaultGraceMs,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const backend = (client as unknown as { processID: number }).processID;
  const onAbort = () => {
    timer = setTimeout(() => {
      // Fails only if the server is gone, and with it the statement.
      database.pool.query('select pg_cancel_backend($1)', [backend]).catch(() => undefined);
    }, graceMs);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  };
}

/** Whether a statement was canceled, by us or by an administrator. */
export function isCancellation(error: unknown): boolean {
  return (error as { code?: string }).code === '57014';
}
