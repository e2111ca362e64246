import { randomUUID } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from './errors.js';

/**
 * Checks an output path before any work is done.
 *
 * @throws {UsageError} the path is a folder, or an existing file that must not be replaced
 */
export async function checkOutputPath(path: string, { replace }: { replace: boolean }): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) {
    throw new UsageError(`${path} is a folder. Nothing was written.`, { hint: 'Specify a file.' });
  }
  if (found !== undefined && !replace) throw fileExists(path);
}

export function fileExists(path: string): UsageError {
  return new UsageError(`${path} already exists. Nothing was written.`, {
    hint: 'Choose another file, or replace it with --force.',
  });
}

/** The mode of folders whose files have the given mode: adds execute for everyone who can read. */
export function folderMode(fileMode: number): number {
  return fileMode | ((fileMode & 0o444) >> 2);
}

/**
 * A file that is written under a temporary name in the same folder. The name is hidden and unguessable, and the file must not
 * exist yet, so that a planted link is never followed.
 */
export interface OutputFile {
  handle: FileHandle;
  /**
   * Renames the file once it is synced to disk. A link of that name is replaced, never followed.
   *
   * @throws {UsageError} the file exists and `replace` is false
   */
  finish(options?: { replace?: boolean }): Promise<void>;
  /** Removes the temporary file. Always call it; after `finish` it does nothing. */
  discard(): Promise<void>;
}

/** Creates the temporary file; the folder must exist. */
export async function beginFile(path: string): Promise<OutputFile> {
  const folder = dirname(path);
  // Doesn't include the file's own name, which may already have the maximum length.
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
        // Unlike rename, link fails if another process created the file in the meantime.
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

/** Writes a file atomically, creating its folder if needed: the file gets its name only once it is synced to disk. */
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

/** Makes renames in a folder survive a power failure. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
