import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { LedgerError, messageOf } from '../errors.js';
import { type Account, accountForServer, isNobody } from './embedded/account.js';
import { type Binaries, findBinaries } from './embedded/binaries.js';
import { type Connection, endpoint } from './embedded/connection.js';
import { defaultSystemFolder, type Home, openHome } from './embedded/home.js';
import { ensureInitialized } from './embedded/initialize.js';
import { withLock } from './embedded/lock.js';
import { findPostmaster, waitForStableState } from './embedded/postmaster.js';
import { provision } from './embedded/provision.js';
import { startServer, stopServer } from './embedded/start.js';
import { isAbsent, storageError } from './embedded/storage.js';
import { countUsers, ensureNoForeignUsers, register } from './embedded/users.js';
import { describeEmbedded, toLedgerError } from './errors.js';

export interface EmbeddedServerOptions {
  /** Absolute path of the data folder. */
  dataDir: string;
  log: (message: string) => void;
  /** For what is of interest only when something is wrong. */
  debug?: ((message: string) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Folder for data and binaries of root's servers; `/var/lib/tn-ledger` by default. */
  systemFolder?: string | undefined;
}

export interface EmbeddedServer {
  host: '127.0.0.1';
  port: number;
  user: string;
  password: string;
  database: string;
  /** Releases the server; the last user stops it. May be called more than once. */
  release(): Promise<void>;
}

/** What starting and stopping a server requires. */
interface Site {
  home: Home;
  account: Account | undefined;
  binaries: Binaries;
  log: (message: string) => void;
  debug: ((message: string) => void) | undefined;
}

/**
 * Starts the data folder's PostgreSQL server, or joins the running one. The server runs in its own session, so signals
 * to this process or its terminal don't reach it. It stops when its last user releases it; killed users don't count.
 *
 * @throws {LedgerError} if the data folder can't be used or has another version, or the server doesn't start
 */
export async function joinEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { dataDir, log, debug, signal, systemFolder = defaultSystemFolder } = options;
  if (process.platform === 'win32') {
    throw new LedgerError('The embedded PostgreSQL does not run on Windows.', {
      hint: 'Set DATABASE_URL to a PostgreSQL server, or run tn-ledger in WSL.',
    });
  }
  const home = await openHome({ dataDir, systemFolder, log });
  try {
    // Register first, so that of two containers at least one sees the other.
    const unregister = await register(home.users, log);
    try {
      await ensureNoForeignUsers(home.users, { signal, log });
      const onWait = (holder: number) =>
        log(`Waiting for process ${holder}, which is starting or stopping the embedded database.`);
      return await withLock(home.lock, { signal, onWait }, async () => {
        const account = await serverAccount(home, log);
        const copiesFolder = account === undefined ? home.folder : systemFolder;
        const site = { home, account, binaries: await findBinaries({ account, copiesFolder, log }), log, debug };
        const known = await ensureInitialized({ ...site, signal });
        const { port, password } = await startOrJoin(site, known, unregister, signal);
        const { host, user, database } = endpoint;
        return { host, port, user, database, password, release: releaseOnce(site, unregister) };
      });
    } catch (error) {
      await unregister();
      throw error;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError(error, `The embedded database in ${home.folder} can't be used`);
  }
}

/**
 * The account to run the server under when this process is root: the owner of existing data, even if other accounts
 * were added since; otherwise a suitable account. Earlier versions ran the server as `nobody`: once that server has
 * stopped, its data is moved to the suitable account.
 */
async function serverAccount(home: Home, log: (message: string) => void): Promise<Account | undefined> {
  const account = await accountForServer();
  if (account === undefined) {
    return undefined;
  }
  const owner = await stat(home.data).catch(isAbsent);
  if (owner === undefined || owner.uid === 0) return account;
  const current = { uid: owner.uid, gid: owner.gid };
  if (!(await isNobody(current)) || (await findPostmaster(home.data)) !== undefined) return current;
  for (const folder of [home.log, home.data]) {
    await promisify(execFile)('chown', ['-Rh', `${account.uid}:${account.gid}`, folder]);
  }
  log(`The embedded database in ${home.folder} belonged to nobody; it now belongs to user id ${account.uid}.`);
  return account;
}

/** Starts or joins the server. If that fails, stops a server that nobody uses. */
async function startOrJoin(
  site: Site,
  connection: Connection,
  unregister: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const { home, log, debug } = site;
  try {
    const running = await waitForStableState(home.data, signal);
    const port = running?.port ?? (await startServer({ ...site, connection, signal }));
    signal?.throwIfAborted();
    if (running === undefined) {
      debug?.(`Started the embedded PostgreSQL on port ${port}.`);
    }
    const current = { ...connection, port };
    await provision(current).catch((error: unknown) => {
      throw toLedgerError(error, describeEmbedded(home.folder));
    });
    return current;
  } catch (error) {
    await unregister();
    await stopIfUnused(site).catch((reason: unknown) => log(messageOf(reason)));
    throw error;
  }
}

function releaseOnce(site: Site, unregister: () => Promise<void>): () => Promise<void> {
  let released: Promise<void> | undefined;
  return () => {
    released ??= release(site, unregister);
    return released;
  };
}

/** Logs a server that could not be stopped, instead of failing a command that is done. */
async function release(site: Site, unregister: () => Promise<void>): Promise<void> {
  try {
    await unregister(); // before waiting for the lock, so a kill while waiting leaves no registration
    await withLock(site.home.lock, {}, () => stopIfUnused(site));
  } catch (error) {
    site.log(error instanceof LedgerError ? `${error.message} ${error.hint}` : messageOf(error));
  }
}

async function stopIfUnused(site: Site): Promise<void> {
  if ((await countUsers(site.home.users)) === 0 && (await findPostmaster(site.home.data)) !== undefined) {
    await stopServer(site);
  }
}
