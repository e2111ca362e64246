import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { LedgerError, messageOf } from '../../errors.js';
import type { Account } from './account.js';

/** For `.catch`: a file that isn't there is undefined, any other failure stays one. */
export function isAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') {
    return undefined;
  }
  throw error;
}

/** Whether PostgreSQL's messages tell of a disk or quota that is used up. */
export function tellsOfFullDisk(output: string): boolean {
  return /No space left|free disk space|wrote only|quota exceeded/i.test(output);
}

export const fullDiskHint =
  'Free some disk space (a new embedded database takes about 150 MB; that of root is below /var/lib/tn-ledger), or as an ordinary user set TN_LEDGER_DATA_DIR to a folder on a disk with room.';

/** Turns a failed file operation into a sentence with its mend; errors that are already meant for the reader stay. */
export function storageError(error: unknown, what: string): unknown {
  const hints: Record<string, string> = {
    ENOSPC: fullDiskHint,
    EDQUOT: 'Raise the disk quota, or set TN_LEDGER_DATA_DIR to a folder on a disk with room.',
    EACCES: 'Give this user write permission, or set TN_LEDGER_DATA_DIR to a folder of its own.',
    EPERM: 'Give this user write permission, or set TN_LEDGER_DATA_DIR to a folder of its own.',
    EROFS: 'The file system is read-only: set TN_LEDGER_DATA_DIR to a folder that can be written, or set DATABASE_URL.',
    ENOTDIR: 'A file is in the way: remove it, or set TN_LEDGER_DATA_DIR to another folder.',
    EEXIST: 'A file is in the way: remove it, or set TN_LEDGER_DATA_DIR to another folder.',
  };
  const hint = hints[(error as NodeJS.ErrnoException | null)?.code ?? ''];
  if (error instanceof LedgerError || hint === undefined) {
    return error;
  }
  return new LedgerError(`${what}: ${messageOf(error)}`, { hint, cause: error });
}

/** Replaces a file so that it is never seen half-written, not even after a power failure. */
export async function writeWhole(path: string, content: string, mode: number, owner?: Account): Promise<void> {
  const next = `${path}.${randomUUID()}`;
  try {
    const file = await open(next, 'wx', mode);
    try {
      await file.chmod(mode); // open() subtracts the process's mask
      await file.writeFile(content);
      if (owner !== undefined) {
        await file.chown(owner.uid, owner.gid);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}

/** Creates a folder, unless it is there, that every account may pass through, whatever mask this process creates files under. */
export async function makeSharedFolder(path: string): Promise<void> {
  if ((await mkdir(path, { recursive: true })) !== undefined) {
    await chmod(path, 0o755);
  }
}

/** Makes the names in a folder survive a power failure. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
