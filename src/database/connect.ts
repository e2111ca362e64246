import { setMaxListeners } from 'node:events';
import { Socket } from 'node:net';
import pg from 'pg';
import { UsageError } from '../errors.js';
import { checkEncoding, checkServerVersion, describeEmbedded, toLedgerError } from './errors.js';
import { createJoinMemory, type JoinMemory } from './join-memory.js';
import { createLockConnection, type LockConnection, type LockTimings } from './lock-connection.js';
import { defaultLockTimeoutMs, keepAlive, prepareSession } from './session.js';
import { disableTimeouts } from './time-limits.js';
import { type LockWait, type LockWatchOptions, watchLocks } from './watch-locks.js';
import type { WriteGuard } from './write-guard.js';

export { toLedgerError, toLockError } from './errors.js';

export interface DatabaseOptions {
  /** Connection string of a PostgreSQL server; undefined: the embedded server. */
  databaseUrl?: string | undefined;
  /** Absolute path of the data folder, which contains the embedded server. */
  dataDir: string;
  /** Name shown in `pg_stat_activity`. */
  applicationName: string;
  signal?: AbortSignal | undefined;
  log: (message: string) => void;
  /** For what is of interest only when something is wrong. */
  debug?: ((message: string) => void) | undefined;
  /** Maximum number of connections, opened on demand. Default: enough for `lanes`. */
  maxConnections?: number | undefined;
  /** How many accounts are worked on at the same time; 1 by default. */
  lanes?: number | undefined;
  /** Makes transactions read-only by default, and accepts a read-only server. */
  readOnly?: boolean | undefined;
  /** Accepts a read-only server, for commands that write only if they can. */
  toleratesReadOnly?: boolean | undefined;
  /**
   * Milliseconds that a transaction waits for a lock, over all its attempts, before it fails
   * (`TN_LEDGER_LOCK_TIMEOUT`); 15 minutes by default.
   */
  lockTimeoutMs?: number | undefined;
  /** Interval for checking and reporting lock waits; for tests. */
  lockWatch?: Pick<LockWatchOptions, 'everyMs' | 'reportAfterMs'> | undefined;
  /** How soon a lost lock connection is noticed; for tests. */
  lockTimings?: LockTimings | undefined;
}

export interface Database {
  /**
   * Sessions use UTC, have `tn_ledger` first in the search path, no time limits except for lock waits, and the
   * application's name.
   */
  pool: pg.Pool;
  /**
   * One session apart from the pool, opened on demand, for permits to send requests: a job that holds a connection of
   * the pool may wait for a response, so a request must never wait for a connection of the pool.
   */
  permitPool: pg.Pool;
  /** Connection string with the password, for tools that open their own connections. Never log it. */
  url: string;
  /** Name of the database in messages: `host:port/name`, or the embedded server with its folder. */
  describe: string;
  embedded: boolean;
  /** Whether nothing can be written: `readOnly` was set, or the server is a standby or configured as read-only. */
  readOnly: boolean;
  /** In the format of `server_version_num`: 180004 is PostgreSQL 18.4. */
  serverVersion: number;
  /** As in `DatabaseOptions`. */
  lockTimeoutMs: number;
  /** Holds the advisory locks of this process's jobs and files, on one connection of the pool. */
  locks: LockConnection;
  /** What transactions that write check first: none, except in the work under a lock (`JobLock.guard`). */
  guards: readonly WriteGuard[];
  /** As in `DatabaseOptions`; never aborted if none was given. */
  signal: AbortSignal;
  /** As in `DatabaseOptions`. */
  log: (message: string) => void;
  /** Memory that large joins of concurrent transactions share. */
  joinMemory: JoinMemory;
  /** Also reports lock waits of a session outside the pool, until the session ends. */
  watch(client: pg.Client): void;
  /** The session's latest lock wait observed within the last few seconds; undefined if there was none. */
  lastWait(client: pg.ClientBase): LockWait | undefined;
  /** Closes all connections once they are released, and releases the embedded server. */
  close(): Promise<void>;
}

