import { randomUUID } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LedgerError, messageOf } from '../../errors.js';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';
import { type Connection, endpoint, newConnection, readConnection, writeConnection } from './connection.js';
import type { Home } from './home.js';
import { fullDiskHint, isAbsent, syncFolder, tellsOfFullDisk } from './storage.js';
import { runTool } from './tool.js';

export interface InitializeOptions {
  home: Home;
  binaries: Binaries;
  account: Account | undefined;
  signal: AbortSignal | undefined;
  log: (message: string) => void;
}

/** Makes sure that there is a data folder of the programs' version, creating it if there is none; returns its connection. */
export async function ensureInitialized(options: InitializeOptions): Promise<Connection> {
  const { home, binaries, log } = options;
  await removeLeftovers(home, log);
  const version = (await readFile(join(home.data, 'PG_VERSION'), 'utf8').catch(isAbsent))?.trim();
  const connection = await readConnection(home.connection);
  if (version === undefined) {
    if (((await readdir(home.data).catch(isAbsent)) ?? []).length > 0) {
      throw new LedgerError(
        `${home.data} should be a PostgreSQL data folder, but has no PG_VERSION. Nothing was changed.`,
        {
          hint: 'Restore it from a backup, or move it away to begin with an empty database.',
        },
      );
    }
    return initialize(options, connection);
  }
  const ours = /(\d+)(\.\d+)?\s*$/.exec((await runTool(binaries.postgres, ['--version'])).output)?.[1];
  if (version !== ours) {
    throw new LedgerError(
      `The embedded database in ${home.data} was made by PostgreSQL ${version}; this tn-ledger brings ${ours}, which can't read it. Nothing was changed.`,
      {
        hint: `Run the tn-ledger release that made it, or dump it with that release's server running (pg_dump) and load the dump into a new data folder (TN_LEDGER_DATA_DIR) or into a server of your own (DATABASE_URL).`,
      },
    );
  }
  if (connection === undefined) {
    throw new LedgerError(
      `The embedded database in ${home.data} has lost its passwords: ${home.connection} is missing.`,
      {
        hint: 'Restore that file from a backup; the database itself is untouched.',
      },
    );
  }
  return connection;
}

/**
 * Runs initdb under a temporary name and renames its result: a data folder that has its name is whole.
 * The locale is the built-in C.UTF-8: strings compare byte by byte, which is the right order for digits and the fastest, and
 * an index made today stays valid whatever system library the machine has tomorrow, while upper() and ILIKE know all letters.
 */
async function initialize(
  { home, binaries, account, signal, log }: InitializeOptions,
  known: Connection | undefined,
): Promise<Connection> {
  log(`Creating an embedded PostgreSQL database in ${home.data}.`);
  const connection = known ?? (await newConnection());
  await writeConnection(home.connection, connection);
  const staging = join(home.folder, `initializing-${randomUUID()}`);
  try {
    await mkdir(staging, { mode: 0o700 });
    const passwordFile = join(staging, 'password');
    await writeFile(passwordFile, connection.superuserPassword, { mode: 0o600 });
    if (account !== undefined) {
      await chown(passwordFile, account.uid, account.gid);
      await chown(staging, account.uid, account.gid);
    }
    const unfinished = join(staging, 'data');
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const access = ['--auth=scram-sha-256', `--username=${endpoint.superuser}`, `--pwfile=${passwordFile}`];
    const args = ['--no-instructions', ...locale, ...access, '-D', unfinished];
    const { status, output } = await runTool(binaries.initdb, args, { account, signal });
    if (status !== 0) {
      throw new LedgerError(`The embedded database can't be created in ${home.data}: ${reasonIn(output)}`, {
        hint: tellsOfFullDisk(output)
          ? fullDiskHint
          : 'Mend the cause, or set TN_LEDGER_DATA_DIR to another folder, or set DATABASE_URL to a PostgreSQL server.',
      });
    }
    await rename(unfinished, home.data);
    await syncFolder(home.folder);
    return connection;
  } finally {
    await remove(staging, log);
  }
}

/** What an initdb that was killed half-way left behind. */
async function removeLeftovers(home: Home, log: (message: string) => void): Promise<void> {
  for (const name of await readdir(home.folder)) {
    if (name.startsWith('initializing-')) {
      await remove(join(home.folder, name), log);
    }
  }
}

/** Its removal may fail while an initdb that outlived its command still writes there; the next start removes it then. */
async function remove(folder: string, log: (message: string) => void): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    log(`A leftover folder can't be removed yet: ${messageOf(error)}`);
  }
}

/** Of all that initdb says, the lines that name the failure. */
function reasonIn(output: string): string {
  const lines = output.trim().split('\n');
  const telling = lines.filter((line) => /error|fatal|could not|denied/i.test(line));
  return (telling.length > 0 ? telling : lines).slice(-3).join(' ');
}
