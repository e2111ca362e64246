import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { chown, mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError, messageOf } from '../../errors.js';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';
import { type Connection, choosePort, isFree, writeConnection } from './connection.js';
import type { Home } from './home.js';
import { disownStalePidFile, settle } from './postmaster.js';
import { serverSettings } from './settings.js';
import { fullDiskHint, isAbsent, tellsOfFullDisk, writeWhole } from './storage.js';
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
 * Starts the server in a session of its own, so that it outlives this process and its terminal, and waits until it accepts
 * connections. Returns the port, which is the remembered one unless somebody else has it.
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
      log(`Port ${taken} is taken by another program: the embedded database listens on ${port} from now on.`);
      await writeConnection(home.connection, { ...connection, port });
    }
    await writeWhole(home.settings, serverSettings({ port, logFolder: home.log }), 0o644);
    await disownStalePidFile(home.data);
    if (await launch(options)) {
      return port;
    }
    const said = await lastWords(home);
    const portTaken = !(await isFree(port)); // somebody was faster than the server
    // Processes of a server that was killed may take some seconds to notice.
    const predecessorEnding = said.includes('is still in use');
    if (attempt === attempts || !(portTaken || predecessorEnding)) {
      throw failedStart(home, said);
    }
    await delay(portTaken ? 0 : 500, undefined, { signal });
  }
}

/**
 * False: it ended instead of accepting connections. pg_ctl makes the server a child of nobody: as ours it would be counted as
 * our memory and time by whoever measures this process, and stay a zombie after its end for as long as we live.
 */
async function launch({ home, binaries, account, signal, log }: Omit<StartOptions, 'connection'>): Promise<boolean> {
  // Only what is said before the log proper is open goes here.
  const output = await open(startLog(home), 'w', 0o600);
  const serverOptions = `-c config_file=${shellQuote(home.settings)}`;
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
    () => log('PostgreSQL is still starting: after a crash it first replays its log, which may take minutes.'),
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

/** Seconds that the server may take to replay its log after a crash: as long as it needs. */
const longestStart = '86400';

/** pg_ctl hands the server's options to a shell. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Stops the server and waits until it is gone; its clients are disconnected and unfinished transactions rolled back. */
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
  if (status !== 0 && (await settle(home.data, undefined)) !== undefined) {
    throw new LedgerError(`The embedded PostgreSQL in ${home.data} could not be stopped: ${output.trim()}`, {
      hint: `It goes on running; the next command joins it and tries again. Its log is in ${home.log}.`,
    });
  }
}

function failedStart(home: Home, said: string): LedgerError {
  return new LedgerError(
    `The embedded PostgreSQL in ${home.data} did not start: ${said === '' ? 'it said nothing' : said}`,
    {
      hint: tellsOfFullDisk(said)
        ? fullDiskHint
        : `Its logs are ${startLog(home)} and those in ${home.log}. DATABASE_URL lets tn-ledger use another server meanwhile.`,
    },
  );
}

function startLog(home: Home): string {
  return join(home.folder, 'start.log');
}

/** The last lines of the logs; the server puts no statements, values or passwords into them. */
async function lastWords(home: Home): Promise<string> {
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
  // Not through a link: the folder belongs to the server's account, and root should not be led to other files.
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
