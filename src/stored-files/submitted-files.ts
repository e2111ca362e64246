import { hostname, userInfo } from 'node:os';
import { basename } from 'node:path';
import type pg from 'pg';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { FileChangedError } from '../number-file/csv-rows.js';
import { readChunks } from '../number-file/text-file.js';
import { newFileId, type StoredFile, writeParts } from './parts.js';

type Queryable = pg.ClientBase | pg.Pool;

/** What a submitted file is for. */
export type Purpose = 'assign' | 'reconcile' | 'classify';

/** A file stored with `tn-ledger submit`. */
export interface SubmittedFile extends StoredFile {
  table: 'submitted_files';
  purpose: Purpose;
  /** The options of the command; those that weren't given are missing. */
  options: object;
  /** The batch that was recorded for it; undefined before that. */
  batchId: string | undefined;
}

export interface NewSubmittedFile {
  account: string;
  purpose: Purpose;
  path: string;
  /** SHA-256 of the content that was checked. */
  sha256: string;
  options: object;
  signal: AbortSignal;
}

export interface Submission {
  fileId: string;
  bytes: number;
  /** The same content, with the same purpose and options, was waiting already; nothing was stored. */
  earlier: { name: string; at: Date; by: string; host: string } | undefined;
}

/**
 * Stores a file for the next run, unless the same content with the same purpose and options is waiting for one.
 *
 * @throws {FileChangedError} the content isn't what was checked
 * @throws {UnusableFileError} the file can't be read
 */
export async function storeSubmittedFile(database: Database, file: NewSubmittedFile): Promise<Submission> {
  const { account, purpose, path, options, signal } = file;
  return inTransaction(database, { signal }, async (client) => {
    const fileId = await newFileId(client);
    const key = { table: 'submitted_files', account, fileId } as const;
    const { sha256, bytes } = await writeParts(client, key, readChunks({ path }, signal));
    if (sha256 !== file.sha256) {
      throw new FileChangedError(`${path} changed while it was being stored. Nothing was stored.`, {
        hint: 'Try again when the program that writes it is done.',
      });
    }
    const { rowCount } = await client.query(
      `insert into submitted_files
         (account_id, file_id, purpose, file_name, file_sha256, byte_count, options, submitted_by, submitted_host)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict do nothing`,
      [account, fileId, purpose, basename(path), sha256, bytes, JSON.stringify(options), userName(), hostname()],
    );
    if (rowCount === 1) return { fileId, bytes, earlier: undefined };
    await client.query('delete from submitted_file_parts where account_id = $1 and file_id = $2', [account, fileId]);
    // A run may have taken it since.
    const { rows } = await client.query(
      `select file_id, file_name as name, submitted_at as at, submitted_by as by, submitted_host as host from submitted_files
        where account_id = $1 and purpose = $2 and file_sha256 = $3 and options = $4 order by file_id desc limit 1`,
      [account, purpose, sha256, JSON.stringify(options)],
    );
    const { file_id, ...earlier } = rows[0];
    return { fileId: file_id, bytes, earlier };
  });
}

/** The name of the user that runs this process; its ID if it has no name, as in some containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

const fileColumns = 'account_id, file_id, purpose, file_name, file_sha256, byte_count, options, batch_id';

/** Returns the account's files of these purposes that aren't finished, in the order in which they were submitted. */
export async function unfinishedFiles(
  db: Queryable,
  account: string,
  purposes: readonly Purpose[],
): Promise<SubmittedFile[]> {
  const { rows } = await db.query(
    `select ${fileColumns} from submitted_files
      where account_id = $1 and purpose = any($2) and state in ('waiting', 'taken') order by file_id`,
    [account, purposes],
  );
  return rows.map(toFile);
}

/** Returns the finished files whose results are those of a batch. */
export async function filesOfBatch(db: Queryable, account: string, batchId: string): Promise<SubmittedFile[]> {
  const { rows } = await db.query(
    `select ${fileColumns} from submitted_files
      where account_id = $1 and batch_id = $2 and state = 'done' order by file_id`,
    [account, batchId],
  );
  return rows.map(toFile);
}

/** Returns the submitted file whose numbers were assigned with these results; undefined for any other file. */
export async function fileOfResult(
  db: Queryable,
  { table, account, fileId }: StoredFile,
): Promise<SubmittedFile | undefined> {
  if (table !== 'result_files') return undefined;
  const { rows } = await db.query(
    `select ${fileColumns} from submitted_files
      where account_id = $1 and purpose = 'assign'
        and file_id = (select submitted_file_id from result_files where account_id = $1 and file_id = $2)`,
    [account, fileId],
  );
  return rows[0] === undefined ? undefined : toFile(rows[0]);
}

function toFile(row: pg.QueryResultRow): SubmittedFile {
  return {
    table: 'submitted_files',
    purpose: row.purpose,
    account: row.account_id,
    fileId: row.file_id,
    name: row.file_name,
    sha256: row.file_sha256,
    bytes: Number(row.byte_count),
    options: row.options,
    batchId: row.batch_id ?? undefined,
  };
}

/** How messages of a run name a file: `Submitted file 7 (numbers.csv)`. */
export function titleOfFile({ fileId, name }: Pick<StoredFile, 'fileId' | 'name'>): string {
  return `Submitted file ${fileId} (${name})`;
}

/** Records the batch of a file. In the transaction that records the batch, so that a file never has a second one. */
export async function takeFile(
  client: pg.ClientBase,
  { account, fileId }: SubmittedFile,
  batchId: string,
): Promise<void> {
  await client.query(
    `update submitted_files set state = 'taken', batch_id = $3
      where account_id = $1 and file_id = $2 and state in ('waiting', 'taken')`,
    [account, fileId, batchId],
  );
}

export interface FileOutcome {
  batchId?: string | undefined;
  /** Why the file was rejected as a whole; undefined: it is done. */
  error?: string;
}

/** Records that a file is done or failed. */
export async function finishFile(
  db: Queryable,
  { account, fileId }: SubmittedFile,
  { batchId, error }: FileOutcome = {},
): Promise<void> {
  await db.query(
    `update submitted_files set state = $3, batch_id = coalesce($4, batch_id), error = $5, finished_at = clock_timestamp()
      where account_id = $1 and file_id = $2`,
    [account, fileId, error === undefined ? 'done' : 'failed', batchId ?? null, error ?? null],
  );
}
