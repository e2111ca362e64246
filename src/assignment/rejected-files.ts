import type { FileHandle } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type pg from 'pg';
import type { Database } from '../database/connect.js';
import { change } from '../database/transaction.js';
import { hashFile, unreadable } from '../number-file/text-file.js';
import { UnusableFileError } from '../number-file/unusable-file.js';
import type { Action, BatchPurpose } from './action.js';
import type { Batch } from './batches.js';
import { PlanRefusedError } from './max-change.js';
import { TooManyRejectsError } from './too-many-rejects.js';

type Queryable = pg.ClientBase | pg.Pool;

export type Rejection = UnusableFileError | TooManyRejectsError | PlanRefusedError;

/** SQL condition: rejected files that nobody acknowledged and no later file replaced. */
export const unresolved = `status = 'rejected' and acknowledged_at is null and replaced_by is null`;

/**
 * Whether an error means that the whole file was rejected. For a file named on the command line, a mistake in the
 * command isn't a rejection. A missing file never is.
 */
export function isRejection(error: unknown, fromInbox: boolean): error is Rejection {
  if (error instanceof TooManyRejectsError || error instanceof PlanRefusedError) return true;
  return error instanceof UnusableFileError && !isGone(error) && (fromInbox || !error.byCommand);
}

/** Whether the file doesn't exist. */
export function isGone(error: unknown): boolean {
  return error instanceof UnusableFileError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/** The number of rejected lines, or 1 if no line was read. */
export function rejectedCount(rejection: Rejection): number {
  return rejection instanceof TooManyRejectsError ? rejection.summary.rejected : 1;
}

export interface RejectedFileFacts {
  account: string;
  path: string;
  purpose: BatchPurpose;
  action: Action | undefined;
  error: Rejection;
  /** Open file to read instead of the path. */
  handle?: FileHandle | undefined;
  /** False if the file was rejected unread: its content is not hashed. */
  isRead?: boolean;
  /** The path is that of a copy, which is removed afterwards: it is not recorded. */
  isCopy?: boolean;
}

/**
 * Records a rejected file as a batch, and returns the batch id. It replaces an earlier rejected file of the same
 * name.
 */
export async function recordRejectedFile(
  database: Database,
  { account, path, purpose, action, error, handle, isRead = true, isCopy = false }: RejectedFileFacts,
): Promise<string> {
  const summary = error instanceof TooManyRejectsError ? error.summary : undefined;
  const plan = error instanceof PlanRefusedError ? error.counts : undefined;
  const { rows } = await change(
    database,
    `with rejected as (
       insert into assignment_batches
         (account_id, action, file_name, file_sha256, status, total_count, rejected_count, skipped_count, reason, file_path, purpose)
       values ($1, $2, $3, $4, 'rejected', $5, $6, $7, $8, $9, $10)
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
      summary?.total ?? plan?.lines ?? null,
      summary?.rejected ?? plan?.rejected ?? null,
      summary?.skipped ?? 0,
      error.describe(basename(path)),
      isCopy ? null : resolve(path),
      purpose,
    ],
  );
  return rows[0].batch_id;
}

/** The file that a command or job works on. */
export interface OpenedFile {
  path: string;
  /** Open file to read instead of the path. */
  handle: FileHandle | undefined;
}

export interface RecordingOptions extends Pick<RejectedFileFacts, 'purpose' | 'action'> {
  /** Opens the file that is read instead of the path. */
  open?: (() => Promise<FileHandle>) | undefined;
  fromInbox?: boolean;
  isCopy?: boolean;
  /** A dry run keeps nothing. */
  dryRun?: boolean;
}

/** Works on a file, and closes it. If it is rejected as a whole, it is recorded as a batch, whose id the error gets. */
export async function recordingRejection<T>(
  { account, database }: { account: string; database: Database },
  path: string,
  { purpose, action, open, fromInbox = false, isCopy = false, dryRun = false }: RecordingOptions,
  work: (file: OpenedFile) => Promise<T>,
): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    handle = await open?.().catch((error: unknown) => {
      throw unreadable(path, error);
    });
    return await work({ path, handle });
  } catch (error) {
    if (!dryRun && isRejection(error, fromInbox)) {
      error.batchId = await recordRejectedFile(database, { account, path, purpose, action, error, handle, isCopy });
    }
    throw error;
  } finally {
    await handle?.close();
  }
}

/** Records where a batch's file was moved to. */
export async function recordFilePath(database: Database, batchId: string, path: string): Promise<void> {
  await change(database, `update assignment_batches set file_path = $2 where batch_id = $1`, [batchId, path]);
}

/** Ties a file to its new or resumed batch, which replaces rejected files with the same content or the same name. */
export async function tieToBatch(
  client: pg.ClientBase,
  batch: Batch,
  path: string,
  { onBatch }: { onBatch?: (client: pg.ClientBase, batchId: string) => Promise<void> },
): Promise<void> {
  await client.query(
    `update assignment_batches set replaced_by = $2
      where account_id = $1 and (file_name = $3 or file_sha256 = $4) and ${unresolved}`,
    [batch.account, batch.batchId, basename(path), batch.fileSha256],
  );
  await onBatch?.(client, batch.batchId);
}

/** A recorded rejected file. */
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
 * Records that somebody acknowledged a rejected file. A file that was already acknowledged or replaced doesn't
 * change.
 *
 * @returns the file as it was before; undefined if the batch isn't a rejected file or doesn't exist
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

/** Returns the SHA-256 of a file; undefined if it can't be read. */
function hashOf(path: string, handle: FileHandle | undefined): Promise<string | undefined> {
  return hashFile(path, { handle }).then(
    ({ sha256 }) => sha256,
    () => undefined,
  );
}
