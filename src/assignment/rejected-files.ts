import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type pg from 'pg';
import type { Action } from './action.js';
import type { Batch, BatchSummary } from './batches.js';
import { readChunks } from './text-file.js';
import { TooManyRejectsError } from './too-many-rejects.js';
import { UnusableFileError } from './unusable-file.js';

type Queryable = pg.ClientBase | pg.Pool;

/** Why a file was not submitted. */
export type Rejection = UnusableFileError | TooManyRejectsError;

/** Batches of rejected files that nobody acknowledged and no later file replaced. */
export const unresolved = `status = 'rejected' and acknowledged_at is null and replaced_by is null`;

/**
 * Whether an error says that a file was rejected as a whole. A file named on the command line was not submitted where the command
 * line is what is wrong; one that is gone never is.
 */
export function isRejection(error: unknown, fromInbox: boolean): error is Rejection {
  if (error instanceof TooManyRejectsError) return true;
  return error instanceof UnusableFileError && !isGone(error) && (fromInbox || !error.byCommand);
}

/** Whether a file was not found. */
export function isGone(error: unknown): boolean {
  return error instanceof UnusableFileError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/** How many lines, or files where no line was read, a rejection counts for. */
export function rejectedCount(rejection: Rejection): number {
  return rejection instanceof TooManyRejectsError ? rejection.summary.rejected : 1;
}

export interface RejectedFileFacts {
  account: string;
  path: string;
  action: Action | undefined;
  error: Rejection;
  /** Where it is read from in place of its path. */
  handle?: FileHandle | undefined;
  /** False: it was rejected unread, and its content is not looked at. */
  isRead?: boolean;
}

/**
 * Keeps a file that was rejected as a batch, and returns its number. It takes the place of an earlier rejected file of the same
 * name.
 */
export async function recordRejectedFile(
  db: Queryable,
  { account, path, action, error, handle, isRead = true }: RejectedFileFacts,
): Promise<string> {
  const summary: BatchSummary | undefined = error instanceof TooManyRejectsError ? error.summary : undefined;
  const { rows } = await db.query(
    `with rejected as (
       insert into assignment_batches
         (account_id, action, file_name, file_sha256, status, total_count, rejected_count, skipped_count, reason, file_path)
       values ($1, $2, $3, $4, 'rejected', $5, $6, $7, $8, $9)
       returning batch_id
     ), replaced as (
       update assignment_batches b set replaced_by = rejected.batch_id from rejected
        where b.account_id = $1 and b.file_name = $3 and ${unresolved}
     )
     select batch_id from rejected`,
    [
      account,
      summary?.batch.action ?? action ?? null,
      basename(path),
      (isRead ? await hashOf(path, handle) : undefined) ?? null,
      summary?.total ?? null,
      summary?.rejected ?? null,
      summary?.skipped ?? 0,
      error.describe(basename(path)),
      resolve(path),
    ],
  );
  return rows[0].batch_id;
}

/** Notes where a rejected file was moved to. */
export async function noteFilePath(db: Queryable, batchId: string, path: string): Promise<void> {
  await db.query(`update assignment_batches set file_path = $2 where batch_id = $1`, [batchId, path]);
}

/** Marks rejected files replaced by a batch of the same content, or of a file of the same name. */
export async function replaceRejected(db: Queryable, batch: Batch, fileName: string): Promise<void> {
  await db.query(
    `update assignment_batches set replaced_by = $2
      where account_id = $1 and (file_name = $3 or file_sha256 = $4) and ${unresolved}`,
    [batch.account, batch.batchId, fileName, batch.fileSha256],
  );
}

/** A rejected file as somebody looks at it. */
export interface RejectedFile {
  batchId: string;
  account: string;
  fileName: string;
  reason: string;
  acknowledgedAt: Date | undefined;
  /** The batch that replaced it. */
  replacedBy: string | undefined;
}

/**
 * Notes that somebody has seen that a file was rejected; one that was acknowledged or replaced before stays as it is.
 *
 * @returns the file as it was before; undefined where the batch is no rejected file, or does not exist
 */
export async function acknowledge(db: Queryable, batchId: string): Promise<RejectedFile | undefined> {
  const { rows } = await db.query(
    `with known as (select * from assignment_batches where batch_id = $1 and status = 'rejected' for update),
          acknowledged as (
            update assignment_batches b set acknowledged_at = clock_timestamp() from known k
             where b.batch_id = k.batch_id and k.acknowledged_at is null and k.replaced_by is null)
     select * from known`,
    [batchId],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    batchId: row.batch_id,
    account: row.account_id,
    fileName: row.file_name,
    reason: row.reason,
    acknowledgedAt: row.acknowledged_at ?? undefined,
    replacedBy: row.replaced_by ?? undefined,
  };
}

/** The fingerprint of a file; undefined where it can't be read. */
async function hashOf(path: string, handle: FileHandle | undefined): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of readChunks({ path, handle })) hash.update(chunk);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}
