import { Socket } from 'node:net';
import pg from 'pg';
import { UsageError } from '../errors.js';
import { joinEmbeddedServer } from './embedded.js';
import { checkServerVersion, describeEmbedded, toLedgerError } from './errors.js';
import { type LockWatchOptions, watchLocks } from './watch-locks.js';

export { toLedgerError } from './errors.js';

export interface DatabaseOptions {
  /** Connection string of a PostgreSQL server; undefined: the embedded server. */
  databaseUrl?: string | undefined;
  /** Absolute path of the data folder, in which the embedded server is. */
  dataDir: string;
  /** As it appears in `pg_stat_activity`. */
  applicationName: string;
  signal?: AbortSignal | undefined;
  log: (message: string) => void;
  /** Connections at most; they are opened when needed. Default 10. */
  maxConnections?: number | undefined;
  /** Transactions are read-only unless they say otherwise, and a server that is read-only will do. */
  readOnly?: boolean | undefined;
  /** A server that is read-only will do, for what writes only where it can. */
  toleratesReadOnly?: boolean | undefined;
  /** Milliseconds that a statement waits for a lock before it fails; 15 minutes by default. */
  lockTimeoutMs?: number | undefined;
  /** How often waits for locks are looked for, and when they are reported; for tests. */
  lockWatch?: Pick<LockWatchOptions, 'everyMs' | 'reportAfterMs'> | undefined;
}

export interface Database {
  /** Sessions are in UTC, find `tn_ledger` first, have no time limits but for waiting on locks, and are named after the application. */
  pool: pg.Pool;
  /** Connection string with the password, for tools that connect by themselves. Never to be logged. */
  url: string;
  /** What messages call the database: `host:port/name`, or the embedded server with its folder. */
  describe: string;
  embedded: boolean;
  /** Whether nothing can be written: `readOnly` was asked for, or the server is a standby or set to be read-only. */
  readOnly: boolean;
  /** As `server_version_num` counts: 180004 is PostgreSQL 18.4. */
  serverVersion: number;
  /** Closes all connections, once those in use are released, and leaves the embedded server. */
  close(): Promise<void>;
}

const defaultMaxConnections = 10;
const connectTimeout = 20_000; // ms

/**
 * Opens the configured database, or starts or joins the embedded one, and makes sure that it can be worked with.
 *
 * @throws UsageError the connection string is malformed
 * @throws LedgerError it is down, refuses us, is too old, or is read-only though `readOnly` isn't set; see `toLedgerError`
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { databaseUrl, dataDir, log, signal } = options;
  signal?.throwIfAborted();
  if (databaseUrl !== undefined) {
    const describe = describeUrl(databaseUrl);
    const { pool, end, ...facts } = await openPool(databaseUrl, describe, options);
    return { pool, url: databaseUrl, describe, embedded: false, ...facts, close: once(end) };
  }
  const server = await joinEmbeddedServer({ dataDir, log, signal });
  const describe = describeEmbedded(dataDir);
  const url = `postgres://${server.user}:${encodeURIComponent(server.password)}@${server.host}:${server.port}/${server.database}`;
  try {
    const { pool, end, ...facts } = await openPool(url, describe, options);
    const close = once(async () => {
      try {
        await end();
      } finally {
        await server.release();
      }
    });
    return { pool, url, describe, embedded: true, ...facts, close };
  } catch (error) {
    await server.release();
    throw error;
  }
}

async function openPool(
  url: string,
  describe: string,
  options: DatabaseOptions,
): Promise<Pick<Database, 'pool' | 'serverVersion' | 'readOnly'> & { end(): Promise<void> }> {
  const { applicationName, maxConnections, readOnly = false, toleratesReadOnly = false } = options;
  const { signal, log, lockTimeoutMs, lockWatch } = options;
  try {
    const mayBeReadOnly = readOnly || toleratesReadOnly;
    const server = await checkServer({ url, applicationName, describe, mayBeReadOnly, signal });
    const serverVersion = server.version;
    const connection = {
      connectionString: url,
      application_name: applicationName,
      keepAlive: true,
      // Given to the pool, the time-out would also end a job's patient wait for a free connection.
      Client: ClientWithTimeout,
      onConnect: (client: pg.ClientBase) => prepareSession(client, { serverVersion, readOnly, lockTimeoutMs }),
    };
    const pool = new pg.Pool({ ...connection, max: maxConnections ?? defaultMaxConnections });
    const pids = new Set<number>();
    const pidOf = (client: pg.ClientBase) => (client as unknown as { processID: number }).processID;
    // The pool listens to idle clients only. One that is in use and breaks between two queries would end the process;
    // its next query says what happened.
    pool.on('connect', (client) => {
      pids.add(pidOf(client));
      client.on('error', () => undefined);
    });
    pool.on('remove', (client) => pids.delete(pidOf(client)));
    const stopWatching = watchLocks({
      ...{ connection, log, signal, ...lockWatch },
      pids: () => [...pids],
      isBusy: () => pool.totalCount > pool.idleCount,
    });
    // An idle connection may break at any time; the next query opens another one, or fails and says why.
    pool.on('error', (error) => log(toLedgerError(error, describe).message));
    const end = async () => {
      await pool.end();
      await stopWatching();
    };
    return { pool, serverVersion, readOnly: readOnly || server.readOnly, end };
  } catch (error) {
    signal?.throwIfAborted();
    throw toLedgerError(error, describe);
  }
}

class ClientWithTimeout extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super({ ...config, connectionTimeoutMillis: connectTimeout });
  }
}

/** Longer than any statement of ours holds a lock that another one wants, save the comparison of millions of numbers. */
const defaultLockTimeoutMs = 15 * 60_000;

