import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { damagedBackup, type Manifest, tableFile, tableFileName } from './manifest.js';
import { createFileMeter, createRowCounter } from './streams.js';

export interface VerifyOptions {
  /** What was not done, as in `readManifest`. */
  outcome: string;
  signal: AbortSignal;
}

/**
 * Reads the files of all tables, and checks that they have their SHA-256 and contain their number of rows.
 *
 * @throws {LedgerError} one doesn't
 */
export async function verifyTables(
  folder: string,
  { tables }: Manifest,
  { outcome, signal }: VerifyOptions,
): Promise<void> {
  for (const { name, rows, sha256 } of tables) {
    const compressed = createFileMeter();
    const text = createRowCounter();
    const file = createReadStream(tableFile(folder, name));
    const discard = async (source: AsyncIterable<Buffer>) => {
      for await (const _ of source);
    };
    const damaged = (what: string) => damagedBackup(folder, `${tableFileName(name)} ${what}`, outcome);
    try {
      await pipeline(file, compressed.through, createGunzip(), text.through, discard, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!isZlibError(error)) throw error;
      throw damaged(`can't be decompressed (${error.code})`);
    }
    if (compressed.end().sha256 !== sha256) throw damaged('has another SHA-256 than manifest.json says');
    if (text.rows() !== rows) throw damaged(`contains ${text.rows()} rows, not ${rows}`);
  }
}

function isZlibError(error: unknown): error is NodeJS.ErrnoException {
  return /^Z_/.test((error as NodeJS.ErrnoException).code ?? '');
}
