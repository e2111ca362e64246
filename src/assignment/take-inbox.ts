import { basename, dirname, join, relative } from 'node:path';
import { AlreadyRunningError, LedgerError, messageOf } from '../errors.js';
import type { AssignContext } from './assign-context.js';
import { assignFile, assignOpenBatch } from './assign-file.js';
import { type Batch, type BatchSummary, openBatches } from './batches.js';
import { FileChangedError } from './csv-rows.js';
import {
  doneFolder,
  failedFolder,
  freePath,
  type InboxFile,
  moveOut,
  moveRejected,
  outboxFolder,
  readInbox,
  reasonPath,
  timeStamp,
} from './inbox.js';
import { type TrustedUsers, UntrustedEntryError } from './inbox-entry.js';
import {
  isGone,
  isRejection,
  noteFilePath,
  type Rejection,
  recordRejectedFile,
  rejectedCount,
} from './rejected-files.js';
import { describeRejection } from './rejection-text.js';
import { type ResultFiles, resultFiles, writeResults } from './results.js';
import { UnusableFileError } from './unusable-file.js';

export interface TakeOptions {
  dataDir: string;
  /** All that are configured. */
  accounts: readonly string[];
  /** Users whose files are taken. */
  trusted: TrustedUsers;
  /** How long to wait for the ends of the orders, of all batches together; milliseconds. */
  timeoutMs: number;
  /** Called with what became of each batch that was brought on. */
  onSummary: (summary: BatchSummary) => void;
  /** Called for each file that was rejected or is stuck in the inbox, with how many lines or files that counts for. */
  onRejected: (count: number) => void;
}

/** A batch that is to be brought on. */
interface Taken {
  batch: Batch;
  /** Undefined for a batch that an earlier run left open, whose file is not in the inbox. */
  file: InboxFile | undefined;
}

/**
 * Resumes batches that were left open, and takes the files of the inbox. All orders are placed first, and then waited for
 * together. A file whose batch is finished is moved to `done/` with its results, one that is rejected to `failed/` with the reason;
 * one whose orders are not at their end stays, and the next run resumes it. What is wrong with one file keeps no other from being
 * taken, and is a warning that names it.
 *
 * @throws {LedgerError} what keeps every file from being taken
 */
export async function takeInbox(context: AssignContext, options: TakeOptions): Promise<void> {
  const { account, database, warn, log } = context;
  const { accounts, trusted } = options;
  const inbox = await readInbox(options.dataDir, account, { accounts, trusted });
  for (const path of inbox.waiting) log.info(`${path} may still be being written; it is taken the next time`);
  if (inbox.unowned.length > 0) {
    warn(
      `${inbox.unowned.length} files of the inbox were not taken, the first ${inbox.unowned[0]}: several accounts are configured, and files belong in a folder named after theirs (inbox/${account}/assign/)`,
    );
  }
  for (const { path, reason } of inbox.closed) {
    warn(`${path} can't be read (${reason}) and was not taken. Let the user that runs tn-ledger read it.`);
    options.onRejected(1);
  }
  for (const { path, reason } of inbox.untrusted) {
    warn(`${path} was not taken: ${reason}. Remove it, or let a trusted user submit an ordinary file in its place.`);
    options.onRejected(1);
  }
  const taken: Taken[] = [];
  for (const batch of await openBatches(database.pool, account)) taken.push({ batch, file: undefined });
  for (const file of inbox.files) {
    const batch = await takeFile(context, file, options);
    if (batch === undefined) continue;
    const known = taken.find((each) => each.batch.batchId === batch.batchId && each.file === undefined);
    if (known === undefined) taken.push({ batch, file });
    else Object.assign(known, { batch, file });
  }
  const deadline = Date.now() + options.timeoutMs;
  for (const each of taken) {
    await finish(context, each, { ...options, timeoutMs: Math.max(0, deadline - Date.now()) });
  }
}

/** Records a file and places its orders; undefined where that can't be, or not now. */
async function takeFile(context: AssignContext, file: InboxFile, options: TakeOptions): Promise<Batch | undefined> {
  const { dataDir, onSummary } = options;
  const folder = join(dataDir, failedFolder);
  const stamp = timeStamp(new Date());
  // Where the folder can't be made, the name does not matter: nothing can be written there.
  const target = await freePath(folder, stamp, file).catch(() => join(folder, `${stamp}-${file.name}`));
  const files = resultFiles(folder, basename(target));
  if (file.misnamed !== undefined) {
    const problem = file.misnamed;
    const error = new UnusableFileError(file.path, (name) => `${name} ${problem}.`, {
      fix: 'Give the file a shorter name in UTF-8.',
    });
    const path = join(dirname(file.path), file.name);
    const facts = { account: context.account, path, action: file.action, error, isRead: false };
    error.batchId = await recordRejectedFile(context.database.pool, facts);
    await reject(context, file, { error, target, files }, options);
    return undefined;
  }
  try {
    const { summary, kind } = await assignFile(context, file.path, {
      open: file.open,
      action: file.action,
      wait: false,
      timeoutMs: 0,
      files,
      fromInbox: true,
    });
    // What is still open is told when it was waited for.
    if (kind !== 'reported' && summary.batch.status === 'finished') onSummary(summary);
    return summary.batch;
  } catch (error) {
    if (error instanceof AlreadyRunningError || error instanceof FileChangedError) {
      context.warn(`${error.message} It is looked at again the next time.`);
    } else if (isGone(error)) {
      context.warn(`${file.path} was taken away before it could be read.`);
    } else if (error instanceof UntrustedEntryError) {
      context.warn(error.message);
      options.onRejected(1);
    } else if (isRejection(error, true)) {
      await reject(context, file, { error, target, files }, options);
    } else throw error;
    return undefined;
  }
}

