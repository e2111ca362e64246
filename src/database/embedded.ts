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
import { findPostmaster, settle } from './embedded/postmaster.js';
import { provision } from './embedded/provision.js';
import { startServer, stopServer } from './embedded/start.js';
import { isAbsent, storageError } from './embedded/storage.js';
import { countUsers, refuseForeignUsers, register } from './embedded/users.js';
import { describeEmbedded, toLedgerError } from './errors.js';

export interface EmbeddedServerOptions {
  /** Absolute path of the data folder. */
  dataDir: string;
  log: (message: string) => void;
  signal?: AbortSignal | undefined;
  /** Where root's servers have their data and programs; `/var/lib/tn-ledger` by default. */
  systemFolder?: string | undefined;
}

export interface EmbeddedServer {
  host: '127.0.0.1';
  port: number;
  user: string;
  password: string;
  database: string;
  /** Leaves the server; the last one out stops it. May be called more than once. */
  release(): Promise<void>;
}

/** Everything needed to start and stop one server. */
interface Site {
  home: Home;
  account: Account | undefined;
  binaries: Binaries;
  log: (message: string) => void;
}

/**
 * Starts the data folder's PostgreSQL server, or joins the running one. The server runs in a session of its own: no signal to this
 * process or its terminal reaches it. It stops when its last user releases it; users that were killed don't count.
 *
 * @throws LedgerError the data folder can't be used or is of another version, or the server doesn't start
 */
export async function joinEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { dataDir, log, signal, systemFolder = defaultSystemFolder } = options;
  if (process.platform === 'win32') {
    throw new LedgerError('The embedded PostgreSQL does not run on Windows.', {
      hint: 'Set DATABASE_URL to a PostgreSQL server, or run tn-ledger in WSL.',
    });
  }
  const home = await openHome({ dataDir, systemFolder, log });
  try {
    // Before anything else, so that of two containers at least one sees the other.
    const unregister = await register(home.users, log);
    try {
      await refuseForeignUsers(home.users, { signal, log });
      const onWait = (holder: number) =>
        log(`Waiting for process ${holder}, which is starting or stopping the embedded database.`);
      return await withLock(home.lock, { signal, onWait }, async () => {
        const account = await serverAccount(home, log);
        const copiesFolder = account === undefined ? home.folder : systemFolder;
        const site = { home, account, binaries: await findBinaries({ account, copiesFolder, log }), log };
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
 * As root, the account that owns the data already, whatever users were added since; else the one that suits. Data of `nobody`, under
 * which earlier versions ran the server, are handed over to it as soon as that server has ended.
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
  log(`The embedded database in ${home.folder} belonged to nobody; it belongs to user id ${account.uid} now.`);
  return account;
}

/** Leaves no server behind that nobody uses when it fails. */
async function startOrJoin(
  site: Site,
  connection: Connection,
  unregister: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const { home, log } = site;
  try {
    const running = await settle(home.data, signal);
    const port = running?.port ?? (await startServer({ ...site, connection, signal }));
    signal?.throwIfAborted();
    if (running === undefined) {
      log(`Started the embedded PostgreSQL on port ${port}.`);
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

/** A server that could not be stopped is told, and does not make a command fail that has done its work. */
async function release(site: Site, unregister: () => Promise<void>): Promise<void> {
  try {
    await unregister(); // before waiting for the lock, so that a kill while waiting leaves nothing behind
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
