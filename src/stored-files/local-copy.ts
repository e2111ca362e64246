import { mkdir, open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Database } from '../database/connect.js';
import { LedgerError, messageOf } from '../errors.js';
import { readParts } from './parts.js';
import { type SubmittedFile, titleOfFile } from './submitted-files.js';

/** Folder in the data folder for copies of submitted files. */
const copiesFolder = 'submitted';

/** A submitted file can't be written to disk; it stays as it is in the database. */
export class CopyError extends LedgerError {
  override readonly name = 'CopyError';
}

/** A file of the database in a folder of its own, which has the file's name. */
export interface LocalCopy {
  path: string;
  /** Removes the folder with everything in it. */
  remove(): Promise<void>;
}

/**
 * Removes copies that an earlier run of the account left behind. Only the holder of the job's lock may call it.
 *
 * @throws {LedgerError} they can't be removed
 */
export async function removeCopies(dataDir: string, account: string): Promise<void> {
  const folder = folderOf(dataDir, account);
  await rm(folder, { recursive: true, force: true }).catch((cause: unknown) => {
    throw new LedgerError(`Old copies of submitted files can't be removed from ${folder}: ${messageOf(cause)}.`, {
      hint: 'Remove the folder, or make it writable for the user that runs tn-ledger.',
      cause,
    });
  });
}

function folderOf(dataDir: string, account: string): string {
  return join(dataDir, copiesFolder, encodeURIComponent(account));
}

/**
 * Writes a submitted file to the data folder, because a list of numbers is read more than once.
 *
 * @throws {CopyError} it can't be written
 * @throws {LedgerError} its bytes aren't those that were submitted
 */
export function copyToDisk(database: Database, dataDir: string, file: SubmittedFile): Promise<LocalCopy> {
  return copyTo(database, join(folderOf(dataDir, file.account), file.fileId), file);
}

/** Writes a submitted file to a folder of its own; throws the same. */
export async function copyTo(database: Database, folder: string, file: SubmittedFile): Promise<LocalCopy> {
  const path = join(folder, basename(file.name));
  const remove = () => rm(folder, { recursive: true, force: true });
  const onDisk = <T>(step: Promise<T>) =>
    step.catch((cause: unknown) => {
      throw new CopyError(
        `${titleOfFile(file)} can't be copied to ${folder} (${messageOf(cause)}) and stays in the database. Free disk space, or let the user that runs tn-ledger write there; the next run tries it again.`,
        { cause },
      );
    });
  try {
    await onDisk(mkdir(folder, { recursive: true, mode: 0o700 }));
    const handle = await onDisk(open(path, 'wx', 0o600));
    try {
      for await (const part of readParts(database.pool, file)) await onDisk(handle.appendFile(part));
    } finally {
      await handle.close();
    }
    return { path, remove };
  } catch (error) {
    await remove().catch(() => undefined);
    throw error;
  }
}
