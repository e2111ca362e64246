import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { lstat, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startOf } from './process-identity.js';
import { isAbsent, writeWhole } from './storage.js';

/** A running server, as its postmaster.pid tells. */
export interface Postmaster {
  pid: number;
  port: number;
  /** `starting`, `ready`, `standby` or `stopping`. */
  state: string;
}

/** The server that runs on this data folder; undefined: none does, whatever an old postmaster.pid says. */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const lines = (await readFile(pidFile(data), 'utf8').catch(isAbsent))?.split('\n');
  const pid = Number(lines?.[0]);
  if (lines === undefined || !Number.isInteger(pid) || pid <= 0 || !isPostmasterOf(data, pid)) {
    return undefined;
  }
  return { pid, port: Number(lines[3]), state: lines[7]?.trim() || 'starting' };
}

/** Waits until the server is no longer starting or stopping; undefined: it is gone. */
export async function settle(data: string, signal: AbortSignal | undefined): Promise<Postmaster | undefined> {
  for (;;) {
    const postmaster = await findPostmaster(data);
    if (postmaster === undefined || postmaster.state === 'ready') {
      return postmaster;
    }
    await delay(50, undefined, { signal });
  }
}

/**
 * Lets PostgreSQL start although postmaster.pid names a process that exists: one that was given the number of a server that is
 * no more, as happens after a crash or when a container starts again, or the server's own zombie. PostgreSQL would take it for
 * the server. The file is not removed, for PostgreSQL learns from its other lines whether processes of the dead server still use
 * its memory: the number is replaced by our own, because PostgreSQL knows that the process that starts it is not another server.
 */
export async function disownStalePidFile(data: string): Promise<void> {
  const text = await readFile(pidFile(data), 'utf8').catch(isAbsent);
  if (text === undefined || (await findPostmaster(data)) !== undefined) {
    return;
  }
  if (text.trim() === '') {
    await rm(pidFile(data)); // emptied by a power failure; PostgreSQL would ask a person to do this
    return;
  }
  await writeWhole(pidFile(data), text.replace(/^.*/, String(process.pid)), 0o600, await lstat(pidFile(data)));
}

function pidFile(data: string): string {
  return join(data, 'postmaster.pid');
}

/**
 * Whether the process is a server on this data folder. Told by its command line (`postgres -D <data> …`), which every account may
 * read: root in a container may not see another account's working folder or program.
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
      return false; // it ended just now
    }
    throw error;
  }
}
