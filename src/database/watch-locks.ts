import pg from 'pg';
import { messageOf } from '../errors.js';

/** One of our statements that waits for a lock, and one of the sessions that block it. */
export interface LockWait {
  /** Our waiting backend. */
  pid: number;
  /** Milliseconds waited so far. */
  waitedMs: number;
  /** The locked object: a table, a row, an advisory lock. */
  locked: string;
  /** `ageSeconds` is null if our role may not see the queries of the session's role. */
  blocker: { pid: number; user: string; application: string; query: string; ageSeconds: number | null };
}

export interface LockWatchOptions {
  /** Connection settings of the watched sessions. */
  connection: pg.ClientConfig;
  /** Backends of our sessions, both active and idle. */
  pids: () => readonly number[];
  /** Whether any session is in use; if not, nothing is queried. */
  isBusy: () => boolean;
  log: (message: string) => void;
  /** Called with the pool of the watch's own connection. */
  onPool: (pool: pg.Pool) => void;
  /** When aborted, statements that wait for a lock are canceled. */
  signal: AbortSignal | undefined;
  everyMs?: number;
  reportAfterMs?: number;
  repeatAfterMs?: number;
}

export interface LockWatch {
  /** The backend's latest observed wait; undefined if it is too old to explain a wait that ended now. */
  lastWait(pid: number): LockWait | undefined;
  stop(): Promise<void>;
}

/** So that a command ends within five seconds of a stop request, whatever it waits for. */
const cancelWithinMs = 3000;

/** How long a check may take on a busy server. */
const checkTakesMs = 3000;

/**
 * Watches the lock waits of our sessions, which are otherwise silent, over its own connection, opened on first use.
 * Reports each wait after ten seconds and then every minute. Cancels waiting statements on a stop request.
 */
export function watchLocks(options: LockWatchOptions): LockWatch {
  const { signal, log, everyMs = 5000 } = options;
  const reported = new Map<string, number>();
  const seen = new Map<number, { at: number; wait: LockWait }>();
  const pool = new pg.Pool({ ...options.connection, max: 1, idleTimeoutMillis: 30_000 });
  pool.on('error', () => undefined); // the next check opens a new connection
  options.onPool(pool);
  let pending: Promise<void> | undefined;
  let abortedAt: number | undefined;

  const check = async () => {
    if (!options.isBusy()) return;
    const rows = await readWaits(pool, options.pids());
    for (const pid of seen.keys()) if (!options.pids().includes(pid)) seen.delete(pid);
    for (const wait of rows) seen.set(wait.pid, { at: performance.now(), wait });
    report(rows, reported, options);
    if (abortedAt === undefined) return;
    const waiting = [...new Set(rows.map(({ pid }) => pid))];
    if (waiting.length > 0) await pool.query('select pg_cancel_backend(pid) from unnest($1::int[]) as pid', [waiting]);
  };
  const tick = () => {
    pending ??= check()
      // If the server is gone, the running statement reports that.
      .catch((error: unknown) => log(`Lock waits could not be read: ${messageOf(error)}`))
      .finally(() => {
        pending = undefined;
      });
  };

  let timer = setInterval(tick, everyMs);
  timer.unref();
  const onAbort = () => {
    abortedAt = performance.now();
    clearInterval(timer);
    timer = setInterval(tick, Math.min(everyMs, cancelWithinMs / 3));
    timer.unref();
  };
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    lastWait(pid) {
      const last = seen.get(pid);
      return last !== undefined && performance.now() - last.at < 2 * everyMs + checkTakesMs ? last.wait : undefined;
    },
    async stop() {
      clearInterval(timer);
      signal?.removeEventListener('abort', onAbort);
      await pending;
      await pool.end();
    },
  };
}

/** Reads which of our sessions wait for a lock now. */
export async function readWaits(pool: pg.Pool, pids: readonly number[]): Promise<LockWait[]> {
  return (await pool.query<LockWait>(waitsSql, [pids])).rows;
}

// A statement waits for all sessions that hold the lock, and for those ahead of it in the queue.
const waitsSql = `
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
  return `Waiting for ${Math.round(waitedMs / 1000)} s for a lock on ${locked}: blocked by ${describeBlocker(blocker)}`;
}

/**
 * Describes who holds a lock, since when, and with which query. PostgreSQL hides the last two from roles without the
 * privilege.
 */
export function describeBlocker({ pid, user, application, query, ageSeconds }: LockWait['blocker']): string {
  const session = `pid ${pid} of ${user}${application === '' ? '' : ` (${application})`}`;
  if (ageSeconds === null) return `${session}, whose query this role may not see (grant pg_read_all_stats to show it)`;
  return `${session}, whose transaction started ${Math.round(ageSeconds)} s ago: ${query.replace(/\s+/g, ' ')}`;
}
