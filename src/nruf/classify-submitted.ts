import { basename, dirname, extname, join } from 'node:path';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { formatCount } from '../format.js';
import type { Log } from '../log.js';
import { describeReading } from '../number-file/reading.js';
import { UnusableFileError } from '../number-file/unusable-file.js';
import { CopyError, copyToDisk } from '../stored-files/local-copy.js';
import { storeRejectedLines } from '../stored-files/result-files.js';
import { finishFile, type SubmittedFile, titleOfFile, unfinishedFiles } from '../stored-files/submitted-files.js';
import { type Classification, type Classified, classifyFile, TooManyLinesRejectedError } from './classify.js';

/** The options of `tn-ledger submit` for a file to classify. */
export type SubmittedClassification = Classification & {
  column?: string | undefined;
  sheet?: string | undefined;
  allowRejects: boolean;
};

export interface ClassifySubmittedContext {
  account: string;
  database: Database;
  dataDir: string;
  log: Log;
  signal: AbortSignal;
  warn(message: string): void;
  /** Called with the result of each file. */
  onClassified(classified: Classified): void;
  /** Called for each file that was rejected as a whole or can't be written to disk. */
  onRejected(): void;
}

/**
 * Classifies the numbers of the files that were submitted for it, in the order of their submission, each in one
 * transaction with the file's state. A problem with one file doesn't affect the others; it is a warning that names the
 * file.
 */
export async function classifySubmittedFiles(context: ClassifySubmittedContext): Promise<void> {
  const { account, database, signal, warn } = context;
  for (const file of await unfinishedFiles(database.pool, account, ['classify'])) {
    signal.throwIfAborted();
    try {
      await classifyOne(context, file);
    } catch (error) {
      if (!(error instanceof CopyError)) throw error;
      warn(error.message);
      context.onRejected();
    }
  }
}

async function classifyOne(context: ClassifySubmittedContext, file: SubmittedFile): Promise<void> {
  const { account, database, dataDir, signal, warn, log } = context;
  const { column, sheet, allowRejects, ...classification } = file.options as SubmittedClassification;
  const copy = await copyToDisk(database, dataDir, file);
  const rejectedPath = join(dirname(copy.path), `${basename(copy.path, extname(copy.path))}.rejected.csv`);
  try {
    const classified = await classifyFile(database, copy.path, classification, {
      ...{ account, column, sheet, allowRejects, dryRun: false, rejectedPath, signal },
      async onClassified(client) {
        await storeRejectedLines(client, file, rejectedPath);
        await finishFile(client, file);
      },
    });
    context.onClassified(classified);
    const { warning } = classified.reading;
    if (warning !== undefined) warn(`${titleOfFile(file)}: ${warning}`);
    for (const line of describeReading(classified.reading)) log.info(`${titleOfFile(file)}: ${line}`);
    log.info(
      `${titleOfFile(file)} is done: ${formatCount(classified.declared)} of ${formatCount(classified.total)} numbers were classified as ${classification.category}`,
    );
  } catch (error) {
    const isUnusable = error instanceof UnusableFileError;
    if (!isUnusable && !(error instanceof TooManyLinesRejectedError)) throw error;
    const reason = isUnusable ? error.describe(file.name) : error.message;
    await inTransaction(database, {}, async (client) => {
      await finishFile(client, file, { error: reason });
      await storeRejectedLines(client, file, rejectedPath);
    });
    context.onRejected();
    warn(`${titleOfFile(file)} was rejected: ${reason} Submit a corrected file.`);
  } finally {
    await copy.remove();
  }
}
