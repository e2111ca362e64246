import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, ownIdentity, type ProcessIdentity, parseIdentity, printIdentity } from './process-identity.js';

export interface LockOptions {
  signal?: AbortSignal | undefined;
  /** Called once, when the lock is not to be had at once, with the number of the process that has it. */
  onWait?: (holder: number) => void;
}

const pollEvery = 50; // ms
const keptTickets = 16;
const free = 'free';

/**
 * Runs `action` while no other process on this machine runs one under the same folder; processes that were killed, also
 * in an earlier boot, hold nothing.
 *
 * Node offers no lock that the system releases by itself. A single lock file would have to be removed when its owner is dead, and
 * between finding that out and removing it somebody else may have taken its place. So nothing is ever taken away: the folder
 * holds numbered tickets, the highest one is the lock, and whoever finds its owner dead or the ticket free creates the next number,
 * which succeeds for one process only. Old tickets are dropped a safe distance behind. A ticket is a symbolic link
 * whose target is the owner: it appears whole or not at all, and still can where a disk is full.
 */
export async function withLock<T>(folder: string, options: LockOptions, action: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ticket = await takeTicket(folder, options);
  try {
    return await action();
  } finally {
    await symlink(free, join(folder, String(ticket + 1)));
  }
}

async function takeTicket(folder: string, { signal, onWait }: LockOptions): Promise<number> {
  for (let waited = false; ; ) {
    signal?.throwIfAborted();
    const tickets = await ticketsIn(folder);
    const last = tickets.at(-1) ?? 0;
    const holder = last === 0 ? undefined : await holderOf(folder, last);
    if (holder !== undefined) {
      if (!waited) {
        waited = true;
        onWait?.(holder.pid);
      }
      await delay(pollEvery, undefined, { signal });
      continue;
    }
    const next = last + 1;
    if (await create(join(folder, String(next)))) {
      // Had we read the tickets so long ago that ours was among the dropped ones, there would be higher ones now.
      if ((await ticketsIn(folder)).at(-1) === next) {
        const old = tickets.filter((ticket) => ticket <= last - keptTickets);
        await Promise.all(old.map((ticket) => rm(join(folder, String(ticket)), { force: true })));
        return next;
      }
      await rm(join(folder, String(next)), { force: true });
    }
  }
}

async function ticketsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The living owner of a ticket; undefined: it is free, or its owner is dead. */
async function holderOf(folder: string, ticket: number): Promise<ProcessIdentity | undefined> {
  let target: string;
  try {
    target = await readlink(join(folder, String(ticket)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined; // dropped meanwhile: creating the next one fails, or is found to be too late
    }
    throw error;
  }
  const holder = parseIdentity(target);
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

/** False: somebody else was faster. */
async function create(ticket: string): Promise<boolean> {
  try {
    await symlink(printIdentity(ownIdentity()), ticket);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}
