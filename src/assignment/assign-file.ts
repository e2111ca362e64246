import { access, constants, type FileHandle, mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { LedgerError, messageOf, UsageError } from '../errors.js';
import { type JobLock, takeLock } from '../sync/lock.js';
import { inTransaction } from '../sync/transaction.js';
import type { Action } from './action.js';
import type { AssignContext } from './assign-context.js';
import { type Batch, type BatchSummary, findBatch, settleBatch } from './batches.js';
import { checkFeature, checkInventory } from './preflight.js';
import { type NumberFile, openNumberFile } from './read-numbers.js';
import { actionColumn, recordBatch } from './record-batch.js';
import { isRejection, recordRejectedFile, replaceRejected } from './rejected-files.js';
import { type ResultFiles, writeRejected, writeResults } from './results.js';
import { runBatch } from './run-batch.js';
import { unreadable } from './text-file.js';
import { mostRejected, TooManyRejectsError } from './too-many-rejects.js';
import { UnusableFileError } from './unusable-file.js';

export { TooManyRejectsError } from './too-many-rejects.js';

export interface AssignOptions {
  /** For lines that name no action themselves. */
  action: Action | undefined;
  /** The column of numbers, where the user named it. */
  column?: string | undefined;
  /** Do all but send. */
  dryRun?: boolean;
  /** Send numbers also where they are already declared so. */
  force?: boolean;
  /** A new batch, though the same content and action was one before. */
  again?: boolean;
  /** Send although more than a tenth of the lines were rejected. */
  allowRejects?: boolean;
  /** What the CustomerOrderIds begin with; checked. */
  customerOrderId?: string | undefined;
  wait: boolean;
  timeoutMs: number;
  /** Where the results go. */
  files: ResultFiles;
  /** The file is one of the inbox: the caller moves it and writes its results, save the rejected lines of a file that is rejected. */
  fromInbox?: boolean;
  /** Opens the file in place of its path, which somebody else may put another file or a link behind at any moment. */
  open?: (() => Promise<FileHandle>) | undefined;
  /** The folder of the results, where the batch is to remember it. */
  resultsFolder?: string | undefined;
  /** Brings the account's inventory up to date before the file is checked against it. */
  refreshInventory?: (() => Promise<void>) | undefined;
}

type BringOnOptions = Pick<AssignOptions, 'wait' | 'timeoutMs' | 'files' | 'fromInbox'>;

/** What was done with a file. */
export interface AssignResult {
  summary: BatchSummary;
  /** Undefined where none was written. */
  results: string | undefined;
  rejected: string | undefined;
  /** recorded now; resumed; already finished, and only reported; a dry run, of which nothing is kept. */
  kind: 'new' | 'resumed' | 'reported' | 'dry run';
  /** How long the placing of orders and the waiting for their ends took; undefined where nothing was sent. */
  sendingSeconds?: number;
}

/**
 * Takes a file of numbers from its reading to its results: every number of it is sent to Bandwidth exactly once, however often and
 * by whatever the program is ended on the way. A file that is rejected as a whole is kept as a batch, too.
 *
 * @throws {UnusableFileError} the file can't be read, or is no list of numbers
 * @throws {AlreadyRunningError} another process is working on the same file
 * @throws {TooManyRejectsError} too many of its lines were rejected
 */
export async function assignFile(context: AssignContext, path: string, options: AssignOptions): Promise<AssignResult> {
  const { account, database } = context;
  let handle: FileHandle | undefined;
  try {
    handle = await options.open?.().catch((error: unknown) => {
      throw unreadable(path, error);
    });
    return await takeUp(context, { path, handle }, options);
  } catch (error) {
    if (!options.dryRun && isRejection(error, options.fromInbox ?? false)) {
      const facts = { account, path, action: options.action, error, handle };
      error.batchId = await recordRejectedFile(database.pool, facts);
    }
    throw error;
  } finally {
    await handle?.close();
  }
}

async function takeUp(
  context: AssignContext,
  { path, handle }: { path: string; handle: FileHandle | undefined },
  options: AssignOptions,
): Promise<AssignResult> {
  const { account, database, signal } = context;
  const file = await openNumberFile(path, {
    column: options.column,
    others: [actionColumn],
    signal,
    handle,
  });
  if (options.action === undefined && !file.columns.others.has(actionColumn)) {
    const message = (name: string) =>
      `${name} does not say what its numbers are to be declared, and no action was given.`;
    throw new UnusableFileError(path, message, {
      hint: 'Say --action ASSIGN or --action UNASSIGN, or give the file a column "action".',
      fix: 'Give the file a column "action" that says ASSIGN or UNASSIGN in each line, or use a folder named assign or unassign.',
      byCommand: true,
    });
  }
  const lock = await takeBatchLock(context, file.sha256, basename(path));
  const locked = { ...context, signal: AbortSignal.any([signal, lock.lost]) };
  try {
    const known = options.again ? undefined : await findBatch(database.pool, account, file, options.action);
    if (known !== undefined) {
      if (!options.dryRun) await replaceRejected(database.pool, known, basename(path));
      return await resume(locked, known, options);
    }
    await options.refreshInventory?.();
    await checkInventory(database.pool, account, context.warn);
    await checkFeature(context.client, account, { signal: locked.signal, warn: context.warn });
    if (options.dryRun) return await tryOut(locked, file, path, options);
    const summary = await record(locked, file, path, options);
    return await bringOn(locked, summary.batch, options, 'new');
  } finally {
    await lock.release();
  }
}

/** Brings on a batch that an earlier run left open, under its lock. */
export async function assignOpenBatch(
  context: AssignContext,
  batch: Batch,
  options: BringOnOptions,
): Promise<AssignResult> {
  const lock = await takeBatchLock(context, batch.fileSha256, batch.fileName);
  try {
    return await bringOn(
      { ...context, signal: AbortSignal.any([context.signal, lock.lost]) },
      batch,
      options,
      'resumed',
    );
  } finally {
    await lock.release();
  }
}

/** Keeps every other process from the batches of a file's content, the one that is being recorded included. */
function takeBatchLock({ account, database }: AssignContext, sha256: string, name: string): Promise<JobLock> {
  return takeLock(database, `tn-ledger/assignment/${account}/${sha256}`, {
    busy: `${name} is being submitted for account ${account} by another process already. This one did nothing.`,
    busyHint: 'Wait for the other one to end; `tn-ledger assignments` shows how far it is.',
    lost: `while ${name} was being submitted for account ${account}.`,
  });
}

async function resume(context: AssignContext, batch: Batch, options: AssignOptions): Promise<AssignResult> {
  const isFinished = batch.status === 'finished';
  if (!options.dryRun && !isFinished) return bringOn(context, batch, options, 'resumed');
  const summary = await settleBatch(context.database.pool, batch.batchId);
  if (options.dryRun) return { summary, results: undefined, rejected: undefined, kind: 'reported' };
  return { summary, ...(await writeAll(context, summary, options)), kind: 'reported' };
}

async function bringOn(
  context: AssignContext,
  { batchId }: Batch,
  options: BringOnOptions,
  kind: AssignResult['kind'],
): Promise<AssignResult> {
  const begun = performance.now();
  const summary = await runBatch(context, batchId, options);
  const sendingSeconds = (performance.now() - begun) / 1000;
  return { summary, sendingSeconds, ...(await writeAll(context, summary, options)), kind };
}

async function writeAll(
  { database }: AssignContext,
  { batch, rejected }: BatchSummary,
  { files, fromInbox }: BringOnOptions,
): Promise<{ results: string | undefined; rejected: string | undefined }> {
  if (fromInbox) return { results: undefined, rejected: undefined };
  const written = await writeResults(database.pool, batch.batchId, files);
  return { results: written.results, rejected: rejected > 0 ? written.rejected : undefined };
}

/** Thrown to undo what a transaction has recorded, with what there is to tell of it. */
class Undone extends Error {
  constructor(
    readonly summary: BatchSummary,
    readonly rejected: string | undefined,
  ) {
    super();
  }
}

/** Records the batch, or throws a TooManyRejectsError and records nothing; the rejected lines are then in their file anyway. */
async function record(
  context: AssignContext,
  file: NumberFile,
  path: string,
  options: AssignOptions,
): Promise<BatchSummary> {
  return inTransaction(context.database, { settings, signal: context.signal }, async (client) => {
    const batchId = await recordBatch(client, file, recordOptions(context, path, options));
    const summary = await settleBatch(client, batchId);
    if (isTooMany(summary, options)) {
      throw new TooManyRejectsError(summary, await rejectedFile(context, client, batchId, options));
    }
    await replaceRejected(client, summary.batch, basename(path));
    return summary;
  });
}

/** The same for a dry run, of which nothing is kept but the file of the rejected lines. */
async function tryOut(
  context: AssignContext,
  file: NumberFile,
  path: string,
  options: AssignOptions,
): Promise<AssignResult> {
  try {
    return await inTransaction(context.database, { settings, signal: context.signal }, async (client) => {
      const batchId = await recordBatch(client, file, recordOptions(context, path, options));
      throw new Undone(await settleBatch(client, batchId), await rejectedFile(context, client, batchId, options));
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
    const { summary, rejected } = error;
    if (isTooMany(summary, options)) throw new TooManyRejectsError(summary, rejected);
    return { summary, results: undefined, rejected, kind: 'dry run' };
  }
}

// The statement that judges the lines sorts and joins all of them: with memory for that, it takes half the time.
const settings = { work_mem: '192MB' };

function recordOptions({ account }: AssignContext, path: string, options: AssignOptions) {
  return {
    account,
    fileName: basename(path),
    action: options.action,
    force: options.force ?? false,
    customerOrderId: options.customerOrderId,
    resultsFolder: options.resultsFolder,
  };
}

/** Writes the rejected lines of a batch that is not kept; undefined where there are none, or they can't be written. */
async function rejectedFile(
  { warn }: AssignContext,
  client: Parameters<typeof writeRejected>[0],
  batchId: string,
  { files }: AssignOptions,
): Promise<string | undefined> {
  try {
    return (await writeRejected(client, batchId, files)) ? files.rejected : undefined;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    warn(error.message);
    return undefined;
  }
}

function isTooMany({ total, rejected }: BatchSummary, { allowRejects }: AssignOptions): boolean {
  return !allowRejects && rejected > total * mostRejected;
}

/**
 * Makes a folder for results where there is none, and makes sure that files can be written there, before anything is sent.
 * @throws {UsageError} they can't
 */
export async function prepareResultsFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`The results can't be written to ${folder}: ${code ?? messageOf(error)}. Nothing was sent.`, {
      hint: 'Name a folder that this user may write to: --out DIR.',
      cause: error,
    });
  }
}
