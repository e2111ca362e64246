import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError, messageOf } from '../../errors.js';
import {
  currentBoot,
  isAlive,
  ownIdentity,
  type ProcessIdentity,
  parseIdentity,
  printIdentity,
} from './process-identity.js';
import { isAbsent } from './storage.js';

const heartbeatEvery = 5_000; // ms
/** A user in another container without a heartbeat for this long is dead. */
const staleAfterMs = 30_000; // ms

/**
 * Registers this process as a user of the server; returns a function that unregisters it. The file's modification time
 * is a heartbeat for other containers, which can't see our processes.
 */
export async function register(folder: string, log: (message: string) => void): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // The name contains everything: an empty file is created atomically. A process may register several times.
  const file = join(folder, `${printIdentity(ownIdentity())}.${randomUUID()}`);
  await writeFile(file, '', { mode: 0o600 });
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch((error: unknown) => {
      clearInterval(heartbeat);
      log(`This command can't renew its registration with the embedded database: ${messageOf(error)}`);
    });
  }, heartbeatEvery);
  heartbeat.unref();
  return async () => {
    clearInterval(heartbeat);
    await rm(file, { force: true });
  };
}

/** Counts the server's users, and removes those that died without unregistering. */
export async function countUsers(folder: string): Promise<number> {
  let living = 0;
  for (const { identity, file } of await users(folder)) {
    if (identity !== undefined && isAlive(identity)) {
      living += 1;
    } else if (identity === undefined || !isForeign(identity)) {
      await rm(file, { force: true });
    }
  }
  return living;
}

/**
 * Ensures that no other container, and no other machine that shares the folder, uses the server. Neither we nor
 * PostgreSQL can see its processes, and a second server on the same files would destroy them. Registrations from before
 * a crash of the container or machine get no heartbeat and are removed.
 *
 * @throws {LedgerError} if another container or machine uses the server
 */
export async function ensureNoForeignUsers(
  folder: string,
  { signal, log }: { signal: AbortSignal | undefined; log: (message: string) => void },
): Promise<void> {
  const began = performance.now();
  const firstHeartbeats = new Map<string, number>();
  for (;;) {
    // If their clock is ahead of ours, measure from now.
    const isWaitOver = performance.now() - began > staleAfterMs;
    let waitingFor: string | undefined;
    for (const { identity, file } of await users(folder)) {
      const heartbeat = identity !== undefined && isForeign(identity) ? await lastHeartbeat(file) : undefined;
      if (heartbeat === undefined) {
        continue;
      }
      if (heartbeat > (firstHeartbeats.get(file) ?? heartbeat)) {
        throw new LedgerError('The embedded database is in use in another container or on another machine.', {
          hint: 'A second server on the same files would destroy them, so none was started. Run the command there (docker exec …), stop the other one, or use a PostgreSQL server for both (DATABASE_URL).',
        });
      }
      if (isWaitOver || Date.now() - heartbeat > staleAfterMs) {
        await rm(file, { force: true });
      } else {
        waitingFor = file;
      }
      if (waitingFor !== undefined && firstHeartbeats.size === 0) {
        log(
          'Another container or an earlier boot used the embedded database until recently. Checking that it is gone.',
        );
      }
      firstHeartbeats.set(file, firstHeartbeats.get(file) ?? heartbeat);
    }
    if (waitingFor === undefined) {
      return;
    }
    await delay(200, undefined, { signal });
  }
}

async function users(folder: string): Promise<{ file: string; identity: ProcessIdentity | undefined }[]> {
  const names = await readdir(folder);
  return names.map((name) => ({ file: join(folder, name), identity: parseIdentity(name.replace(/\.[^.]*$/, '')) }));
}

function isForeign({ boot }: ProcessIdentity): boolean {
  return boot !== currentBoot();
}

/** Time of the user's last heartbeat; undefined if it unregistered. */
async function lastHeartbeat(file: string): Promise<number | undefined> {
  return (await stat(file).catch(isAbsent))?.mtimeMs;
}
