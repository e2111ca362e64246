import type pg from 'pg';
import { disableTimeouts } from './time-limits.js';

/**
 * Seconds after which an unreachable peer is noticed on an idle connection. This side notices first, as on the lock
 * connection; see `defaultLockTimings`.
 */
export const keepAlive = { clientIdleMs: 15_000, serverIdle: 30, serverInterval: 5, serverCount: 4 };

/** Longer than any of our statements holds a lock that another needs, except when comparing millions of numbers. */
export const defaultLockTimeoutMs = 15 * 60_000;

interface SessionOptions {
  readOnly?: boolean;
  lockTimeoutMs?: number | undefined;
}

/**
 * Configures a session with SET rather than startup options, which connection poolers such as PgBouncer reject. `jit`
 * is off because our statements are few, large, and set-based: each is planned and run once, so compiling it, which its
 * high cost estimate would trigger, takes longer than it saves. The embedded server is built without JIT anyway. The
 * timeouts are off because a server's defaults for interactive users would cancel the statement that ends a snapshot,
 * or close a connection that waits for the API. A commit waits for the disk, because an order is recorded before it is
 * sent: a server that crashed after an asynchronous commit could forget that it was. Lock waits do have a limit; `watchLocks` reports who holds the lock. The
 * connection that holds locks and the transactions of jobs set limits of their own; see `LockTimings` and `WriteGuard`.
 */
export async function prepareSession(
  client: pg.ClientBase,
  { readOnly = false, lockTimeoutMs = defaultLockTimeoutMs }: SessionOptions,
): Promise<void> {
  await client.query(`
    SET TimeZone = 'UTC';
    SET DateStyle = 'ISO, YMD';
    SET IntervalStyle = 'postgres';
    SET search_path = tn_ledger, public;
    SET default_transaction_isolation = 'read committed';
    SET standard_conforming_strings = on;
    SET array_nulls = on;
    SET transform_null_equals = off;
    SET quote_all_identifiers = off;
    SET bytea_output = 'hex';
    SET extra_float_digits = 1;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    ${disableTimeouts}
    SET lock_timeout = ${lockTimeoutMs};
    SET tcp_keepalives_idle = ${keepAlive.serverIdle};
    SET tcp_keepalives_interval = ${keepAlive.serverInterval};
    SET tcp_keepalives_count = ${keepAlive.serverCount};
    SET jit = off;
    ${readOnly ? 'SET default_transaction_read_only = on;' : ''}`);
}
