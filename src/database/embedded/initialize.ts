import { randomUUID } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LedgerError, messageOf } from '../../errors.js';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';
import { type Connection, endpoint, newConnection, readConnection, writeConnection } from './connection.js';
import type { Home } from './home.js';
import { fullDiskHint, isAbsent, isDiskFull, syncFolder } from './storage.js';
import { runTool } from './tool.js';

export interface InitializeOptions {
  home: Home;
  binaries: Binaries;
  account: Account | undefined;
  signal: AbortSignal | undefined;
  log: (message: string) => void;
}

/**
 * Ensures that a PostgreSQL data folder of the right version exists, and creates it if needed. Returns its connection.
 */
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
          hint: 'Restore it from a backup, or move it away to start with an empty database.',
        },
      );
    }
    return initialize(options, connection);
  }
  const ours = /(\d+)(\.\d+)?\s*$/.exec((await runTool(binaries.postgres, ['--version'])).output)?.[1];
  if (version !== ours) {
    throw new LedgerError(
      `The embedded database in ${home.data} was created by PostgreSQL ${version}; this tn-ledger includes ${ours}, which can't read it. Nothing was changed.`,
      {
        hint: `1. With the tn-ledger release that created it, stop the schedule and run: tn-ledger backup DIR. 2. mv "${home.data}" "${home.data}.old". 3. With this release: tn-ledger restore DIR. See docs/upgrading.md.`,
      },
    );
  }
  if (connection === undefined) {
    throw new LedgerError(`The embedded database in ${home.data} has no passwords: ${home.connection} is missing.`, {
      hint: 'Restore the file from a backup. The database itself is unchanged.',
    });
  }
  return connection;
}

/**
 * Runs initdb under a temporary name, then renames the result: a data folder with the final name is complete. The
 * locale is the built-in C.UTF-8. Strings compare byte by byte, which is the fastest and correct for digits. Indexes
 * stay valid when the system library changes, and upper() and ILIKE still handle all letters.
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
        hint: isDiskFull(output)
          ? fullDiskHint
          : 'Fix the cause, or set TN_LEDGER_DATA_DIR to another folder, or set DATABASE_URL to a PostgreSQL server.',
      });
    }
    await rename(unfinished, home.data);
    await syncFolder(home.folder);
    return connection;
  } finally {
    await remove(staging, log);
  }
}

/** Removes what an interrupted initdb left behind. */
async function removeLeftovers(home: Home, log: (message: string) => void): Promise<void> {
  for (const name of await readdir(home.folder)) {
    if (name.startsWith('initializing-')) {
      await remove(join(home.folder, name), log);
    }
  }
}

/** The removal may fail while an orphaned initdb still writes there. The next start removes the folder then. */
async function remove(folder: string, log: (message: string) => void): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    log(`A leftover folder can't be removed yet; the next start retries: ${messageOf(error)}`);
  }
}

/** The lines of initdb's output that describe the failure. */
function reasonIn(output: string): string {
  const lines = output.trim().split('\n');
  const telling = lines.filter((line) => /error|fatal|could not|denied/i.test(line));
  return (telling.length > 0 ? telling : lines).slice(-3).join(' ');
}
