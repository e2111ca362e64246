import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../database/connect.js';
import { change } from '../database/transaction.js';
import { fileNamePart } from '../downloads-folder.js';
import type { OpenReport } from './reports.js';

const dayMs = 86_400_000;

/** Returns the file name of a report's archive. */
export function archiveName(account: string, { type, from, to, reportId }: OpenReport): string {
  return `${fileNamePart(account)}-${fileNamePart(type)}-${from}-${to}-${fileNamePart(reportId)}.zip`;
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return hash.digest('hex');
}

/**
 * Finds archives older than the given number of days, and partial downloads older than a day. Archives that wait to be
 * loaded stay, and so do those that are younger on the database's clock: file times come from this machine's clock,
 * which may have been wrong.
 */
export async function findOldArchives(
  { pool }: Pick<Database, 'pool'>,
  folder: string,
  options: { days: number; now: Date },
): Promise<string[]> {
  const old: string[] = [];
  for (const name of await readdir(folder)) {
    const isPart = /\.\d+\.part$/.test(name);
    if (!name.endsWith('.zip') && !isPart) continue;
    // Accounts share the folder, and another one may be removing the same archives.
    const facts = await stat(join(folder, name)).catch(unlessGone);
    if (facts !== undefined && options.now.getTime() - facts.mtimeMs > (isPart ? 1 : options.days) * dayMs)
      old.push(name);
  }
  if (old.length === 0) return [];
  const { rows } = await pool.query<{ archive_file: string }>(
    `select archive_file from billing_reports
      where archive_file = any($1) and (state = 'downloaded' or completed_at > clock_timestamp() - make_interval(days => $2))`,
    [old, options.days],
  );
  const wanted = new Set(rows.map(({ archive_file }) => archive_file));
  return old.filter((name) => !wanted.has(name));
}

/** Removes what `findOldArchives` finds; returns how many there were. */
export async function removeOldArchives(
  database: Database,
  folder: string,
  options: { days: number; now: Date },
): Promise<number> {
  const removed = await findOldArchives(database, folder, options);
  if (removed.length === 0) return 0;
  for (const name of removed) await rm(join(folder, name), { force: true });
  await change(database, 'update billing_reports set archive_file = null where archive_file = any($1)', [removed]);
  return removed.length;
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
