import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { describeRecordsTables } from '../billing/records-table.js';
import { cut, type Database, toLedgerError } from '../database/connect.js';
import { readNumberedMigrations, readRepeatablesChecksum, readSchemaState } from '../database/migrations.js';
import { LedgerError, messageOf, UsageError } from '../errors.js';
import { syncFolder } from '../output-file.js';
import { version } from '../version.js';
import { columnList, type LedgerTable, listSequences, listTables, readLedgerId, sqlOf } from './ledger-tables.js';
import {
  type BackedUpTable,
  formatVersion,
  lastFiles,
  type Manifest,
  readManifest,
  tableFile,
  unlessMissing,
} from './manifest.js';
import { createFileMeter, createRowCounter } from './streams.js';
import { verifyTables } from './verify-tables.js';

export interface BackupOptions {
  signal: AbortSignal;
  /** Receives the current table, and how many bytes of it were read. */
  onProgress?: (table: string, bytes: number) => void;
}

/** The beginning of the names of unfinished backups. */
export const unfinishedPrefix = '.tn-ledger-backup-';

/**
 * Writes a backup of the ledger to a new folder, and verifies it. All tables are read in one snapshot; jobs may run
 * meanwhile. The folder has its name only when it is complete.
 *
 * @throws {UsageError} the folder exists, or its parent doesn't
 * @throws {LedgerError} the ledger can't be read, or the folder can't be written
 */
export async function writeBackup(database: Database, folder: string, options: BackupOptions): Promise<Manifest> {
  await checkTarget(folder);
  // A later version may have tables whose meaning this one doesn't know.
  await readSchemaState(database);
  const unfinished = join(dirname(folder), `${unfinishedPrefix}${randomUUID()}.tmp`);
  try {
    await mkdir(unfinished);
    const manifest = await readLedger(database, unfinished, options);
    for (const [name, content] of lastFiles(manifest))
      await writeFile(join(unfinished, name), content, { flush: true });
    await syncFolder(unfinished);
    const outcome = 'The disk may be failing.';
    await verifyTables(unfinished, await readManifest(unfinished, outcome), { ...options, outcome });
    // Another process may have created it. Renaming would replace an empty folder.
    await checkTarget(folder);
    await rename(unfinished, folder);
    await syncFolder(dirname(folder));
    return manifest;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    options.signal.throwIfAborted();
    throw explain(error, folder, database);
  }
}

async function checkTarget(folder: string): Promise<void> {
  if ((await lstat(folder).catch(unlessMissing)) !== undefined) {
    throw new UsageError(`${folder} already exists. Nothing was written.`, {
      hint: 'Name a folder that does not exist.',
    });
  }
  if (!(await stat(dirname(folder)).catch(unlessMissing))?.isDirectory()) {
    throw new UsageError(`${dirname(folder)} is not a folder. Nothing was written.`, { hint: 'Create it first.' });
  }
}

async function readLedger(database: Database, folder: string, options: BackupOptions): Promise<Manifest> {
  const client = await database.pool.connect();
  // A statement may be waiting for a lock.
  const stop = () => cut(client);
  options.signal.addEventListener('abort', stop);
  try {
    options.signal.throwIfAborted();
    const tables = await beginSnapshot(client, database);
    const manifest = await describeLedger(client, database);
    for (const table of tables) manifest.tables.push(await copyTable(client, folder, table, options));
    await client.query('commit');
    client.release();
    return manifest;
  } catch (error) {
    // It may be in the middle of a COPY.
    client.release(true);
    throw error;
  } finally {
    options.signal.removeEventListener('abort', stop);
  }
}

/**
 * Begins a transaction whose snapshot has all tables. They are locked before the snapshot is taken: in a table that another
 * session rewrites in between, the snapshot would find nothing.
 */
