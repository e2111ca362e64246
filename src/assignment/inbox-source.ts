import { basename, dirname, join, relative, resolve } from 'node:path';
import { LedgerError, messageOf } from '../errors.js';
import { UnusableFileError } from '../number-file/unusable-file.js';
import type { AssignContext } from './assign-context.js';
import type { FileSource, FinishedBatches, ProcessFilesOptions } from './file-source.js';
import {
  doneFolder,
  failedFolder,
  type InboxFile,
  moveFromInbox,
  moveRejected,
  readInbox,
  reasonPath,
  timeStamp,
  unusedPath,
} from './inbox.js';
import { originalOf, originalUnavailable } from './original-file.js';
import { type Rejection, recordFilePath, recordRejectedFile, rejectedCount } from './rejected-files.js';
import { describeRejection } from './rejection-text.js';
import { type ResultFiles, resultFiles, writeResults } from './results.js';

/**
 * Yields the account's files in the inbox, and warns about entries that can't be taken. A file whose batch is finished
 * moves to `done/` with its results, a rejected file to `failed/` with the reason.
 */
export async function* inboxFiles(context: AssignContext, options: ProcessFilesOptions): AsyncGenerator<FileSource> {
  const { account, warn, log } = context;
  const { accounts, trusted } = options;
  const inbox = await readInbox(options.dataDir, account, { accounts, trusted });
  for (const path of inbox.waiting) log.info(`${path} may still be being written; the next run picks it up`);
  if (inbox.unowned.length > 0) {
    warn(
      `${inbox.unowned.length} inbox files were skipped, the first ${inbox.unowned[0]}: several accounts are configured. Put each file in its account's folder (inbox/${account}/assign/)`,
    );
  }
  for (const { path, reason } of inbox.unreadable) {
    warn(`${path} can't be read (${reason}) and was skipped. Let the user that runs tn-ledger read it.`);
    options.onRejected(1);
  }
  for (const { path, reason } of inbox.untrusted) {
    warn(`${path} was skipped: ${reason}. Remove it, or have a trusted user submit a regular file instead.`);
    options.onRejected(1);
  }
  for (const file of inbox.files) {
    const source = await prepare(context, file, options);
    if (source !== undefined) yield source;
  }
}

/** Returns undefined for a file that was rejected because of its name. */
async function prepare(
  context: AssignContext,
  file: InboxFile,
  options: ProcessFilesOptions,
): Promise<FileSource | undefined> {
  const folder = join(options.dataDir, failedFolder);
  const stamp = stampOf(new Date(), context.account, options);
  // If the folder can't be created, the name doesn't matter: nothing can be written there.
  const target = await unusedPath(folder, stamp, file).catch(() => join(folder, `${stamp}-${file.name}`));
  const files = resultFiles(folder, basename(target));
  if (file.nameProblem !== undefined) {
    const problem = file.nameProblem;
    const error = new UnusableFileError(file.path, (name) => `${name} ${problem}.`, {
      fix: 'Give the file a shorter name in UTF-8.',
    });
    const path = join(dirname(file.path), file.name);
    const purpose = file.reconcile === undefined ? ('assign' as const) : ('reconcile' as const);
    const facts = { account: context.account, path, purpose, action: file.action, error, isRead: false };
    error.batchId = await recordRejectedFile(context.database, facts);
    await reject(context, file, { error, target, files }, options);
    return undefined;
  }
  return {
    title: file.path,
    path: file.path,
    options: { open: file.open, action: file.action, files },
    reconcile: file.reconcile,
    reject: (error) => reject(context, file, { error, target, files }, options),
    finish: (batches) => finish(context, file, batches, options),
  };
}

