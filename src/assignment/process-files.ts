import { join } from 'node:path';
import { AlreadyRunningError, messageOf } from '../errors.js';
import { FileChangedError } from '../number-file/csv-rows.js';
import { describeReading } from '../number-file/reading.js';
import type { AssignContext } from './assign-context.js';
import { assignFile, assignOpenBatch } from './assign-file.js';
import { type Batch, type BatchSummary, openBatches } from './batches.js';
import type { FileSource, FinishedBatch, ProcessFilesOptions } from './file-source.js';
import { doneFolder, outboxFolder } from './inbox.js';
import { UntrustedEntryError } from './inbox-entry.js';
import { inboxFiles } from './inbox-source.js';
import { isGone, isRejection } from './rejected-files.js';
import { resultFiles, writeResults } from './results.js';
import { submittedFiles } from './submitted-source.js';

/** A batch to finish. */
interface PendingBatch {
  batch: Batch;
  /** The files with its content; none for a batch that an earlier run left open and whose file isn't there. */
  sources: FileSource[];
}

/**
 * Resumes open batches, and processes the files of the inbox and those that were submitted to the database. Places all
 * orders first, then waits for all of them together. A file whose orders aren't final stays, and the next run resumes
 * it. A problem with one file doesn't affect the others; it is a warning that names the file.
 *
 * @throws {LedgerError} for a problem that affects every file
 */
export async function processFiles(context: AssignContext, options: ProcessFilesOptions): Promise<void> {
  const { account, database } = context;
  const pending: PendingBatch[] = [];
  for (const batch of await openBatches(database.pool, account)) pending.push({ batch, sources: [] });
  const submit = async (source: FileSource) => {
    const batch = source.batch ?? (await submitFile(context, source, options));
    if (batch === undefined) return;
    const known = pending.find((each) => each.batch.batchId === batch.batchId);
    if (known === undefined) pending.push({ batch, sources: [source] });
    else {
      known.batch = batch;
      known.sources.push(source);
    }
  };
  for await (const source of inboxFiles(context, options)) await submit(source);
  for await (const source of submittedFiles(context, options)) await submit(source);
  const deadline = performance.now() + options.timeoutMs;
  for (const each of pending) {
    await finish(context, each, { ...options, timeoutMs: Math.max(0, deadline - performance.now()) });
  }
}

/** Records a file and places its orders; returns undefined if that isn't possible, or not now. */
async function submitFile(
  context: AssignContext,
  source: FileSource,
  options: ProcessFilesOptions,
): Promise<Batch | undefined> {
  try {
    const sending = { ...source.options, wait: false, timeoutMs: 0, fromInbox: true };
    const { summary, reading, kind } = await assignFile(context, source.path, sending);
    for (const line of reading === undefined ? [] : describeReading(reading))
      context.log.info(`${source.title}: ${line}`);
    // Batches that are still open are reported after the wait.
    if (kind !== 'reported' && summary.batch.status === 'finished') options.onSummary(summary);
    return summary.batch;
  } catch (error) {
    if (error instanceof AlreadyRunningError || error instanceof FileChangedError) {
      context.warn(`${error.message} The next run tries it again.`);
    } else if (isGone(error)) {
      context.warn(`${source.title} was removed before it could be read.`);
    } else if (error instanceof UntrustedEntryError) {
      context.warn(error.message);
      options.onRejected(1);
    } else if (isRejection(error, true)) {
      await source.reject(error);
    } else throw error;
    return undefined;
  }
}

/** Waits for a batch's orders, and puts its files away. */
async function finish(
  context: AssignContext,
  { batch, sources }: PendingBatch,
  options: ProcessFilesOptions,
): Promise<void> {
  const { finishedAt, ...facts } = batch.status === 'finished' ? batch : await waitFor(context, batch, options);
  if (facts.status !== 'finished' || finishedAt === undefined) return;
  const finished: FinishedBatch = { ...facts, finishedAt };
  for (const source of sources) await source.finish(finished);
  if (sources.length > 0) return;
  const folder = batch.resultsFolder ?? join(options.dataDir, outboxFolder);
  const { database, signal, warn } = context;
  const files = resultFiles(folder, batch.fileName);
  await writeResults(database.pool, batch, files, { path: batch.filePath, signal, warn }).catch((error) =>
    warn(messageOf(error)),
  );
}

async function waitFor(
  context: AssignContext,
  batch: Batch,
  { timeoutMs, dataDir, onSummary }: ProcessFilesOptions,
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
    const unknown = ordersUnknown === 0 ? '' : `; ${ordersUnknown} of them may or may not exist at Bandwidth`;
    context.warn(
      `Batch ${batch.batchId} (${batch.fileName}): ${ordersOpen} of ${orders} orders are not final${unknown}. The next nightly run resumes it.`,
    );
  }
  return summary.batch;
}
