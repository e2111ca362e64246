import { basename, dirname } from 'node:path';
import { inTransaction } from '../database/transaction.js';
import { shellWord } from '../shell-word.js';
import { CopyError, copyToDisk, type LocalCopy } from '../stored-files/local-copy.js';
import { storeRejectedLines } from '../stored-files/result-files.js';
import {
  finishFile,
  type SubmittedFile,
  takeFile,
  titleOfFile,
  unfinishedFiles,
} from '../stored-files/submitted-files.js';
import type { Action } from './action.js';
import type { AssignContext } from './assign-context.js';
import { readBatches } from './batches.js';
import type { FileSource, ProcessFilesOptions } from './file-source.js';
import type { ReconcileChoices } from './reconcile-file.js';
import { type Rejection, rejectedCount } from './rejected-files.js';
import { resultFiles, storeResults } from './results.js';

/** The options of `tn-ledger submit` for a file to assign. */
export interface SubmittedOptions {
  action?: Action | undefined;
  column?: string | undefined;
  sheet?: string | undefined;
  force?: boolean | undefined;
  again?: boolean | undefined;
  allowRejects?: boolean | undefined;
  customerOrderId?: string | undefined;
}

/** The options of `tn-ledger submit --reconcile`. */
export type SubmittedReconciliation = Pick<SubmittedOptions, 'column' | 'sheet' | 'allowRejects' | 'customerOrderId'> &
  ReconcileChoices;

/**
 * Yields the account's files that were submitted to the database and aren't finished, each with a copy on disk until the
 * next one. Their results are stored in the database, whichever host runs this.
 */
export async function* submittedFiles(
  context: AssignContext,
  options: ProcessFilesOptions,
): AsyncGenerator<FileSource> {
  const { account, database, warn } = context;
  for (const file of await unfinishedFiles(database.pool, account, ['assign', 'reconcile'])) {
    if (file.batchId !== undefined) {
      const batches = await readBatches(database.pool, file.batchId);
      yield { ...sourceOf(context, file, file.name, options), batches };
      continue;
    }
    let copy: LocalCopy;
    try {
      copy = await copyToDisk(database, options.dataDir, file);
    } catch (error) {
      if (!(error instanceof CopyError)) throw error;
      warn(error.message);
      options.onRejected(1);
      continue;
    }
    try {
      yield sourceOf(context, file, copy.path, options);
    } finally {
      await copy.remove();
    }
  }
}

function sourceOf(context: AssignContext, file: SubmittedFile, path: string, options: ProcessFilesOptions): FileSource {
  const { database, log } = context;
  const files = resultFiles(dirname(path), basename(path));
  return {
    title: titleOfFile(file),
    path,
    options: {
      ...(file.options as SubmittedOptions),
      action: (file.options as SubmittedOptions).action,
      files,
      isCopy: true,
      onBatch: (client, batchId) => takeFile(client, file, batchId),
    },
    reconcile: file.purpose === 'reconcile' ? (file.options as SubmittedReconciliation) : undefined,
    reject: (error) => reject(context, file, { error, rejectedPath: files.rejected }, options),
    async finish(batches) {
      const [{ batchId }] = batches;
      await inTransaction(database, { signal: context.signal }, async (client) => {
        for (const batch of batches) await storeResults(client, file, batch);
        await finishFile(client, file, { batchId });
      });
      log.info(`${titleOfFile(file)} is done (batch ${batchId}); \`tn-ledger files\` lists its results`);
      return true;
    },
  };
}

/** Records that a file was rejected, with its rejected lines, and reports it. */
async function reject(
  { database, warn }: AssignContext,
  file: SubmittedFile,
  { error, rejectedPath }: { error: Rejection; rejectedPath: string },
  { onRejected }: ProcessFilesOptions,
): Promise<void> {
  const { batchId } = error;
  onRejected(rejectedCount(error));
  const reason = error.describe(file.name);
  const hasLines = await inTransaction(database, {}, async (client) => {
    await finishFile(client, file, { batchId, error: reason });
    return storeRejectedLines(client, file, rejectedPath, batchId);
  });
  const lines = hasLines
    ? ` To read its rejected lines: tn-ledger files get ${shellWord(basename(rejectedPath))}.`
    : '';
  warn(`${titleOfFile(file)} was rejected (batch ${batchId}): ${reason}${lines} Submit a corrected file.`);
}