interface SessionOptions {
  serverVersion: number;
  readOnly?: boolean;
  lockTimeoutMs?: number | undefined;
}

/**
 * Settings by SET and not as start-up options, which connection poolers such as PgBouncer refuse.
 * `jit` is off because our statements are few, large and set-based: each is planned and run once, so that compiling it, which their
 * high cost estimates would trigger, takes longer than it saves; the embedded server is built without it anyway.
 * The time-outs are off because a server's defaults for interactive users would cut off the statement that ends a snapshot, or the
 * idle connection that holds a job's lock. Waiting for somebody else's lock has a limit: see `watchLocks` for who holds it.
 */
export async function prepareSession(
  client: pg.ClientBase,
  { serverVersion, readOnly = false, lockTimeoutMs = defaultLockTimeoutMs }: SessionOptions,
): Promise<void> {
  await client.query(`
    SET TimeZone = 'UTC';
    SET DateStyle = 'ISO, YMD';
    SET IntervalStyle = 'postgres';
    SET search_path = tn_ledger, public;
    SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
    ${serverVersion >= 140000 ? 'SET idle_session_timeout = 0;' : ''}
    ${serverVersion >= 170000 ? 'SET transaction_timeout = 0;' : ''}
    SET lock_timeout = ${lockTimeoutMs};
    SET jit = off;
    ${readOnly ? 'SET default_transaction_read_only = on;' : ''}`);
}

interface CheckOptions {
  url: string;
  applicationName: string;
  describe: string;
  mayBeReadOnly: boolean;
  signal: AbortSignal | undefined;
}

/** Connects once, by a socket of its own so that an abort can end the attempt at once, and returns what it found. */
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
  client.on('error', () => undefined); // comes with every broken connection, besides the rejected query
  const stop = () => socket.destroy(new Error('interrupted'));
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; standby: boolean; read_only: string }>(
      `SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby,
              current_setting('default_transaction_read_only') AS read_only`,
    );
    const row = rows[0] as (typeof rows)[number];
    const tooOld = checkServerVersion(row.version, describe);
    if (tooOld !== undefined) {
      throw tooOld;
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

/** `host:port/database` as the driver will use them: from the connection string, PG… variables and defaults. */
function describeUrl(url: string): string {
  if (!/^(postgres|postgresql|socket):/.test(url)) {
    throw malformed('DATABASE_URL is not a connection string: it does not begin with postgres://.');
  }
  try {
    const { host, port, database } = new pg.Client({ connectionString: url });
    return `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
  } catch (error) {
    // The driver's message may quote the connection string, and with it the password: only the kind of the error is told.
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
    hint: `Its form is ${form}; special characters in the password are written as %xx.`,
  });
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= action();
    return done;
  };
}
