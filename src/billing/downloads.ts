import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { LedgerError, messageOf } from '../errors.js';
import type { OpenReport } from './reports.js';

const dayMs = 86_400_000;

/** The folder of downloaded archives, made if it is missing. Only its owner may look into it: it holds call records. */
export async function downloadsFolder(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'downloads');
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new LedgerError(`The folder ${folder} can't be made: ${messageOf(cause)}.`, {
      hint: 'Check TN_LEDGER_DATA_DIR and who may write there.',
      cause,
    });
  });
  return folder;
}

/** Name of a report's archive. Ids come from outside: what could lead elsewhere is not taken into a name. */
export function archiveName(account: string, { type, from, to, reportId }: OpenReport): string {
  const safe = (text: string) => text.replace(/[^A-Za-z0-9_-]/g, '_');
  return `${safe(account)}-${safe(type)}-${from}-${to}-${safe(reportId)}.zip`;
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return hash.digest('hex');
}

/**
 * Removes archives, and what is left of broken downloads, that are older than so many days (a day); answers with how
 * many. Archives that wait to be loaded stay.
 */
export async function removeOldArchives(
  pool: pg.Pool,
  folder: string,
  options: { days: number; now: Date },
): Promise<number> {
  const { rows } = await pool.query<{ archive_file: string }>(
    `select archive_file from billing_reports where state = 'downloaded' and archive_file is not null`,
  );
  const wanted = new Set(rows.map(({ archive_file }) => archive_file));
  let removed = 0;
  for (const name of await readdir(folder)) {
    const isPart = /\.zip\.\d+\.part$/.test(name);
    if ((!name.endsWith('.zip') && !isPart) || wanted.has(name)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (options.now.getTime() - mtimeMs <= (isPart ? 1 : options.days) * dayMs) continue;
    await rm(path);
    await pool.query('update billing_reports set archive_file = null where archive_file = $1', [name]);
    removed += 1;
  }
  return removed;
}
