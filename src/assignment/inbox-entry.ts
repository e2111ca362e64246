import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { LedgerError } from '../errors.js';

/** An entry of the inbox that is not read: others may write to the inbox, and it could lead to a file that is not theirs. */
export class UntrustedEntryError extends LedgerError {
  override readonly name = 'UntrustedEntryError';
}

/** User ids whose files are taken from the inbox. */
export type TrustedUsers = ReadonlySet<number>;

/** Why an entry is not to be read; undefined where it is an ordinary file of a trusted user, known by one name only. */
export function distrust(facts: Stats, trusted: TrustedUsers): string | undefined {
  if (facts.isSymbolicLink()) return 'it is a symbolic link';
  if (!facts.isFile()) return 'it is not a regular file';
  // A second name may be in a folder that the submitter may not read.
  if (facts.nlink > 1) return 'it is a hard link: the same file has another name';
  // Windows has no owners.
  if (process.getuid !== undefined && !trusted.has(facts.uid)) {
    return `it belongs to user id ${facts.uid}, which TN_LEDGER_INBOX_USERS does not name`;
  }
  return undefined;
}

/**
 * Opens a file of the inbox without following a link anywhere on the way from the inbox's own folder: whoever may write to the
 * inbox could put a link to any file in the place of a file or a folder, at any moment.
 *
 * @param path the file's path, below `root`
 * @throws {UntrustedEntryError} what is there is not an ordinary file of a trusted user
 */
export async function openInboxFile(root: string, path: string, trusted: TrustedUsers): Promise<FileHandle> {
  const steps = path.slice(root.length + 1).split(sep);
  const name = steps.pop() as string;
  let folder: FileHandle | undefined;
  try {
    // Linux opens what is below an open folder by its descriptor; elsewhere only the last step is guarded.
    const below = (step: string) => (folder === undefined ? join(root, step) : `/proc/self/fd/${folder.fd}/${step}`);
    if (process.platform === 'linux') {
      for (const step of steps) {
        const next = await open(below(step), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
        await folder?.close();
        folder = next;
      }
    } else steps.push(name);
    // A pipe that nobody writes to is not waited for.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await open(process.platform === 'linux' ? below(name) : join(root, ...steps), flags);
    const reason = distrust(await handle.stat(), trusted);
    if (reason === undefined) return handle;
    await handle.close();
    throw new UntrustedEntryError(`${path} was not read: ${reason}.`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP' || code === 'ENOTDIR') {
      throw new UntrustedEntryError(`${path} was not read: there is a symbolic link on the way to it.`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    await folder?.close();
  }
}