/**
 * The connections of a process that works on this many accounts at the same time. An account holds one in most of its
 * jobs, and several while it records the outcomes of assignment orders; no transaction waits for a second connection,
 * so a smaller pool is slower but never stuck. One more holds the advisory locks.
 */
export function poolSize(lanes: number): number {
  return Math.max(10, 2 * lanes + 1);
}

const connectTimeout = 20_000; // ms
/** Milliseconds after which a query for permits counts as lost: it waits only for others like it. */
const permitTimeout = 60_000;

/**
 * Opens the configured database, or starts or joins the embedded one, and checks that it is usable.
 *
 * @throws {UsageError} if the connection string is malformed
 * @throws {LedgerError} if the server is down, rejects the login, is too old, or is read-only and `readOnly` isn't set;
 * see `toLedgerError`
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { databaseUrl, dataDir, log, debug, signal } = options;
  signal?.throwIfAborted();
  if (databaseUrl !== undefined) {
    const describe = describeUrl(databaseUrl);
    const { end, ...opened } = await openPool(databaseUrl, describe, options);
    return { ...opened, url: databaseUrl, describe, embedded: false, close: once(end) };
  }
  // Loaded late: a server of one's own needs none of it.
  const { joinEmbeddedServer } = await import('./embedded.js');
  const server = await joinEmbeddedServer({ dataDir, log, debug, signal });
  const describe = describeEmbedded(dataDir);
  const url = `postgres://${server.user}:${encodeURIComponent(server.password)}@${server.host}:${server.port}/${server.database}`;
  try {
    const { end, ...opened } = await openPool(url, describe, options);
    const close = once(async () => {
      try {
        await end();
      } finally {
        await server.release();
      }
    });
    return { ...opened, url, describe, embedded: true, close };
  } catch (error) {
    await server.release();
    throw error;
  }
}

async function openPool(
  url: string,
  describe: string,
  options: DatabaseOptions,
): Promise<Omit<Database, 'url' | 'describe' | 'embedded' | 'close'> & { end(): Promise<void> }> {
  const { applicationName, maxConnections, lanes = 1, readOnly = false, toleratesReadOnly = false } = options;
  const { signal, log, lockTimeoutMs = defaultLockTimeoutMs, lockWatch, lockTimings } = options;
  try {
    const mayBeReadOnly = readOnly || toleratesReadOnly;
    const server = await checkServer({ url, applicationName, describe, mayBeReadOnly, signal });
    const connection = {
      connectionString: url,
      application_name: applicationName,
      keepAlive: true,
      // Node.js then probes ten times, once per second.
      keepAliveInitialDelayMillis: keepAlive.clientIdleMs,
      // A timeout on the pool would also limit how long a job waits for a free connection.
      Client: ClientWithTimeout,
      onConnect: (client: pg.ClientBase) => prepareSession(client, { readOnly, lockTimeoutMs }),
    };
    const clients = new Set<pg.ClientBase>();
    const track = (created: pg.Pool) => {
      created.on('connect', (client) => clients.add(client));
      created.on('remove', (client) => clients.delete(client));
    };
    const createPool = (config: pg.PoolConfig) => {
      const created = new pg.Pool({ ...connection, ...config });
      // The pool listens only to idle clients. Without this listener, a client that breaks while checked out would end
      // the process. Its next query reports the failure.
      created.on('connect', (client) => client.on('error', () => undefined));
      track(created);
      // An idle connection may break at any time. The next query opens a new one, or fails with the reason.
      created.on('error', (error) => log(toLedgerError(error, describe).message));
      return created;
    };
    const pool = createPool({ max: maxConnections ?? poolSize(lanes) });
    const permitPool = createPool({ max: 1, query_timeout: permitTimeout });
    const watcher = watchLocks({
      // Check often enough to see every wait before it times out.
      ...{ connection, log, signal, everyMs: Math.min(5000, lockTimeoutMs / (4 * mostTries)), ...lockWatch },
      pids: () => [...clients].map(pidOf),
      onPool: track,
      isBusy: () => [pool, permitPool].some(({ totalCount, idleCount }) => totalCount > idleCount),
    });
    const end = async () => {
      await permitPool.end();
      await pool.end();
      await watcher.stop();
    };
    return {
      pool,
      permitPool,
      serverVersion: server.version,
      readOnly: readOnly || server.readOnly,
      lockTimeoutMs,
      locks: createLockConnection(pool, () => clients.forEach(cut), lockTimings),
      guards: [],
      signal: transactionSignal(signal),
      log,
      joinMemory: createJoinMemory(),
      watch(client) {
        clients.add(client);
        client.once('end', () => clients.delete(client));
      },
      lastWait: (client) => watcher.lastWait(pidOf(client)),
      end,
    };
  } catch (error) {
    signal?.throwIfAborted();
    throw toLedgerError(error, describe);
  }
}

/** A signal that each transaction listens to: without this, Node.js warns of a leak from eleven at a time. */
export function transactionSignal(signal = new AbortController().signal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}

