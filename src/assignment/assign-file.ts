import { access, constants, type FileHandle, mkdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type pg from 'pg';
import { inTransaction } from '../database/transaction.js';
import { LedgerError, messageOf, UsageError } from '../errors.js';
import { type NumberFile, openNumberFile } from '../number-file/number-file.js';
import type { Reading } from '../number-file/reading.js';
import { UnusableFileError } from '../number-file/unusable-file.js';
import type { Action } from './action.js';
import type { AssignContext } from './assign-context.js';
import { takeBatchLock, underLock } from './batch-lock.js';
import { type Batch, type BatchSummary, findBatch, summarizeBatch, updateBatchSummary } from './batches.js';
import { checkFeature, checkInventory } from './preflight.js';
import { actionColumn, recordBatch } from './record-batch.js';
import { type OpenedFile, recordingRejection, tieToBatch } from './rejected-files.js';
import { type ResultFiles, writeRejected, writeResults } from './results.js';
import { runBatch } from './run-batch.js';
import { isTooMany, TooManyRejectsError } from './too-many-rejects.js';

export { TooManyRejectsError } from './too-many-rejects.js';

export interface AssignOptions {
  /** Default action for lines that don't name one. */
  action: Action | undefined;
  /** The column of numbers, if the user named it. */
  column?: string | undefined;
  /** The sheet of a workbook, if the user named it. */
  sheet?: string | undefined;
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
  /** How the file was read; undefined for a batch that was resumed without reading its file. */
  reading: Reading | undefined;
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
  return recordingRejection(context, path, { ...options, purpose: 'assign' }, (file) =>
    processFile(context, file, options),
  );
}

async function processFile(
  context: AssignContext,
  { path, handle }: OpenedFile,
  options: AssignOptions,
): Promise<AssignResult> {
  const { account, database, signal } = context;
  const file = await openAssignmentFile(path, options, { signal, handle });
  warnOfUnread(file, context);
  const lock = await takeBatchLock(context, file.sha256, basename(path));
  const locked = underLock(context, lock);
  try {
    const existing = options.again ? undefined : await findBatch(database.pool, account, file, options.action);
    if (existing !== undefined) {
      if (!options.dryRun) {
        await inTransaction(locked.database, { repeatable: true }, (client) =>
          tieToBatch(client, existing, path, options),
        );
      }
      return await resumeFile(locked, existing, { ...options, file });
    }
    await options.refreshInventory?.();
    await checkInventory(database.pool, account, context.warn);
    await checkFeature(context.client, account, { signal: locked.signal, warn: context.warn });
    if (options.dryRun) return await simulate(locked, file, path, options);
    const summary = await record(locked, file, path, options);
    return await continueBatch(locked, summary.batch, { ...options, file }, 'new');
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
  warnOfUnread(file, context);
  const existing = options.again ? undefined : await findBatch(database.pool, account, file, options.action);
  if (existing !== undefined) return reportBatch(context, existing, file);
  await checkInventory(database.pool, account, warn);
  return simulate(context, file, path, options);
}

async function openAssignmentFile(
  path: string,
  options: Pick<AssignOptions, 'action' | 'column' | 'sheet'>,
  { signal, handle }: { signal: AbortSignal; handle?: FileHandle | undefined },
): Promise<NumberFile> {
  const { column, sheet } = options;
  const file = await openNumberFile(path, { column, sheet, others: [actionColumn], signal, handle });
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

/** The warning that the workbook has numbers on sheets that aren't read; undefined if it has none. */
export function unreadNumbers({ path, reading }: NumberFile): string | undefined {
  return reading.warning === undefined ? undefined : `${basename(path)}: ${reading.warning}`;
}

export function warnOfUnread(file: NumberFile, { warn }: Pick<CheckContext, 'warn'>): void {
  const warning = unreadNumbers(file);
  if (warning !== undefined) warn(warning);
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

async function resumeFile(
  context: AssignContext,
  batch: Batch,
  options: AssignOptions & { file: NumberFile },
): Promise<AssignResult> {
  const isFinished = batch.status === 'finished';
  if (!options.dryRun && !isFinished) return continueBatch(context, batch, options, 'resumed');
  if (options.dryRun) return reportBatch(context, batch, options.file);
  const summary = await updateBatchSummary(context.database, batch.batchId);
  const { reading } = options.file;
  return { summary, reading, ...(await writeAll(context, summary, options)), kind: 'reported' };
}

async function reportBatch(
  { database }: CheckContext,
  { batchId }: Batch,
  { reading }: NumberFile,
): Promise<AssignResult> {
  const summary = await updateBatchSummary(database, batchId);
  return { summary, reading, results: undefined, rejected: undefined, kind: 'reported' };
}

async function continueBatch(
  context: AssignContext,
  { batchId }: Batch,
  options: ContinueOptions & { file?: NumberFile },
  kind: AssignResult['kind'],
): Promise<AssignResult> {
  const startedAt = performance.now();
  const summary = await runBatch(context, batchId, options);
  const sendingSeconds = (performance.now() - startedAt) / 1000;
  const { file } = options;
  return { summary, reading: file?.reading, sendingSeconds, ...(await writeAll(context, summary, options)), kind };
}

/** Writes the results of a batch, unless the caller does. */
export async function writeAll(
  { database, signal, warn }: AssignContext,
  { batch, rejected }: BatchSummary,
  { files, fromInbox, file }: Pick<ContinueOptions, 'files' | 'fromInbox'> & { file?: NumberFile | undefined },
): Promise<{ results: string | undefined; rejected: string | undefined }> {
  if (fromInbox) return { results: undefined, rejected: undefined };
  const written = await writeResults(database.pool, batch, files, { path: file?.path, signal, warn });
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
      throw new TooManyRejectsError(summary, await rejectedFile(context, client, batchId, { ...options, file }));
    }
    await tieToBatch(client, summary.batch, path, options);
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
      const summary = await summarizeBatch(client, batchId);
      throw new Rollback(summary, await rejectedFile(context, client, batchId, { ...options, file }));
    });
  } catch (error) {
    if (!(error instanceof Rollback)) throw error;
    const { summary, rejected } = error;
    if (isTooMany(summary, options)) throw new TooManyRejectsError(summary, rejected);
    return { summary, reading: file.reading, results: undefined, rejected, kind: 'dry run' };
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
    filePath: options.isCopy ? undefined : resolve(path),
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
  { files, file, isCopy }: Pick<AssignOptions, 'files' | 'isCopy'> & { file: NumberFile },
): Promise<string | undefined> {
  try {
    // Those of a copy are stored in the database, where more people read them than the file.
    return (await writeRejected(client, batchId, files, isCopy ? undefined : file)) ? files.rejected : undefined;
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
