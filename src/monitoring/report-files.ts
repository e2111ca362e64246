import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { LedgerError } from '../errors.js';
import { readParts } from '../stored-files/parts.js';

/** The latest report of an account, which the database keeps for all hosts. */
export interface LatestReport {
  account: string;
  created_at: Date;
  bytes: number;
}

export async function listLatestReports(client: pg.ClientBase): Promise<LatestReport[]> {
  const { rows } = await client.query<LatestReport>(
    `select account_id as account, created_at, byte_count::float8 as bytes from result_files
      where kind = 'report' order by account_id`,
  );
  return rows;
}

/** A report is read whole, so that a slow reader holds no connection to the database. Ours have less than a megabyte. */
const mostBytes = 64e6;

/** Returns the latest report of an account, whichever host wrote it; undefined if there is none. */
export async function readLatestReport(client: pg.ClientBase, account: string): Promise<Buffer | undefined> {
  const { rows } = await client.query(
    `select file_id, file_name, file_sha256, byte_count::float8 as bytes from result_files where account_id = $1 and kind = 'report'`,
    [account],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  if (row.bytes > mostBytes) {
    throw new LedgerError(`The report of account ${account} has ${row.bytes} bytes, which is too large to show here.`, {
      hint: `Read it with \`tn-ledger files get ${row.file_id}\`.`,
    });
  }
  const { file_id: fileId, file_name: name, file_sha256: sha256, bytes } = row;
  const parts: Buffer[] = [];
  for await (const part of readParts(client, { table: 'result_files', account, fileId, name, sha256, bytes })) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The names that runs give to reports; see `reportPath`. Nothing else in the folder is shown. */
const reportName = /^report(?:-[\w-]+)?-(\d{4}-\d{2}-\d{2}T\d{6}Z)\.html$/;

/** The names of the reports that this host wrote, newest first. */
export async function listReportFiles(dataDir: string): Promise<string[]> {
  const folder = join(dataDir, 'reports');
  if (!(await isFolder(folder))) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  const stampOf = (name: string) => reportName.exec(name)?.[1] ?? '';
  return entries
    .filter((entry) => entry.isFile() && reportName.test(entry.name))
    .map(({ name }) => name)
    .sort((one, other) =>
      stampOf(one) === stampOf(other) ? (one < other ? -1 : 1) : stampOf(one) < stampOf(other) ? 1 : -1,
    );
}

/** Returns a report that this host wrote; undefined if there is none of this name. Follows no link. */
export async function readReportFile(dataDir: string, name: string): Promise<Buffer | undefined> {
  const folder = join(dataDir, 'reports');
  if (!reportName.test(name) || !(await isFolder(folder))) return undefined;
  // A pipe would block without O_NONBLOCK.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(join(folder, name), flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ELOOP') return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) return undefined;
    if (facts.size > mostBytes)
      throw new LedgerError(`${name} has ${facts.size} bytes, which is too large to show here.`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Not a link to one: it might lead out of the data folder. */
async function isFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return found?.isDirectory() ?? false;
}
