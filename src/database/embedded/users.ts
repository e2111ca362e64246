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
/** A user in another container that gave no sign of life for so long is dead. */
const silenceOfTheDead = 30_000; // ms

/**
 * Registers this process as a user of the server; returns what takes the registration back.
 * The file's time is a sign of life for other containers, which can't see our processes.
 */
export async function register(folder: string, log: (message: string) => void): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // All is in the name: an empty file appears whole, and one process may register several times.
  const file = join(folder, `${printIdentity(ownIdentity())}.${randomUUID()}`);
  await writeFile(file, '', { mode: 0o600 });
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch((error: unknown) => {
      clearInterval(heartbeat);
      log(`This command can't keep up its registration with the embedded database: ${messageOf(error)}`);
    });
  }, heartbeatEvery);
  heartbeat.unref();
  return async () => {
    clearInterval(heartbeat);
    await rm(file, { force: true });
  };
}

/** How many users the server has; those that died without taking leave are removed. */
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
 * Makes sure that no other container, nor another machine that shares the folder, uses the server.
 * Neither we nor PostgreSQL could see its processes, and a second server on the same files would destroy them.
 * Registrations from before a crash of the container or the machine fall silent and are removed.
 *
 * @throws LedgerError another one is alive
 */
export async function refuseForeignUsers(
  folder: string,
  { signal, log }: { signal: AbortSignal | undefined; log: (message: string) => void },
): Promise<void> {
  const began = performance.now();
  const firstSigns = new Map<string, number>();
  for (;;) {
    // Of those whose clock is ahead of ours the silence is measured from now.
    const patienceEnded = performance.now() - began > silenceOfTheDead;
    let waitingFor: string | undefined;
    for (const { identity, file } of await users(folder)) {
      const sign = identity !== undefined && isForeign(identity) ? await lastSign(file) : undefined;
      if (sign === undefined) {
        continue;
      }
      if (sign > (firstSigns.get(file) ?? sign)) {
        throw new LedgerError('The embedded database is in use in another container or on another machine.', {
          hint: 'A second server on the same files would destroy them, so none was started. Run the command there (docker exec …), or stop what runs there; or let both use a PostgreSQL server (DATABASE_URL).',
        });
      }
      if (patienceEnded || Date.now() - sign > silenceOfTheDead) {
        await rm(file, { force: true });
      } else {
        waitingFor = file;
      }
      if (waitingFor !== undefined && firstSigns.size === 0) {
        log('Another container or an earlier boot left the embedded database just now: making sure that it is gone.');
      }
      firstSigns.set(file, firstSigns.get(file) ?? sign);
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

/** When the user last gave a sign of life; undefined: it took leave. */
async function lastSign(file: string): Promise<number | undefined> {
  return (await stat(file).catch(isAbsent))?.mtimeMs;
}
