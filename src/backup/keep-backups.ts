import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../database/connect.js';
import { readLedgerId } from './ledger-tables.js';
import { type Manifest, readManifest, unlessMissing } from './manifest.js';
import { type BackupOptions, unfinishedPrefix, writeBackup } from './write-backup.js';

export interface KeptBackup {
  folder: string;
  manifest: Manifest;
  /** Older backups that were removed. */
  removed: string[];
}

/**
 * Writes a backup to a new folder below `parent`, which is created if needed. Then removes the ledger's oldest backups there
 * except for the latest `keep`, and what interrupted backups left behind.
 *
 * @throws {LedgerError} as `writeBackup`; nothing is removed then
 */
export async function writeNextBackup(
  database: Database,
  parent: string,
  { keep, ...options }: BackupOptions & { keep: number },
): Promise<KeptBackup> {
  await mkdir(parent, { recursive: true });
  const ledger = (await readLedgerId(database.pool))?.slice(0, 8) ?? 'unknown';
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  const folder = join(parent, `tn-ledger-${ledger}-${stamp}Z`);
  const manifest = await writeBackup(database, folder, options);
  const removed = manifest.ledger_id === null ? [] : await removeOldBackups(parent, manifest.ledger_id, keep);
  await removeUnfinished(parent);
  return { folder, manifest, removed };
}

const scheduledName = /^tn-ledger-[0-9a-f]{8}-\d{4}-\d\d-\d\dT\d{6}Z$/;

/** Complete backups of this ledger with a name that `writeNextBackup` gives; anything else stays and doesn't count. */
async function removeOldBackups(parent: string, ledgerId: string, keep: number): Promise<string[]> {
  const found: { folder: string; time: string }[] = [];
  for (const entry of await readdir(parent, { withFileTypes: true })) {
    if (!entry.isDirectory() || !scheduledName.test(entry.name)) continue;
    const folder = join(parent, entry.name);
    const manifest = await readManifest(folder, '').catch(() => undefined);
    if (manifest?.ledger_id === ledgerId) found.push({ folder, time: manifest.created_at });
  }
  found.sort((one, other) => (one.time < other.time ? 1 : -1));
  const old = found.slice(keep).map(({ folder }) => folder);
  for (const folder of old) {
    // A backup that is partly removed must not look like one.
    const unnamed = join(parent, `${unfinishedPrefix}${randomUUID()}.tmp`);
    await rename(folder, unnamed);
    await rm(unnamed, { recursive: true });
  }
  return old;
}

const unfinishedMs = 2 * 86_400_000;

/** Those of processes that were killed: a backup in progress creates files all the time. */
async function removeUnfinished(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(unfinishedPrefix) || !name.endsWith('.tmp')) continue;
    const facts = await stat(join(parent, name)).catch(unlessMissing);
    if (facts !== undefined && Date.now() - facts.mtimeMs > unfinishedMs) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
}
