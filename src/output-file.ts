import { randomUUID } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from './errors.js';

/**
 * Refuses a path where a file can't or shouldn't be written, before any work is done for it.
 *
 * @throws {UsageError} it is a folder, or a file that is not to be replaced
 */
export async function checkOutputPath(path: string, { replace }: { replace: boolean }): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) {
    throw new UsageError(`${path} is a folder. Nothing was written.`, { hint: 'Name a file in it.' });
  }
  if (found !== undefined && !replace) throw fileExists(path);
}

/** The file is there, and is not to be replaced. */
export function fileExists(path: string): UsageError {
  return new UsageError(`${path} exists already. Nothing was written.`, {
    hint: 'Name another file, or replace it with --force.',
  });
}

/**
 * A file that is being written beside its own name: hidden, under a name that nobody can guess, and new, so that no link that
 * somebody put there is followed.
 */
export interface OutputFile {
  handle: FileHandle;
  /**
   * Gives the file its name once all of it is on the disk. A link of that name is replaced, never followed.
   *
   * @throws {UsageError} the name is taken, and nothing is to be replaced
   */
  finish(options?: { replace?: boolean }): Promise<void>;
  /** Removes what was written. To be called whatever happened; after `finish` it does nothing. */
  discard(): Promise<void>;
}

/** Begins a file in a folder that is there. */
export async function beginFile(path: string): Promise<OutputFile> {
  const folder = dirname(path);
  // The file's own name may be as long as names can be.
  const temporary = join(folder, `.tn-ledger-${randomUUID()}.tmp`);
  const handle = await open(temporary, 'wx+');
  let isOpen = true;
  const close = async () => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  return {
    handle,
    async finish({ replace = true } = {}) {
      await handle.sync();
      await close();
      if (replace) await rename(temporary, path);
      else {
        // Unlike a renaming, a link never takes the place of a file that came meanwhile.
        await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
          throw error.code === 'EEXIST' ? fileExists(path) : error;
        });
      }
      await syncFolder(folder);
    },
    async discard() {
      await close();
      await rm(temporary, { force: true });
    },
  };
}

/** Writes a file whole, in a folder that is made where there is none: it has its name only when all of it is on the disk. */
export async function writeWhole(
  path: string,
  content: string | Buffer | ((handle: FileHandle) => Promise<void>),
  options: { replace?: boolean } = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await beginFile(path);
  try {
    if (typeof content === 'function') await content(file.handle);
    else await file.handle.writeFile(content);
    await file.finish(options);
  } finally {
    await file.discard();
  }
}

/** Makes the names in a folder survive a power failure. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
