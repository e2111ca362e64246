import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { LedgerError, messageOf } from '../../errors.js';
import type { Account } from './account.js';

/** For `.catch`: returns undefined for a missing file, and rethrows any other error. */
export function isAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') {
    return undefined;
  }
  throw error;
}

/** Whether PostgreSQL's messages report a full disk or an exceeded quota. */
export function isDiskFull(output: string): boolean {
  return /No space left|free disk space|wrote only|quota exceeded/i.test(output);
}

export const fullDiskHint =
  "Free some disk space (a new embedded database takes about 150 MB; root's is below /var/lib/tn-ledger), or as a regular user set TN_LEDGER_DATA_DIR to a folder on a disk with free space.";

/** Converts a failed file operation to a message with a fix. Returns a LedgerError and an unknown error unchanged. */
export function storageError(error: unknown, what: string): unknown {
  const hints: Record<string, string> = {
    ENOSPC: fullDiskHint,
    EDQUOT: 'Raise the disk quota, or set TN_LEDGER_DATA_DIR to a folder on a disk with free space.',
    EACCES: 'Give this user write permission, or set TN_LEDGER_DATA_DIR to its own folder.',
    EPERM: 'Give this user write permission, or set TN_LEDGER_DATA_DIR to its own folder.',
    EROFS: 'The file system is read-only. Set TN_LEDGER_DATA_DIR to a writable folder, or set DATABASE_URL.',
    ENOTDIR: 'A file is in the way. Remove it, or set TN_LEDGER_DATA_DIR to another folder.',
    EEXIST: 'A file is in the way. Remove it, or set TN_LEDGER_DATA_DIR to another folder.',
  };
  const hint = hints[(error as NodeJS.ErrnoException | null)?.code ?? ''];
  if (error instanceof LedgerError || hint === undefined) {
    return error;
  }
  return new LedgerError(`${what}: ${messageOf(error)}`, { hint, cause: error });
}

/** Replaces a file atomically, so that it is never seen partly written, even after a power failure. */
export async function writeWhole(path: string, content: string, mode: number, owner?: Account): Promise<void> {
  const next = `${path}.${randomUUID()}`;
  try {
    const file = await open(next, 'wx', mode);
    try {
      await file.chmod(mode); // open() applies the process's umask
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

/** Creates a folder, if it doesn't exist, that every account can enter, regardless of this process's umask. */
export async function makeSharedFolder(path: string): Promise<void> {
  if ((await mkdir(path, { recursive: true })) !== undefined) {
    await chmod(path, 0o755);
  }
}

/** Syncs a folder, so that its entries survive a power failure. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
