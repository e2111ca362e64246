import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { lstat, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startOf } from './process-identity.js';
import { isAbsent, writeWhole } from './storage.js';

/** A running server, according to its postmaster.pid. */
export interface Postmaster {
  pid: number;
  port: number;
  /** `starting`, `ready`, `standby`, or `stopping`. */
  state: string;
}

/** The server running on this data folder; undefined if none is, even if a stale postmaster.pid exists. */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const lines = (await readFile(pidFile(data), 'utf8').catch(isAbsent))?.split('\n');
  const pid = Number(lines?.[0]);
  if (lines === undefined || !Number.isInteger(pid) || pid <= 0 || !isPostmasterOf(data, pid)) {
    return undefined;
  }
  return { pid, port: Number(lines[3]), state: lines[7]?.trim() || 'starting' };
}

/** Waits until the server is no longer starting or stopping; undefined if it is gone. */
export async function waitForStableState(
  data: string,
  signal: AbortSignal | undefined,
): Promise<Postmaster | undefined> {
  for (;;) {
    const postmaster = await findPostmaster(data);
    if (postmaster === undefined || postmaster.state === 'ready') {
      return postmaster;
    }
    await delay(50, undefined, { signal });
  }
}

/**
 * Lets PostgreSQL start if a stale postmaster.pid contains the pid of an existing process: one that reuses the dead
 * server's pid, as happens after a crash or when a container restarts, or the server's own zombie. PostgreSQL would
 * mistake it for the server. The file is not removed, because PostgreSQL uses its other lines to check whether
 * processes of the dead server still use its memory. Instead, the pid is replaced with ours: PostgreSQL knows that the
 * process that starts it isn't another server.
 */
export async function disownStalePidFile(data: string): Promise<void> {
  const text = await readFile(pidFile(data), 'utf8').catch(isAbsent);
  if (text === undefined || (await findPostmaster(data)) !== undefined) {
    return;
  }
  if (text.trim() === '') {
    await rm(pidFile(data)); // emptied by a power failure; PostgreSQL would require manual removal
    return;
  }
  await writeWhole(pidFile(data), text.replace(/^.*/, String(process.pid)), 0o600, await lstat(pidFile(data)));
}

function pidFile(data: string): string {
  return join(data, 'postmaster.pid');
}

/**
 * Whether the process is a server on this data folder. Checks its command line (`postgres -D <data> …`), which every
 * account may read: root in a container may not see another account's working directory or program.
 */
function isPostmasterOf(data: string, pid: number): boolean {
  if (startOf(pid) === undefined) {
    return false;
  }
  try {
    if (process.platform === 'linux') {
      const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return basename(program) === 'postgres' && args.includes(data);
    }
    const line = execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return line.includes(`postgres -D ${data} `);
  } catch (error) {
    if (startOf(pid) === undefined) {
      return false; // it just ended
    }
    throw error;
  }
}