/** Moves a rejected file out of the inbox and reports it. */
async function reject(
  { account, database, warn }: AssignContext,
  file: InboxFile,
  { error, target, files }: { error: Rejection; target: string; files: ResultFiles },
  { dataDir, accounts, onRejected }: TakeOptions,
): Promise<void> {
  const { batchId = '' } = error;
  onRejected(rejectedCount(error));
  const what = `${file.path} was rejected (batch ${batchId}): ${error.describe(file.name)}`;
  const text = describeRejection(error, {
    path: target,
    inboxFolder: relative(dataDir, dirname(file.path)),
    rejectedFile: basename(files.rejected),
    action: file.action,
    account: accounts.length > 1 ? account : undefined,
  });
  try {
    if ((await moveRejected(file, target, text)) === 'replaced') {
      warn(`${what} It was replaced or removed meanwhile; a new one is taken the next time.`);
      return;
    }
  } catch (failure) {
    warn(`${what} It ${describeStuck(failure, join(dataDir, failedFolder))}`);
    return;
  }
  await noteFilePath(database.pool, batchId, target);
  warn(`${what} It was moved to ${target}; ${basename(reasonPath(target))} beside it says what to do.`);
}

/** Ends a sentence that begins with a file of the inbox. */
function describeStuck(failure: unknown, folder: string): string {
  return `can't be moved to ${folder}/ and stays in the inbox (${messageOf(failure)}). Let the user that runs tn-ledger write to both folders.`;
}

/** Waits for a batch's orders, and puts its results where they belong. */
async function finish(context: AssignContext, { batch, file }: Taken, options: TakeOptions): Promise<void> {
  const { status, finishedAt, batchId } = batch.status === 'finished' ? batch : await waitFor(context, batch, options);
  if (status !== 'finished' || finishedAt === undefined) return;
  const { pool } = context.database;
  if (file === undefined) {
    const folder = batch.resultsFolder ?? join(options.dataDir, outboxFolder);
    await writeResults(pool, batchId, resultFiles(folder, batch.fileName)).catch((error) =>
      context.warn(messageOf(error)),
    );
    return;
  }
  // The stamp is the batch's, so that a run that was ended here writes the same names again.
  const stamp = timeStamp(finishedAt);
  const folder = join(options.dataDir, doneFolder);
  try {
    await writeResults(pool, batchId, resultFiles(folder, `${stamp}-${file.name}`));
    if ((await moveOut(file, await freePath(folder, stamp, file))) === 'replaced') {
      context.warn(
        `${file.path} was replaced while its numbers were being submitted; the new one is taken the next time`,
      );
    }
  } catch (failure) {
    if (!isAboutFiles(failure)) throw failure;
    context.warn(
      `${file.path} was submitted (batch ${batchId}), but ${describeStuck(failure, folder)} Nothing is sent twice.`,
    );
    options.onRejected(1);
  }
}

/** A file or folder can't be written or moved: this user may not, or there is no space. */
function isAboutFiles(failure: unknown): boolean {
  const cause = failure instanceof LedgerError ? failure.cause : failure;
  return cause instanceof Error && (cause as NodeJS.ErrnoException).syscall !== undefined && 'path' in cause;
}

async function waitFor(
  context: AssignContext,
  batch: Batch,
  { timeoutMs, dataDir, onSummary }: TakeOptions,
): Promise<Batch> {
  const files = resultFiles(join(dataDir, doneFolder), batch.fileName);
  let summary: BatchSummary;
  try {
    ({ summary } = await assignOpenBatch(context, batch, { wait: true, timeoutMs, files, fromInbox: true }));
  } catch (error) {
    if (!(error instanceof AlreadyRunningError)) throw error;
    context.log.info(error.message);
    return batch;
  }
  onSummary(summary);
  const { ordersOpen, ordersUnknown, orders } = summary;
  if (ordersOpen > 0) {
    const unknown = ordersUnknown === 0 ? '' : `; of ${ordersUnknown} of them nobody can tell whether they exist`;
    context.warn(
      `Batch ${batch.batchId} (${batch.fileName}): ${ordersOpen} of ${orders} orders are not at their end${unknown}. The next nightly run resumes it.`,
    );
  }
  return summary.batch;
}
