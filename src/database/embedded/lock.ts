import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, ownIdentity, type ProcessIdentity, parseIdentity, printIdentity } from './process-identity.js';

export interface LockOptions {
  signal?: AbortSignal | undefined;
  /** Called once with the pid of the holder, if the lock isn't free. */
  onWait?: (holder: number) => void;
}

const pollEvery = 50; // ms
const keptTickets = 16;
const free = 'free';

/**
 * Runs `action` while holding the folder's lock, which one process on this machine can hold at a time. Killed
 * processes, including those of an earlier boot, hold no lock.
 *
 * Node.js has no lock that the system releases automatically. A single lock file would have to be removed when its
 * owner is dead, but another process may have replaced it between the check and the removal. So the lock is never
 * removed: the folder has numbered tickets, and the highest one is the lock. A process that finds the ticket free or
 * its owner dead creates the next number, which succeeds for only one process. Much older tickets are deleted. A ticket
 * is a symbolic link whose target identifies the owner: creating it is atomic and works even on a full disk.
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
      // If our list is so old that our number had already been deleted, there are higher tickets now.
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

/** The live owner of a ticket; undefined if it is free or its owner is dead. */
async function holderOf(folder: string, ticket: number): Promise<ProcessIdentity | undefined> {
  let target: string;
  try {
    target = await readlink(join(folder, String(ticket)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined; // deleted in the meantime: creating the next one fails or is detected as outdated
    }
    throw error;
  }
  const holder = parseIdentity(target);
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

/** Returns false if another process created it first. */
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
