import { join } from 'node:path';
import { AlreadyRunningError, LedgerError, messageOf, UsageError } from '../errors.js';
import type { AssignContext } from './assign-context.js';
import { assignFile, assignOpenBatch, TooManyRejectsError } from './assign-file.js';
import { type Batch, type BatchSummary, openBatches } from './batches.js';
import { FileChangedError } from './csv-rows.js';
import {
  doneFolder,
  failedFolder,
  type InboxFile,
  moveOut,
  outboxFolder,
  readInbox,
  timeStamp,
  writeReason,
} from './inbox.js';
import { resultFiles, writeResults } from './results.js';

export interface TakeOptions {
  dataDir: string;
  /** All that are configured. */
  accounts: readonly string[];
  /** How long to wait for the ends of the orders, of all batches together; milliseconds. */
  timeoutMs: number;
  /** Called with what became of each batch that was brought on. */
  onSummary: (summary: BatchSummary) => void;
}

/** A batch that is to be brought on. */
interface Taken {
  batch: Batch;
  /** Undefined for a batch that an earlier run left open, whose file is not in the inbox. */
  file: InboxFile | undefined;
}

/**
 * Goes on with batches that were left open, and takes the files of the inbox. All orders are placed first, and then waited for
 * together. A file whose batch is finished is moved to `done/` with its results, one that can't be taken to `failed/` with the reason;
 * one whose orders are not at their end stays, and the next night goes on with it.
 *
 * @throws {LedgerError} files that could not be taken, after all others were; or what keeps every file from being taken
 */
export async function takeInbox(context: AssignContext, options: TakeOptions): Promise<void> {
  const { account, database, warn, log } = context;
  const inbox = await readInbox(options.dataDir, account, options.accounts);
  for (const path of inbox.waiting) log.info(`${path} may still be being written; it is taken the next time`);
  if (inbox.unowned.length > 0) {
    warn(
      `${inbox.unowned.length} files of the inbox were not taken, the first ${inbox.unowned[0]}: several accounts are configured, and files belong in a folder named after theirs (inbox/${account}/assign/)`,
    );
  }
  const taken: Taken[] = [];
  const failures: string[] = [];
  for (const batch of await openBatches(database.pool, account)) taken.push({ batch, file: undefined });
  for (const file of inbox.files) {
    const batch = await takeFile(context, file, options, failures);
    if (batch === undefined) continue;
    const known = taken.find((each) => each.batch.batchId === batch.batchId && each.file === undefined);
    if (known === undefined) taken.push({ batch, file });
    else Object.assign(known, { batch, file });
  }
  const deadline = Date.now() + options.timeoutMs;
  for (const each of taken) {
    await finish(context, each, { ...options, timeoutMs: Math.max(0, deadline - Date.now()) });
  }
  if (failures.length === 0) return;
  throw new LedgerError(
    `${failures.length} of ${inbox.files.length} files of the inbox could not be taken: ${failures.join(' ')}`,
    {
      hint: `They are in ${join(options.dataDir, failedFolder)}, each with its reason. Mend them and hand them in again.`,
    },
  );
}

/** Records a file and places its orders; undefined where that can't be, or not now. */
async function takeFile(
  context: AssignContext,
  file: InboxFile,
  { dataDir, onSummary }: TakeOptions,
  failures: string[],
): Promise<Batch | undefined> {
  const stamp = timeStamp(new Date());
  const folder = join(dataDir, failedFolder);
  try {
    const { summary, kind } = await assignFile(context, file.path, {
      action: file.action,
      wait: false,
      timeoutMs: 0,
      files: resultFiles(folder, `${stamp}-${file.name}`),
      resultsLater: true,
    });
    // What is still open is told when it was waited for.
    if (kind !== 'reported' && summary.batch.status === 'finished') onSummary(summary);
    return summary.batch;
  } catch (error) {
    if (error instanceof AlreadyRunningError || error instanceof FileChangedError) {
      context.warn(`${error.message} It is looked at again the next time.`);
      return undefined;
    }
    if (!(error instanceof UsageError || error instanceof TooManyRejectsError)) throw error;
    const reason = error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
    await writeReason(file, folder, stamp, reason);
    const outcome = await moveOut(file, folder, stamp);
    if (outcome === 'replaced')
      context.warn(`${file.path} was replaced while it was looked at; it is taken the next time`);
    failures.push(error.message);
    return undefined;
  }
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
  await writeResults(pool, batchId, resultFiles(folder, `${stamp}-${file.name}`));
  if ((await moveOut(file, folder, stamp)) === 'replaced') {
    context.warn(
      `${file.path} was replaced while its numbers were being submitted; the new one is taken the next time`,
    );
  }
}

async function waitFor(
  context: AssignContext,
  batch: Batch,
  { timeoutMs, dataDir, onSummary }: TakeOptions,
): Promise<Batch> {
  const files = resultFiles(join(dataDir, doneFolder), batch.fileName);
  let summary: BatchSummary;
  try {
    ({ summary } = await assignOpenBatch(context, batch, { wait: true, timeoutMs, files, resultsLater: true }));
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
      `Batch ${batch.batchId} (${batch.fileName}): ${ordersOpen} of ${orders} orders are not at their end${unknown}. The next night goes on with it.`,
    );
  }
  return summary.batch;
}
