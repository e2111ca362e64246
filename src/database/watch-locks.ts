import pg from 'pg';
import { messageOf } from '../errors.js';

/** A statement of ours that waits for a lock, and one of the sessions that hold it up. */
export interface LockWait {
  /** Backend of ours that waits. */
  pid: number;
  /** Milliseconds that it has waited. */
  waitedMs: number;
  /** What is locked: a table, a row, an advisory lock. */
  locked: string;
  blocker: { pid: number; user: string; application: string; query: string; ageSeconds: number };
}

export interface LockWatchOptions {
  /** Connection settings of the sessions that are watched. */
  connection: pg.ClientConfig;
  /** Backends of our sessions, those in use and idle ones. */
  pids: () => readonly number[];
  /** Whether any of them is in use: nothing is asked while none is. */
  isBusy: () => boolean;
  log: (message: string) => void;
  /** When it is aborted, statements that wait for a lock are canceled. */
  signal: AbortSignal | undefined;
  everyMs?: number;
  reportAfterMs?: number;
  repeatAfterMs?: number;
}

/** So that a command that was asked to stop ends within five seconds, whatever it waits for. */
const cancelWithinMs = 3000;

/**
 * Watches what our sessions wait for, by a connection of its own that is opened when it is first needed: a wait for a lock that
 * somebody else holds is otherwise silent. Reports each wait after ten seconds and every minute from then on, and cancels waiting
 * statements when the command is asked to stop.
 *
 * @returns ends the watch
 */
export function watchLocks(options: LockWatchOptions): () => Promise<void> {
  const { signal, log, everyMs = 5000 } = options;
  const reported = new Map<string, number>();
  const pool = new pg.Pool({ ...options.connection, max: 1, idleTimeoutMillis: 30_000 });
  pool.on('error', () => undefined); // the next look opens another connection
  let looking: Promise<void> | undefined;
  let abortedAt: number | undefined;

  const look = async () => {
    if (!options.isBusy()) return;
    const { rows } = await pool.query<LockWait>(waitsOf, [options.pids()]);
    report(rows, reported, options);
    if (abortedAt === undefined) return;
    const waiting = [...new Set(rows.map(({ pid }) => pid))];
    if (waiting.length > 0) await pool.query('select pg_cancel_backend(pid) from unnest($1::int[]) as pid', [waiting]);
  };
  const tick = () => {
    looking ??= look()
      // A server that is gone is news for the statement that runs there.
      .catch((error: unknown) => log(`What holds up the database could not be read: ${messageOf(error)}`))
      .finally(() => {
        looking = undefined;
      });
  };

  let timer = setInterval(tick, everyMs);
  timer.unref();
  const hurry = () => {
    abortedAt = performance.now();
    clearInterval(timer);
    timer = setInterval(tick, Math.min(everyMs, cancelWithinMs / 3));
    timer.unref();
  };
  if (signal?.aborted) hurry();
  signal?.addEventListener('abort', hurry, { once: true });
  return async () => {
    clearInterval(timer);
    signal?.removeEventListener('abort', hurry);
    await looking;
    await pool.end();
  };
}

// A statement waits for all sessions that hold the lock, and for those that asked for it before.
const waitsOf = `
  select w.pid, (extract(epoch from clock_timestamp() - l.waitstart) * 1000)::float8 as "waitedMs",
    coalesce(l.relation::regclass::text, l.locktype) as locked,
    json_build_object('pid', b.pid, 'user', b.usename, 'application', b.application_name, 'query', left(b.query, 200),
      'ageSeconds', extract(epoch from clock_timestamp() - coalesce(b.xact_start, b.backend_start))) as blocker
  from pg_stat_activity w
  join pg_locks l on l.pid = w.pid and not l.granted and l.waitstart is not null
  cross join lateral unnest(pg_blocking_pids(w.pid)) as blocking (pid)
  join pg_stat_activity b on b.pid = blocking.pid
  where w.pid = any($1::int[]) and w.wait_event_type = 'Lock'`;

function report(
  waits: readonly LockWait[],
  reported: Map<string, number>,
  { log, reportAfterMs = 10_000, repeatAfterMs = 60_000 }: LockWatchOptions,
): void {
  const current = new Set(waits.map(keyOf));
  for (const key of reported.keys()) if (!current.has(key)) reported.delete(key);
  for (const wait of waits) {
    const last = reported.get(keyOf(wait));
    if (wait.waitedMs < (last === undefined ? reportAfterMs : last + repeatAfterMs)) continue;
    reported.set(keyOf(wait), wait.waitedMs);
    log(describeWait(wait));
  }
}

function keyOf({ pid, locked, blocker }: LockWait): string {
  return `${pid} ${locked} ${blocker.pid}`;
}

function describeWait({ waitedMs, locked, blocker }: LockWait): string {
  const { pid, user, application, query, ageSeconds } = blocker;
  const program = application === '' ? '' : ` (${application})`;
  return (
    `Waiting for ${Math.round(waitedMs / 1000)} s for a lock on ${locked}: held up by pid ${pid} of ${user}${program}, whose ` +
    `transaction began ${Math.round(ageSeconds)} s ago: ${query.replace(/\s+/g, ' ')}`
  );
}
