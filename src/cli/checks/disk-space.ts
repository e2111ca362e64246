import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../database/connect.js';
import { LedgerError } from '../../errors.js';
import type { Session } from '../session.js';
import { databaseIfOpen } from './database.js';
import { nearestFolder } from './folders.js';
import { ok, type Verdict, warning } from './report.js';

/** Below this there isn't room for logs, results and a small archive. */
const leastBytes = 100e6;
/** For an empty ledger: the staging tables of the first run and archives of a few million call records. */
const basicBytes = 1e9;
/** Share of the current size: a run stages the listings again, adds new row versions, and downloads archives. */
const growthShare = 0.25;

/** Checks the file systems of the data folder and of the embedded database, which may differ. */
export async function checkSpace(session: Session): Promise<Verdict> {
  const { dataDir } = session.config;
  const database = await databaseIfOpen(session);
  const stored = [{ folder: nearestFolder(dataDir), bytes: bytesOfFiles(join(dataDir, 'downloads')) }];
  const postgres = join(dataDir, 'postgres');
  if (database?.embedded === true && existsSync(postgres)) {
    stored.push({ folder: realpathSync(postgres), bytes: await bytesOfDatabase(database) });
  }
  const texts: string[] = [];
  let isLow = false;
  for (const { folder, bytes } of onePerDevice(stored)) {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const wanted = basicBytes + growthShare * bytes;
    const space = `${describeBytes(free)} free at ${folder}`;
    if (free < leastBytes) {
      throw new LedgerError(`Only ${space}.`, {
        hint: `Free at least ${describeBytes(wanted)}, or set TN_LEDGER_DATA_DIR to a folder on another disk.`,
      });
    }
    isLow ||= free < wanted;
    texts.push(free < wanted ? `${space}, less than the ${describeBytes(wanted)} that a run may need` : space);
  }
  return isLow ? warning(texts.join('; ')) : ok(texts.join('; '));
}

function onePerDevice(stored: readonly { folder: string; bytes: number }[]) {
  const byDevice = new Map<number, { folder: string; bytes: number }>();
  for (const { folder, bytes } of stored) {
    const { dev } = statSync(folder);
    const same = byDevice.get(dev);
    byDevice.set(dev, { folder: same?.folder ?? folder, bytes: bytes + (same?.bytes ?? 0) });
  }
  return byDevice.values();
}

function bytesOfFiles(folder: string): number {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return 0;
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { name }) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

async function bytesOfDatabase({ pool }: Database): Promise<number> {
  const { rows } = await pool.query('select pg_database_size(current_database())::float8 as bytes');
  return rows[0].bytes;
}

function describeBytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
