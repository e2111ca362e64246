import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
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

/** Beside the path, hidden, and this process's own: what is written there and renamed is never seen in half. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
}
