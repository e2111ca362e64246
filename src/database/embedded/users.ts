import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, ownIdentity, parseIdentity, printIdentity } from './process-identity.js';

/** Registers this process as a user of the server; returns what takes the registration back. */
export async function register(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // All is in the name: an empty file appears whole, and one process may register several times.
  const file = join(folder, `${printIdentity(ownIdentity())}.${randomUUID()}`);
  await writeFile(file, '', { mode: 0o600 });
  return () => rm(file, { force: true });
}

/** How many users the server has; those that died without taking leave are removed. */
export async function countUsers(folder: string): Promise<number> {
  let living = 0;
  for (const name of await readdir(folder)) {
    const identity = parseIdentity(name.replace(/\.[^.]*$/, ''));
    if (identity !== undefined && isAlive(identity)) {
      living += 1;
    } else {
      await rm(join(folder, name), { force: true });
    }
  }
  return living;
}
