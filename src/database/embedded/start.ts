import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { chown, mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError, messageOf } from '../../errors.js';
import { shellWord } from '../../shell-word.js';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';
import { type Connection, choosePort, isFree, writeConnection } from './connection.js';
import type { Home } from './home.js';
import { disownStalePidFile, waitForStableState } from './postmaster.js';
import { serverSettings } from './settings.js';
import { fullDiskHint, isAbsent, isDiskFull, writeWhole } from './storage.js';
import { runTool, toolEnvironment } from './tool.js';

export interface StartOptions {
  home: Home;
  binaries: Binaries;
  account: Account | undefined;
  connection: Connection;
  signal: AbortSignal | undefined;
  log: (message: string) => void;
}

const attempts = 20;

/**
 * Starts the server in its own session, so that it outlives this process and its terminal, and waits until it accepts
 * connections. Returns the port: the last one used, unless it is taken.
 */
export async function startServer({ connection, ...options }: StartOptions): Promise<number> {
  const { home, account, signal, log } = options;
  await mkdir(home.log, { recursive: true, mode: 0o700 });
  if (account !== undefined) {
    await chown(home.log, account.uid, account.gid);
  }
  let { port } = connection;
  for (let attempt = 1; ; attempt += 1) {
    if (!(await isFree(port))) {
      const taken = port;
      port = await choosePort();
      log(`Port ${taken} is taken by another program. The embedded database now listens on port ${port}.`);
      await writeConnection(home.connection, { ...connection, port });
    }
    await writeWhole(home.settings, serverSettings({ port, logFolder: home.log }), 0o600, account);
    await disownStalePidFile(home.data);
    if (await launch(options)) {
      return port;
    }
    const output = await recentLogLines(home);
    const portTaken = !(await isFree(port)); // another program took it before the server did
    // Processes of a killed server may take a few seconds to notice.
    const predecessorEnding = output.includes('is still in use');
    if (attempt === attempts || !(portTaken || predecessorEnding)) {
      throw failedStart(home, output);
    }
    await delay(portTaken ? 0 : 500, undefined, { signal });
  }
}

/**
 * Starts the server; false if it exited instead of accepting connections. pg_ctl detaches the server from this process.
 * As our child, its memory and CPU time would count as ours, and it would remain a zombie until we exit.
 */
async function launch({ home, binaries, account, signal, log }: Omit<StartOptions, 'connection'>): Promise<boolean> {
  // Receives only output from before the server opens its own log.
  const output = await open(startLog(home), 'w', 0o600);
  // pg_ctl passes the server's options to a shell.
  const serverOptions = `-c config_file=${shellWord(home.settings)}`;
  const child = spawn(
    binaries.pgCtl,
    ['start', '--pgdata', home.data, '--wait', '--timeout', longestStart, '--silent', '--options', serverOptions],
    { ...account, cwd: '/', env: toolEnvironment, detached: true, stdio: ['ignore', output.fd, output.fd] },
  );
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  const slow = setTimeout(
    () => log('PostgreSQL is still starting. After a crash it first replays its log, which may take minutes.'),
    5000,
  );
  const giveUp = () => void child.kill();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    const status = await ended.catch((error: unknown) => {
      throw failedStart(home, messageOf(error));
    });
    if (signal?.aborted) {
      await stopServer({ home, binaries, account });
      throw signal.reason;
    }
    return status === 0;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    clearTimeout(slow);
    await output.close();
  }
}

/** Seconds allowed for replaying the log after a crash: practically unlimited. */
const longestStart = '86400';

/** Stops the server and waits until it is gone. Disconnects its clients and rolls back open transactions. */
export async function stopServer({
  home,
  binaries,
  account,
}: Pick<StartOptions, 'home' | 'binaries' | 'account'>): Promise<void> {
  const { status, output } = await runTool(
    binaries.pgCtl,
    ['stop', '--pgdata', home.data, '--mode', 'fast', '--wait', '--timeout', '120', '--silent'],
    { account },
  );
  if (status !== 0 && (await waitForStableState(home.data, undefined)) !== undefined) {
    throw new LedgerError(`The embedded PostgreSQL in ${home.data} could not be stopped: ${output.trim()}`, {
      hint: `It is still running. The next command joins it and tries again. Its log is in ${home.log}.`,
    });
  }
}

function failedStart(home: Home, output: string): LedgerError {
  return new LedgerError(
    `The embedded PostgreSQL in ${home.data} did not start: ${output === '' ? 'no output' : output}`,
    {
      hint: isDiskFull(output)
        ? fullDiskHint
        : `Check ${startLog(home)} and the logs in ${home.log}, or set DATABASE_URL to use another server in the meantime.`,
    },
  );
}

function startLog(home: Home): string {
  return join(home.folder, 'start.log');
}

/** The last lines of the logs, which contain no statements, values, or passwords. */
async function recentLogLines(home: Home): Promise<string> {
  const beginnings = await tail(startLog(home), 0);
  const { mtimeMs: since } = await stat(home.settings); // written just before the start
  const files = await readdir(home.log).catch(isAbsent);
  const later: string[] = [];
  for (const name of files ?? []) {
    later.push(...(await tail(join(home.log, name), since)));
  }
  return [...beginnings, ...later].slice(-8).join(' | ');
}

async function tail(path: string, changedSince: number): Promise<string[]> {
  // Don't follow links: the folder belongs to the server's account, which must not make root read other files.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(isAbsent);
  if (file === undefined) {
    return [];
  }
  try {
    const { size, mtimeMs } = await file.stat();
    if (mtimeMs < changedSince) {
      return [];
    }
    const length = Math.min(size, 4096);
    const { buffer } = await file.read({ buffer: Buffer.alloc(length), position: size - length });
    return buffer.toString('utf8').trim().split('\n').filter(Boolean).slice(-6);
  } finally {
    await file.close();
  }
}