/** The backend's process id, which is missing in the driver's types. */
export function pidOf(client: pg.ClientBase): number {
  return (client as unknown as { processID: number }).processID;
}

/** Breaks a connection: whatever waits for its answers fails. Its socket is missing in the driver's types. */
export function cut(client: pg.ClientBase): void {
  (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
}

class ClientWithTimeout extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super({ ...config, connectionTimeoutMillis: connectTimeout });
  }
}

/** Maximum attempts of a repeatable transaction. They share the lock timeout. */
export const mostTries = 3;

interface CheckOptions {
  url: string;
  applicationName: string;
  describe: string;
  mayBeReadOnly: boolean;
  signal: AbortSignal | undefined;
}

/** Connects once and checks the server. Uses its own socket so that an abort ends the attempt immediately. */
async function checkServer({
  url,
  applicationName,
  describe,
  mayBeReadOnly,
  signal,
}: CheckOptions): Promise<{ version: number; readOnly: boolean }> {
  signal?.throwIfAborted();
  const socket = new Socket();
  const client = new ClientWithTimeout({
    connectionString: url,
    application_name: applicationName,
    stream: () => socket,
  });
  client.on('error', () => undefined); // emitted for every broken connection, in addition to the rejected query
  const stop = () => socket.destroy(new Error('interrupted'));
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    await client.query(disableTimeouts);
    const { rows } = await client.query<{ version: number; standby: boolean; read_only: string; encoding: string }>(
      `SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby,
              current_setting('default_transaction_read_only') AS read_only, current_setting('server_encoding') AS encoding`,
    );
    const row = rows[0] as (typeof rows)[number];
    const unfit = checkServerVersion(row.version, describe) ?? checkEncoding(row.encoding, describe);
    if (unfit !== undefined) {
      throw unfit;
    }
    const readOnly = row.standby || row.read_only === 'on';
    if (readOnly && !mayBeReadOnly) {
      const why = row.standby ? 'it is a standby' : 'default_transaction_read_only is on';
      throw Object.assign(new Error(why), { code: '25006' });
    }
    await client.end();
    return { version: row.version, readOnly };
  } finally {
    signal?.removeEventListener('abort', stop);
    socket.destroy();
  }
}

/** `host:port/database` as the driver resolves them: from the connection string, PG… variables, and defaults. */
function describeUrl(url: string): string {
  if (!/^(postgres|postgresql|socket):/.test(url)) {
    throw malformed('DATABASE_URL is not a connection string: it does not start with postgres://.');
  }
  try {
    const { host, port, database } = new pg.Client({ connectionString: url });
    return `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
  } catch (error) {
    // The driver's message may quote the connection string with the password, so report only the error code.
    const code = (error as NodeJS.ErrnoException).code;
    const file = (error as NodeJS.ErrnoException).path;
    throw malformed(
      file === undefined
        ? `DATABASE_URL is not a connection string${code === undefined ? '' : ` (${code})`}.`
        : `DATABASE_URL names a certificate or key that can't be read: ${file} (${code}).`,
    );
  }
}

function malformed(message: string): UsageError {
  const form = 'postgres://user:password@host:5432/database';
  return new UsageError(message, {
    hint: `Use the form ${form}, and write special characters in the password as %xx.`,
  });
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= action();
    return done;
  };
}
