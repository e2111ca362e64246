import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { findRecordsTable, indexNewRows, partitionsOf, recreateRecordsTable } from '../billing/records-table.js';
import type { Database } from '../database/connect.js';
import {
  createSchema,
  ensureNoLedger,
  migrate,
  migrationNames,
  readRepeatablesChecksum,
} from '../database/migrations.js';
import { UsageError } from '../errors.js';
import { version } from '../version.js';
import { columnList, derivedMarks, sqlOf } from './ledger-tables.js';
import {
  type BackedUpTable,
  damagedBackup,
  type Manifest,
  readManifest,
  tableFile,
  tableFileName,
} from './manifest.js';
import { createFileMeter, createRowCounter } from './streams.js';
import { verifyTables } from './verify-tables.js';

export interface RestoreOptions {
  signal: AbortSignal;
  /** Receives the current table, and how many bytes of it were loaded. */
  onProgress?: (table: string, bytes: number) => void;
}

const outcome = 'Nothing was restored.';

/**
 * Checks a backup completely, without a database.
 *
 * @throws {UsageError} the folder isn't a backup, or a later version made it
 * @throws {LedgerError} the backup is incomplete or was changed
 */
export async function checkBackup(folder: string, signal: AbortSignal): Promise<Manifest> {
  const manifest = await readManifest(folder, outcome);
  const unknown = manifest.migrations.filter((name) => !migrationNames.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(
      `The backup ${folder} was made by ${manifest.program}, whose schema this tn-ledger ${version} doesn't know: it has ${unknown.join(', ')}. ${outcome}`,
      { hint: 'Restore it with that version, or a later one.' },
    );
  }
  await verifyTables(folder, manifest, { outcome, signal });
  return manifest;
}

/**
 * Restores a checked backup into a database without a ledger, in one transaction, and brings its schema up to date. If it
 * fails, the database is as empty as before.
 *
 * @returns the tables that were left out, because the ledger has no such tables: users created them
 * @throws {UsageError} the database contains a ledger
 * @throws {LedgerError} a file changed since the check, or the database fails
 */
export async function restoreBackup(
  database: Database,
  folder: string,
  manifest: Manifest,
  options: RestoreOptions,
): Promise<string[]> {
  await ensureNoLedger(database.pool, database);
  const foreign: string[] = [];
  const load = async (client: pg.ClientBase) => {
    for (const table of manifest.records_tables) await recreateRecordsTable(client, table);
    const loaded: string[] = [];
    for (const table of manifest.tables.filter(({ name }) => name !== derivedMarks)) {
      if (await exists(client, table.name)) {
        await loadTable(client, folder, table, options);
        loaded.push(sqlOf(table.name));
      } else foreign.push(table.name);
    }
    for (const { name, value } of manifest.sequences) {
      if (await exists(client, name)) await client.query('select setval($1, $2)', [sqlOf(name), value]);
    }
    // Migrations can't change a table with checks that are still deferred.
    await client.query('set constraints all immediate');
    for (const { type } of manifest.records_tables) await indexRecords(client, type);
    await client.query(`analyze ${loaded.join(', ')}`);
  };
  const finish = async (client: pg.ClientBase) => {
    if ((await readRepeatablesChecksum(client)) !== manifest.functions_sha256) return;
    for (const table of manifest.tables.filter(({ name }) => name === derivedMarks)) {
      await loadTable(client, folder, table, options);
    }
  };
  await createSchema(database, manifest.migrations, { load, finish });
  await migrate(database);
  return foreign;
}

async function exists(client: pg.ClientBase, name: string): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [
    sqlOf(name),
  ]);
  return rows[0]?.exists ?? false;
}

async function loadTable(
  client: pg.ClientBase,
  folder: string,
  { name, columns, rows, sha256 }: BackedUpTable,
  { signal, onProgress }: RestoreOptions,
): Promise<void> {
  const compressed = createFileMeter();
  const text = createRowCounter((bytes) => onProgress?.(name, bytes));
  const file = createReadStream(tableFile(folder, name));
  const target = client.query(copyFrom(`copy ${sqlOf(name)} (${columnList(columns)}) from stdin`));
  await pipeline(file, compressed.through, createGunzip(), text.through, target, { signal });
  if (compressed.end().sha256 !== sha256 || target.rowCount !== rows) {
    throw damagedBackup(folder, `${tableFileName(name)} changed while it was loaded`, outcome);
  }
}

/** Summarizes the new rows in the indexes that don't grow by themselves. */
async function indexRecords(client: pg.ClientBase, type: string): Promise<void> {
  const table = await findRecordsTable(client, type);
  for (const partition of table === undefined ? [] : await partitionsOf(client, table))
    await indexNewRows(client, partition);
}