/** Moves a rejected file out of the inbox and reports it. */
async function reject(
  { account, database, warn }: AssignContext,
  file: InboxFile,
  { error, target, files }: { error: Rejection; target: string; files: ResultFiles },
  { dataDir, accounts, onRejected }: ProcessFilesOptions,
): Promise<void> {
  const { batchId = '' } = error;
  onRejected(rejectedCount(error));
  const what = `${file.path} was rejected (batch ${batchId}): ${error.describe(file.name)}`;
  const text = describeRejection(error, {
    path: target,
    inboxFolder: relative(dataDir, dirname(file.path)),
    rejectedFile: basename(files.rejected),
    action: file.action,
    reconcile: file.reconcile,
    account: accounts.length > 1 ? account : undefined,
  });
  try {
    if ((await moveRejected(file, target, text)) === 'replaced') {
      warn(`${what} It was replaced or removed in the meantime; the next run picks up a new one.`);
      return;
    }
  } catch (failure) {
    warn(`${what} It ${describeStuck(failure, join(dataDir, failedFolder))}`);
    return;
  }
  await recordFilePath(database, batchId, target);
  warn(`${what} It was moved to ${target}; ${basename(reasonPath(target))} next to it says what to do.`);
}

/** The end of a sentence that begins with an inbox file. */
function describeStuck(failure: unknown, folder: string): string {
  return `can't be moved to ${folder}/ and stays in the inbox (${messageOf(failure)}). Let the user that runs tn-ledger write to both folders.`;
}

/**
 * The prefix of a moved file's name, and of its results. Several accounts run side by side and share the folders, and
 * may submit files of the same name: so the prefix names the account too.
 */
function stampOf(time: Date, account: string, { accounts }: Pick<ProcessFilesOptions, 'accounts'>): string {
  return accounts.length > 1 ? `${timeStamp(time)}-${account}` : timeStamp(time);
}

/** Writes the results of a file to `done/` and moves it there; returns false if it stays in the inbox. */
async function finish(
  context: AssignContext,
  file: InboxFile,
  batches: FinishedBatches,
  options: ProcessFilesOptions,
): Promise<boolean> {
  // The timestamp is the batch's, so that a run that was interrupted here writes the same names again.
  const stampOfBatch = (time: Date) => stampOf(time, context.account, options);
  const [main, ...parts] = batches;
  const { batchId } = main;
  const stamp = stampOfBatch(main.finishedAt);
  const folder = join(options.dataDir, doneFolder);
  try {
    await writeInboxResults(context, file, main, resultFiles(folder, `${stamp}-${file.name}`));
    for (const part of parts) {
      const files = resultFiles(folder, `${stampOfBatch(part.finishedAt)}-${part.resultsName}`);
      await writeResults(context.database.pool, part, files, originalOf(part, context));
    }
    const target = await unusedPath(folder, stamp, file);
    if ((await moveFromInbox(file, target)) === 'moved') {
      for (const each of batches) await recordFilePath(context.database, each.batchId, resolve(target));
    } else {
      context.warn(
        `${file.path} was replaced while its numbers were being submitted; the next run picks up the new one`,
      );
    }
    return true;
  } catch (failure) {
    if (!isFileSystemError(failure)) throw failure;
    context.warn(
      `${file.path} was submitted (batch ${batchId}), but ${describeStuck(failure, folder)} Nothing will be sent twice.`,
    );
    options.onRejected(1);
    return false;
  }
}

async function writeInboxResults(
  { database, signal, warn }: AssignContext,
  file: InboxFile,
  batch: FinishedBatches[0],
  files: ResultFiles,
): Promise<void> {
  // If the file was replaced by a link or another user's file, its columns are left out.
  const handle = await file.open().catch((error: unknown) => {
    if (batch.numberColumn !== undefined) warn(originalUnavailable(batch, error));
    return undefined;
  });
  try {
    const path = handle === undefined ? undefined : file.path;
    await writeResults(database.pool, batch, files, { path, handle, signal, warn });
  } finally {
    await handle?.close();
  }
}

/** Whether a file or folder can't be written or moved: no permission, or no space. */
function isFileSystemError(failure: unknown): boolean {
  const cause = failure instanceof LedgerError ? failure.cause : failure;
  return cause instanceof Error && (cause as NodeJS.ErrnoException).syscall !== undefined && 'path' in cause;
}
