import { join } from 'node:path';
import { AlreadyRunningError, messageOf } from '../errors.js';
import { FileChangedError } from '../number-file/csv-rows.js';
import { describeReading } from '../number-file/reading.js';
import type { AssignContext } from './assign-context.js';
import { assignFile, assignOpenBatch } from './assign-file.js';
import { type Batch, type BatchSummary, markReported, openBatches } from './batches.js';
import type { FileSource, FinishedBatch, ProcessFilesOptions } from './file-source.js';
import { doneFolder, outboxFolder } from './inbox.js';
import { UntrustedEntryError } from './inbox-entry.js';
import { inboxFiles } from './inbox-source.js';
import { originalOf } from './original-file.js';
import { reconcileFile } from './reconcile-file.js';
import { isGone, isRejection } from './rejected-files.js';
import { resultFiles, writeResults } from './results.js';
import { submittedFiles } from './submitted-source.js';

/** A file whose batches are recorded. */
interface RecordedFile {
  source: FileSource;
  batchIds: readonly string[];
  isPutAway: boolean;
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
  const batches = new Map<string, Batch>();
  for (const batch of await openBatches(database.pool, account)) batches.set(batch.batchId, batch);
  const files: RecordedFile[] = [];
  const submit = async (source: FileSource) => {
    const recorded = source.batches ?? (await submitFile(context, source, options));
    if (recorded === undefined) return;
    for (const batch of recorded) batches.set(batch.batchId, batch);
    files.push({ source, batchIds: recorded.map(({ batchId }) => batchId), isPutAway: false });
  };
  for await (const source of inboxFiles(context, options)) await submit(source);
  for await (const source of submittedFiles(context, options)) await submit(source);
  const deadline = performance.now() + options.timeoutMs;
  for (const [batchId, batch] of batches) {
    const timeoutMs = Math.max(0, deadline - performance.now());
    batches.set(
      batchId,
      batch.status === 'finished' ? batch : await waitFor(context, batch, { ...options, timeoutMs }),
    );
    await putAway(context, batchId, { batches, files }, options);
  }
}

/** Records a file and places its orders; returns its batches, or undefined if that isn't possible, or not now. */
async function submitFile(
  context: AssignContext,
  source: FileSource,
  options: ProcessFilesOptions,
): Promise<Batch[] | undefined> {
  try {
    const sending = { ...source.options, wait: false, timeoutMs: 0, fromInbox: true };
    const results =
      source.reconcile === undefined
        ? [await assignFile(context, source.path, sending)]
        : (await reconcileFile(context, source.path, { ...sending, ...source.reconcile })).results;
    for (const { summary, kind } of results) {
      // Batches that are still open are reported after the wait.
      if (kind !== 'reported' && summary.batch.status === 'finished') options.onSummary(summary);
    }
    for (const line of describeReading(results[0]?.reading)) context.log.info(`${source.title}: ${line}`);
    return results.map(({ summary }) => summary.batch);
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

/**
 * Puts away the files whose batches are finished by now, this one being among them. The results of a batch that an earlier run left open, and whose
 * file isn't there, are written to their folder.
 */
async function putAway(
  context: AssignContext,
  batchId: string,
  { batches, files }: { batches: ReadonlyMap<string, Batch>; files: readonly RecordedFile[] },
  options: ProcessFilesOptions,
): Promise<void> {
  const batch = finished(batches.get(batchId));
  if (batch === undefined) return;
  const { pool } = context.database;
  const ofBatch = files.filter(({ batchIds }) => batchIds.includes(batchId));
  for (const file of ofBatch) {
    const { source, batchIds } = file;
    const all = batchIds.map((id) => finished(batches.get(id))).filter((each) => each !== undefined);
    const [first, ...parts] = all;
    if (file.isPutAway || first === undefined || all.length < batchIds.length) continue;
    file.isPutAway = true;
    if (await source.finish([first, ...parts])) await markReported(pool, batchIds);
  }
  if (ofBatch.length > 0) return;
  const folder = batch.resultsFolder ?? join(options.dataDir, outboxFolder);
  try {
    await writeResults(pool, batch, resultFiles(folder, batch.resultsName), originalOf(batch, context));
    await markReported(pool, [batchId]);
  } catch (error) {
    context.warn(messageOf(error));
  }
}

function finished(batch: Batch | undefined): FinishedBatch | undefined {
  const finishedAt = batch?.finishedAt;
  return batch?.status === 'finished' && finishedAt !== undefined ? { ...batch, finishedAt } : undefined;
}

async function waitFor(
  context: AssignContext,
  batch: Batch,
  { timeoutMs, dataDir, onSummary }: ProcessFilesOptions,
): Promise<Batch> {
  const files = resultFiles(join(dataDir, doneFolder), batch.resultsName);
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
