import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { LedgerError } from '../errors.js';

/**
 * An inbox entry that isn't read. Other users can write to the inbox, and the entry could lead to a file that isn't
 * theirs.
 */
export class UntrustedEntryError extends LedgerError {
  override readonly name = 'UntrustedEntryError';
}

/** User ids whose inbox files are accepted. */
export type TrustedUsers = ReadonlySet<number>;

/** Returns why an entry must not be read; undefined for a regular file of a trusted user that has only one name. */
export function untrustedReason(facts: Stats, trusted: TrustedUsers): string | undefined {
  if (facts.isSymbolicLink()) return 'it is a symbolic link';
  if (!facts.isFile()) return 'it is not a regular file';
  // The other name may be in a folder that the submitter can't read.
  if (facts.nlink > 1) return 'it is a hard link: the same file has another name';
  // Windows has no owners.
  if (process.getuid !== undefined && !trusted.has(facts.uid)) {
    return `it belongs to user id ${facts.uid}, which TN_LEDGER_INBOX_USERS doesn't include`;
  }
  return undefined;
}

/**
 * Opens an inbox file without following a link anywhere below the inbox folder. Anyone who can write to the inbox
 * could replace a file or folder with a link to any file, at any time.
 *
 * @param path the file's path, below `root`
 * @throws {UntrustedEntryError} if the entry isn't a regular file of a trusted user
 */
export async function openInboxFile(root: string, path: string, trusted: TrustedUsers): Promise<FileHandle> {
  const steps = path.slice(root.length + 1).split(sep);
  const name = steps.pop() as string;
  let folder: FileHandle | undefined;
  try {
    // Linux opens each step relative to the descriptor of its open parent folder. On other systems only the last step
    // is protected.
    const below = (step: string) => (folder === undefined ? join(root, step) : `/proc/self/fd/${folder.fd}/${step}`);
    if (process.platform === 'linux') {
      for (const step of steps) {
        const next = await open(below(step), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
        await folder?.close();
        folder = next;
      }
    } else steps.push(name);
    // Don't block on a pipe that has no writer.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await open(process.platform === 'linux' ? below(name) : join(root, ...steps), flags);
    const reason = untrustedReason(await handle.stat(), trusted);
    if (reason === undefined) return handle;
    await handle.close();
    throw new UntrustedEntryError(`${path} was not read: ${reason}.`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP' || code === 'ENOTDIR') {
      throw new UntrustedEntryError(`${path} was not read: its path contains a symbolic link.`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    await folder?.close();
  }
}
