import { access, constants, type FileHandle, mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import type pg from 'pg';
import { inTransaction } from '../database/transaction.js';
import { LedgerError, messageOf, UsageError } from '../errors.js';
import { type NumberFile, openNumberFile } from '../number-file/number-file.js';
import { unreadable } from '../number-file/text-file.js';
import { UnusableFileError } from '../number-file/unusable-file.js';
import type { Action } from './action.js';
import type { AssignContext } from './assign-context.js';
import { takeBatchLock, underLock } from './batch-lock.js';
import { type Batch, type BatchSummary, findBatch, summarizeBatch, updateBatchSummary } from './batches.js';
import { checkFeature, checkInventory } from './preflight.js';
import { actionColumn, recordBatch } from './record-batch.js';
import { isRejection, recordRejectedFile, replaceRejected } from './rejected-files.js';
import { type ResultFiles, writeRejected, writeResults } from './results.js';
import { runBatch } from './run-batch.js';
import { isTooMany, TooManyRejectsError } from './too-many-rejects.js';

export { TooManyRejectsError } from './too-many-rejects.js';

export interface AssignOptions {
  /** Default action for lines that don't name one. */
  action: Action | undefined;
  /** The column of numbers, if the user named it. */
  column?: string | undefined;
  /** Do everything except send. */
  dryRun?: boolean;
  /** Send numbers even if they already have the requested assignment status. */
  force?: boolean;
  /** Make a new batch even if one with the same content and action exists. */
  again?: boolean;
  /** Send even if more than a tenth of the lines were rejected. */
  allowRejects?: boolean;
  /** Prefix of the CustomerOrderIds, validated. */
  customerOrderId?: string | undefined;
  wait: boolean;
  timeoutMs: number;
  /** Where the results go. */
  files: ResultFiles;
  /**
   * The file is in the inbox: the caller moves it and writes its results, except the rejected lines of a rejected
   * file.
   */
  fromInbox?: boolean;
  /** The file is a copy of a submitted one, which is removed afterwards. */
  isCopy?: boolean;
  /**
   * Called once the file's batch is known; for a new batch in the transaction that records it, before anything is sent.
   */
  onBatch?: (client: pg.ClientBase, batchId: string) => Promise<void>;
  /** Opens the file instead of its path, where another user could put a different file or a link at any time. */
  open?: (() => Promise<FileHandle>) | undefined;
  /** The results folder, if the batch should remember it. */
  resultsFolder?: string | undefined;
  /** Refreshes the account's inventory before the file is checked against it. */
  refreshInventory?: (() => Promise<void>) | undefined;
}

type ContinueOptions = Pick<AssignOptions, 'wait' | 'timeoutMs' | 'files' | 'fromInbox'>;

/** What was done with a file. */
export interface AssignResult {
  summary: BatchSummary;
  /** Undefined if none was written. */
  results: string | undefined;
  rejected: string | undefined;
  /** A batch that is new, resumed, or already finished and only reported; or a dry run, of which nothing is kept. */
  kind: 'new' | 'resumed' | 'reported' | 'dry run';
  /** How long it took to place the orders and wait for them, in seconds; undefined if nothing was sent. */
  sendingSeconds?: number;
}

/**
 * Processes a file of numbers from reading it to writing its results. Every number is sent to Bandwidth exactly
 * once, no matter how often or how the program is interrupted. A file that is rejected as a whole is recorded as a
 * batch, too.
 *
 * @throws {UnusableFileError} if the file can't be read or isn't a list of numbers
 * @throws {AlreadyRunningError} if another process is working on the same file
 * @throws {TooManyRejectsError} if too many of its lines were rejected
 */
export async function assignFile(context: AssignContext, path: string, options: AssignOptions): Promise<AssignResult> {
  const { account, database } = context;
  let handle: FileHandle | undefined;
  try {
    handle = await options.open?.().catch((error: unknown) => {
      throw unreadable(path, error);
    });
    return await processFile(context, { path, handle }, options);
  } catch (error) {
    if (!options.dryRun && isRejection(error, options.fromInbox ?? false)) {
      const { action, isCopy = false } = options;
      const facts = { account, path, purpose: 'assign', action, error, handle, isCopy } as const;
      error.batchId = await recordRejectedFile(database, facts);
    }
    throw error;
  } finally {
    await handle?.close();
  }
}

async function processFile(
  context: AssignContext,
  { path, handle }: { path: string; handle: FileHandle | undefined },
  options: AssignOptions,
): Promise<AssignResult> {
  const { account, database, signal } = context;
  const file = await openAssignmentFile(path, options, { signal, handle });
  const lock = await takeBatchLock(context, file.sha256, basename(path));
  const locked = underLock(context, lock);
  try {
    const existing = options.again ? undefined : await findBatch(database.pool, account, file, options.action);
    if (existing !== undefined) {
      if (!options.dryRun) {
        await inTransaction(locked.database, { repeatable: true }, async (client) => {
          await replaceRejected(client, existing, basename(path));
          await options.onBatch?.(client, existing.batchId);
        });
      }
      return await resume(locked, existing, options);
    }
    await options.refreshInventory?.();
    await checkInventory(database.pool, account, context.warn);
    await checkFeature(context.client, account, { signal: locked.signal, warn: context.warn });
    if (options.dryRun) return await simulate(locked, file, path, options);
    const summary = await record(locked, file, path, options);
    return await continueBatch(locked, summary.batch, options, 'new');
  } finally {
    await lock.release();
  }
}

/** What checking a file needs: not the API. */
export type CheckContext = Pick<AssignContext, 'account' | 'database' | 'signal' | 'warn'>;

/**
 * Does what a dry run does without the API: checks the file against the ledger, and sends and records nothing.
 *
 * @throws {UnusableFileError} if the file can't be read or isn't a list of numbers
 * @throws {TooManyRejectsError} if too many of its lines were rejected
 */
export async function checkFile(context: CheckContext, path: string, options: AssignOptions): Promise<AssignResult> {
  const { account, database, signal, warn } = context;
  const file = await openAssignmentFile(path, options, { signal });
  const existing = options.again ? undefined : await findBatch(database.pool, account, file, options.action);
  if (existing !== undefined) return reportBatch(context, existing);
  await checkInventory(database.pool, account, warn);
  return simulate(context, file, path, options);
}

async function openAssignmentFile(
  path: string,
  options: Pick<AssignOptions, 'action' | 'column'>,
  { signal, handle }: { signal: AbortSignal; handle?: FileHandle | undefined },
): Promise<NumberFile> {
  const file = await openNumberFile(path, { column: options.column, others: [actionColumn], signal, handle });
  if (options.action === undefined && !file.columns.others.has(actionColumn)) {
    const message = (name: string) =>
      `${name} doesn't say whether to assign or unassign its numbers, and no action was given.`;
    throw new UnusableFileError(path, message, {
      hint: 'Use --action ASSIGN or --action UNASSIGN, or give the file a column "action".',
      fix: 'Give the file a column "action" with ASSIGN or UNASSIGN on each line, or use a folder named assign or unassign.',
      byCommand: true,
    });
  }
  return file;
}

/** Resumes a batch that an earlier run left open, under its lock. */
export async function assignOpenBatch(
  context: AssignContext,
  batch: Batch,
  options: ContinueOptions,
): Promise<AssignResult> {
  const lock = await takeBatchLock(context, batch.fileSha256, batch.fileName);
  try {
    return await continueBatch(underLock(context, lock), batch, options, 'resumed');
  } finally {
    await lock.release();
  }
}

async function resume(context: AssignContext, batch: Batch, options: AssignOptions): Promise<AssignResult> {
  const isFinished = batch.status === 'finished';
  if (!options.dryRun && !isFinished) return continueBatch(context, batch, options, 'resumed');
  if (options.dryRun) return reportBatch(context, batch);
  const summary = await updateBatchSummary(context.database, batch.batchId);
  return { summary, ...(await writeAll(context, summary, options)), kind: 'reported' };
}

async function reportBatch({ database }: CheckContext, { batchId }: Batch): Promise<AssignResult> {
  const summary = await updateBatchSummary(database, batchId);
  return { summary, results: undefined, rejected: undefined, kind: 'reported' };
}

async function continueBatch(
  context: AssignContext,
  { batchId }: Batch,
  options: ContinueOptions,
  kind: AssignResult['kind'],
): Promise<AssignResult> {
  const startedAt = performance.now();
  const summary = await runBatch(context, batchId, options);
  const sendingSeconds = (performance.now() - startedAt) / 1000;
  return { summary, sendingSeconds, ...(await writeAll(context, summary, options)), kind };
}

async function writeAll(
  { database }: AssignContext,
  { batch, rejected }: BatchSummary,
  { files, fromInbox }: ContinueOptions,
): Promise<{ results: string | undefined; rejected: string | undefined }> {
  if (fromInbox) return { results: undefined, rejected: undefined };
  const written = await writeResults(database.pool, batch.batchId, files);
  return { results: written.results, rejected: rejected > 0 ? written.rejected : undefined };
}

/** Thrown to roll back a transaction, with what is to be reported of it. */
class Rollback extends Error {
  constructor(
    readonly summary: BatchSummary,
    readonly rejected: string | undefined,
  ) {
    super();
  }
}

/**
 * Records the batch, or throws a TooManyRejectsError and records nothing; the rejected lines are written to their
 * file either way.
 */
async function record(
  context: AssignContext,
  file: NumberFile,
  path: string,
  options: AssignOptions,
): Promise<BatchSummary> {
  return inTransaction(context.database, { largeJoin: true, signal: context.signal }, async (client) => {
    const batchId = await recordBatch(client, file, recordOptions(context, path, options));
    const summary = await summarizeBatch(client, batchId);
    if (isTooMany(summary, options)) {
      throw new TooManyRejectsError(summary, await rejectedFile(context, client, batchId, options));
    }
    await replaceRejected(client, summary.batch, basename(path));
    await options.onBatch?.(client, batchId);
    return summary;
  });
}

/** Does the same for a dry run: keeps only the file of the rejected lines. */
async function simulate(
  context: CheckContext,
  file: NumberFile,
  path: string,
  options: AssignOptions,
): Promise<AssignResult> {
  try {
    return await inTransaction(context.database, { largeJoin: true, signal: context.signal }, async (client) => {
      const batchId = await recordBatch(client, file, recordOptions(context, path, options));
      throw new Rollback(await summarizeBatch(client, batchId), await rejectedFile(context, client, batchId, options));
    });
  } catch (error) {
    if (!(error instanceof Rollback)) throw error;
    const { summary, rejected } = error;
    if (isTooMany(summary, options)) throw new TooManyRejectsError(summary, rejected);
    return { summary, results: undefined, rejected, kind: 'dry run' };
  }
}

function recordOptions({ account }: CheckContext, path: string, options: AssignOptions) {
  return {
    account,
    fileName: basename(path),
    action: options.action,
    force: options.force ?? false,
    customerOrderId: options.customerOrderId,
    resultsFolder: options.resultsFolder,
  };
}

/**
 * Writes the rejected lines of a batch that isn't kept; returns undefined if there are none or they can't be
 * written.
 */
export async function rejectedFile(
  { warn }: CheckContext,
  client: Parameters<typeof writeRejected>[0],
  batchId: string,
  { files }: Pick<AssignOptions, 'files'>,
): Promise<string | undefined> {
  try {
    return (await writeRejected(client, batchId, files)) ? files.rejected : undefined;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    warn(error.message);
    return undefined;
  }
}

/**
 * Creates the results folder if it is missing, and checks that it is writable, before anything is sent.
 * @throws {UsageError} if it isn't
 */
export async function prepareResultsFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`The results can't be written to ${folder}: ${code ?? messageOf(error)}. Nothing was sent.`, {
      hint: 'Name a folder that this user can write to: --out DIR.',
      cause: error,
    });
  }
}
