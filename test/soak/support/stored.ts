import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { queueSchema } from '../../../src/database/queue-schema.js';
import { filesIn, type MovedWorld } from './moved-world.js';

/** What a ledger takes. */
export interface Stored {
  /** By table, partitions with their table. */
  rows: Record<string, number>;
  stagingTables: number;
  databaseBytes: number;
  dataBytes: number;
  reports: number;
  /** Complete ones, and what killed processes left of others. */
  backups: number;
  unfinishedBackups: number;
  backupBytes: number;
}

export async function readStored({ query, cwd, env }: MovedWorld): Promise<Stored> {
  const tables = await query<{ name: string }>(
    `select oid::regclass::text as name from pg_class
      where relkind = 'r' and relnamespace = any ('{tn_ledger,${queueSchema}}'::regnamespace[])`,
  );
  const counts = tables.map(({ name }) => `select '${name}' as name, count(*)::integer as count from ${name}`);
  const rows: Record<string, number> = {};
  for (const { name, count } of await query<{ name: string; count: number }>(counts.join(' union all '))) {
    const table = name.replace(/__.*/, '');
    rows[table] = (rows[table] ?? 0) + count;
  }
  const [database] = await query<Pick<Stored, 'stagingTables' | 'databaseBytes'>>(`
    select pg_database_size(current_database())::integer as "databaseBytes", (select count(*) from pg_class
             where relkind = 'r' and relnamespace = to_regnamespace('tn_ledger_staging'))::integer as "stagingTables"`);
  const dataFiles = await filesIn(join(cwd, 'data'));
  const backupFolder = env.TN_LEDGER_BACKUP_DIR as string;
  const backups = await readdir(backupFolder);
  const unfinishedBackups = backups.filter((name) => name.endsWith('.tmp')).length;
  return {
    ...(database as Pick<Stored, 'stagingTables' | 'databaseBytes'>),
    rows,
    dataBytes: await bytesOf(dataFiles),
    reports: dataFiles.filter((path) => path.endsWith('.html')).length,
    backups: backups.length - unfinishedBackups,
    unfinishedBackups,
    backupBytes: await bytesOf(await filesIn(backupFolder)),
  };
}

async function bytesOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
