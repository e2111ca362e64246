import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Database, openDatabase } from '../src/database/connect.js';
import type { SandboxOptions } from '../src/sandbox/server.js';
import { peakIn, printPeak } from '../test/support/peak-memory.js';
import { removeDataFolder } from '../test/support/postgres.js';
import type { Sample } from './benchmark.js';
import { type SandboxProcess, startSandboxProcess } from './sandbox-process.js';

const run = promisify(execFile);

export const commandLine = new URL('../src/cli/main.js', import.meta.url).pathname;

export interface Output extends Required<Sample> {
  stdout: string;
  stderr: string;
}

export type Variables = Record<string, string>;

/** An embedded database, and a folder for files, for one measurement. */
export interface Setting {
  folder: string;
  database: Database;
  /** Runs `tn-ledger`. Exit status 3, done with rejected lines, is a success. */
  command(args: readonly string[], variables?: Variables): Promise<Output>;
  /** Runs a program of `bench/rivals`. */
  rival(name: string, args: readonly string[], variables?: Variables): Promise<Output>;
  psql(...args: string[]): Promise<void>;
  /** Drops the ledger's schemas. */
  emptyLedger(): Promise<void>;
}

/** Starts an embedded PostgreSQL with the settings of every installation, and removes it after the work. */
export async function withDatabase<T>(work: (setting: Setting) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-bench-'));
  const dataDir = join(folder, 'data');
  try {
    const database = await openDatabase({ dataDir, applicationName: 'tn-ledger bench', log: () => undefined });
    try {
      return await work(settingOf(folder, database));
    } finally {
      await database.close();
    }
  } finally {
    await removeDataFolder(dataDir);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same with a sandbox in a process of its own. */
export async function withSandbox<T>(
  options: SandboxOptions,
  work: (setting: Setting, sandbox: SandboxProcess) => Promise<T>,
): Promise<T> {
  const sandbox = await startSandboxProcess(options);
  try {
    return await withDatabase((setting) => work(setting, sandbox));
  } finally {
    sandbox.stop();
  }
}

function settingOf(folder: string, database: Database): Setting {
  const environment = {
    ...process.env,
    DATABASE_URL: database.url,
    TN_LEDGER_DATA_DIR: join(folder, 'work'),
    TN_LEDGER_LOG_LEVEL: 'error',
    BANDWIDTH_REQUESTS_PER_MINUTE: '1000000',
  };
  const node = (script: string, args: readonly string[], variables: Variables) =>
    runNode(['--import', printPeak, script, ...args], { ...environment, ...variables });
  return {
    folder,
    database,
    command: (args, variables = {}) => node(commandLine, args, variables),
    rival: (name, args, variables = {}) =>
      node(new URL(`./rivals/${name}.js`, import.meta.url).pathname, args, variables),
    psql: async (...args) =>
      void (await run('psql', ['-q', '-X', '-v', 'ON_ERROR_STOP=1', ...args], { env: psqlEnvironment(database.url) })),
    emptyLedger: async () => {
      await database.pool.query('drop schema if exists tn_ledger cascade');
      await database.pool.query('drop schema if exists tn_ledger_staging cascade');
    },
  };
}

async function runNode(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Output> {
  const startedAt = performance.now();
  const { stdout, stderr } = await run(process.execPath, args, { env, maxBuffer: 1e8 }).catch((failure) => {
    if (failure.code === 3) return failure as { stdout: string; stderr: string };
    // A rejected statement is quoted with all its values.
    const text = String(failure.stderr ?? failure);
    throw new Error(
      `Failed: ${args.slice(2).join(' ')}\n${text.length > 3000 ? `${text.slice(0, 1000)} … ${text.slice(-1500)}` : text}`,
    );
  });
  return { seconds: (performance.now() - startedAt) / 1000, peakBytes: peakIn(stderr), stdout, stderr };
}

/** Connection settings as psql environment variables: a password on a command line is visible to other users. */
export function psqlEnvironment(url: string): NodeJS.ProcessEnv {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    ...process.env,
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
  };
}