async function beginSnapshot(client: pg.ClientBase, database: Database): Promise<LedgerTable[]> {
  for (let attempt = 1; ; attempt += 1) {
    const tables = await listTables(client);
    if (tables.length === 0) {
      throw new UsageError(`There is no ledger in ${database.describe}. Nothing was written.`, {
        hint: 'Check DATABASE_URL and TN_LEDGER_DATA_DIR.',
      });
    }
    await client.query(beginSql);
    try {
      await client.query(`lock table ${tables.map(({ name }) => sqlOf(name)).join(', ')} in access share mode`);
      if (JSON.stringify(await listTables(client)) === JSON.stringify(tables)) return tables;
    } catch (error) {
      // A table is gone.
      if ((error as { code?: string }).code !== '42P01' || attempt === snapshotAttempts) throw error;
    }
    await client.query('rollback');
    if (attempt === snapshotAttempts) {
      throw new LedgerError(`The tables of ${database.describe} kept changing.`, {
        hint: 'Run the command again when the migration or the load of a new type of billing records is over.',
      });
    }
  }
}

// Rows are read in the order in which they are stored, on which BRIN indexes rest.
const beginSql = `begin isolation level repeatable read read only;
  set local synchronize_seqscans = off; set local max_parallel_workers_per_gather = 0`;

const snapshotAttempts = 10;

async function describeLedger(client: pg.ClientBase, database: Database): Promise<Manifest> {
  const { rows } = await client.query<{ now: Date }>('select now() as now');
  const [{ now }] = rows as [{ now: Date }];
  return {
    format: formatVersion,
    program: `tn-ledger ${version}`,
    created_at: now.toISOString(),
    server_version: database.serverVersion,
    database: database.describe,
    ledger_id: await readLedgerId(client),
    migrations: await readNumberedMigrations(client),
    functions_sha256: await readRepeatablesChecksum(client),
    records_tables: await describeRecordsTables(client),
    tables: [],
    // Not part of the snapshot: they are at or past its values, which is what counts.
    sequences: await listSequences(client),
  };
}

async function copyTable(
  client: pg.ClientBase,
  folder: string,
  { name, columns, partitioned }: LedgerTable,
  { signal, onProgress }: BackupOptions,
): Promise<BackedUpTable> {
  const list = columnList(columns);
  // COPY can't read a partitioned table directly.
  const source = partitioned ? `(select ${list} from ${sqlOf(name)})` : `${sqlOf(name)} (${list})`;
  const rows = client.query(copyTo(`copy ${source} to stdout`));
  const text = createRowCounter((bytes) => onProgress?.(name, bytes));
  const compressed = createFileMeter();
  const file = createWriteStream(tableFile(folder, name), { flags: 'wx', flush: true });
  await pipeline(rows, text.through, createGzip({ level }), compressed.through, file, { signal });
  // The server's own count comes after the data.
  await client.query('');
  if (rows.rowCount !== text.rows()) {
    throw new LedgerError(`The server sent ${text.rows()} rows of ${name}, not ${rows.rowCount}.`);
  }
  const { bytes, sha256 } = compressed.end();
  return { name, columns, rows: rows.rowCount, bytes, sha256 };
}

/** Half the time of the default, for a tenth more bytes. */
const level = 3;

/** Those of sockets have a system call as well. */
const fileErrors = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'ENOENT',
  'EMFILE',
  'EBUSY',
]);

function explain(error: unknown, folder: string, { describe }: Database): unknown {
  if (error instanceof UsageError) return error;
  const { syscall, code } = error as NodeJS.ErrnoException;
  const isFile = syscall !== undefined && fileErrors.has(code ?? '');
  const known = isFile ? undefined : toLedgerError(error, describe);
  const reason = isFile
    ? `${basename(folder)} can't be written in ${dirname(folder)} (${messageOf(error)}).`
    : messageOf(known);
  return new LedgerError(`The backup failed: ${reason} Nothing was kept of it.`, {
    hint: isFile
      ? 'Free disk space, make the folder writable for this user, or name another folder.'
      : ((known as LedgerError).hint ?? 'Run the command again.'),
    cause: error,
  });
}
