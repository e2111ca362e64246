import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LedgerError, messageOf } from './errors.js';

/** An id as part of a file name. Ids come from the API: characters that could change the path are replaced. */
export function fileNamePart(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/g, '_');
}

/**
 * Returns the folder of downloaded files, created if missing. Only its owner can read it, because it contains call
 * records.
 */
export async function downloadsFolder(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'downloads');
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new LedgerError(`The folder ${folder} can't be created: ${messageOf(cause)}.`, {
      hint: 'Check TN_LEDGER_DATA_DIR and its permissions.',
      cause,
    });
  });
  return folder;
}
