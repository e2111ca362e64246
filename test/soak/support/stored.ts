import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { queueSchema } from '../../../src/database/queue-schema.js';
import { filesIn, type MovedWorld, undisturbed } from './moved-world.js';

/** What a ledger takes. */
export interface Stored {
  /** By table, partitions with their table. */
  rows: Record<string, number>;
  stagingTables: number;
  databaseBytes: number;
  dataBytes: number;
  reports: number;
  /** Complete ones. The others are in progress, or what killed processes left. */
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
  const data = await undisturbed(() => readFolder(join(cwd, 'data')));
  const backups = await undisturbed(() => readFolder(env.TN_LEDGER_BACKUP_DIR as string));
  const unfinished = backups.names.filter((name) => name.endsWith('.tmp')).length;
  return {
    ...(database as Pick<Stored, 'stagingTables' | 'databaseBytes'>),
    rows,
    dataBytes: data.bytes,
    reports: data.files.filter((path) => path.endsWith('.html')).length,
    backups: backups.names.length - unfinished,
    unfinishedBackups: unfinished,
    backupBytes: backups.bytes,
  };
}

async function readFolder(folder: string): Promise<{ names: string[]; files: string[]; bytes: number }> {
  const files = await filesIn(folder);
  const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
  return { names: await readdir(folder), files, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
