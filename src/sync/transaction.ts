import type pg from 'pg';
import type { Database } from '../database/connect.js';

export interface TransactionOptions {
  /** Writes nothing, and every statement sees the database as the first one does: what is read is all of one moment. */
  snapshot?: boolean;
  /** Commits without waiting for the disk: right only for what a later check finds missing and reads again. */
  asynchronous?: boolean;
  /** Settings for this transaction alone, such as `work_mem`. */
  settings?: Readonly<Record<string, string>>;
  /** When aborted, a statement that still runs after `graceMs` is cancelled, which rolls the transaction back. */
  signal?: AbortSignal;
  graceMs?: number;
}

/** Runs `work` in one transaction: committed when it answers, rolled back when it throws. */
export async function inTransaction<T>(
  database: Database,
  options: TransactionOptions,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await database.pool.connect();
  const stopWatching = cancelWhenAborted(database, client, options);
  let broken: Error | undefined;
  try {
    await client.query(beginning(options));
    for (const [name, value] of Object.entries(options.settings ?? {})) {
      await client.query('select set_config($1, $2, true)', [name, value]);
    }
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    if (options.signal?.aborted && isCancellation(error)) throw options.signal.reason;
    throw error;
  } finally {
    stopWatching();
    client.release(broken);
  }
}

function beginning({ snapshot = false, asynchronous = false }: TransactionOptions): string {
  if (snapshot) return 'begin isolation level repeatable read read only';
  return asynchronous ? 'begin; set local synchronous_commit = off' : 'begin';
}

/** How long a statement may go on after the run was asked to stop, so that the whole command ends within ten seconds. */
const defaultGraceMs = 4000;

function cancelWhenAborted(
  database: Database,
  client: pg.PoolClient,
  { signal, graceMs = defaultGraceMs }: TransactionOptions,
): () => void {
  if (signal === undefined) return () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const backend = (client as unknown as { processID: number }).processID;
  const onAbort = () => {
    timer = setTimeout(() => {
      // Fails only where the server is gone, and the statement with it.
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

/** Whether a statement was canceled: on our own request, or on an administrator's. */
export function isCancellation(error: unknown): boolean {
  return (error as { code?: string }).code === '57014';
}
