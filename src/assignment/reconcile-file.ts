import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type pg from 'pg';
import type { Cells } from '../csv-file.js';
import { inTransaction } from '../database/transaction.js';
import { type NumberFile, openNumberFile } from '../number-file/number-file.js';
import type { Reading } from '../number-file/reading.js';
import { UnusableFileError } from '../number-file/unusable-file.js';
import type { AssignContext } from './assign-context.js';
import {
  type AssignOptions,
  type AssignResult,
  type CheckContext,
  rejectedFile,
  unreadNumbers,
  warnOfUnread,
  writeAll,
} from './assign-file.js';
import { takeBatchLock, underLock } from './batch-lock.js';
import { type Batch, type BatchSummary, findReconciliation, markReported, summarizeBatch } from './batches.js';
import { customerOrderId, newBatchKey } from './customer-order-id.js';
import { changeProblem, type MaxChange, type PlanRefusedError, pruneProblem } from './max-change.js';
import { checkFeature, checkReconcilable } from './preflight.js';
import { comparePlan, describeUnlistedOrders, type Plan, type PlanCounts, readPlan } from './reconcile-plan.js';
import { actionColumn, copyLines, insertOrders, lockBatches, maxNumbersPerOrder } from './record-batch.js';
import { type OpenedFile, recordingRejection, tieToBatch } from './rejected-files.js';
import { resultFiles } from './results.js';
import { runBatch } from './run-batch.js';
import { isTooMany, type RejectCounts, TooManyRejectsError } from './too-many-rejects.js';

/** How to compare a file with the ledger. */
export interface ReconcileChoices {
  /** Mark the numbers UNASSIGNED that are marked ASSIGNED and not in the file. */
  prune: boolean;
  /** The most that may change; undefined: the default of `changeProblem`. */
  maxChange?: MaxChange | undefined;
}

export interface PlanOptions extends ReconcileChoices, Pick<AssignOptions, 'column' | 'sheet' | 'allowRejects'> {
  /** Receives all rows of the plan; see `planHeader`. */
  onRows?: ((rows: AsyncIterable<Cells[]>) => Promise<void>) | undefined;
}

export type ReconcileOptions = ReconcileChoices & Omit<AssignOptions, 'action' | 'dryRun' | 'force' | 'again'>;

/** What was done with a file: the result of each of its batches. The second one has the numbers that were marked UNASSIGNED. */
export interface ReconcileResult {
  results: AssignResult[];
  /** Undefined if batches that were recorded earlier were resumed or reported. */
  plan: Plan | undefined;
}

/** A plan, and why it wouldn't be applied; undefined: it would be. */
export interface CheckedPlan {
  plan: Plan;
  refusal: TooManyRejectsError | PlanRefusedError | undefined;
  /** The batches that the same file resumes instead: they are recorded, and their results aren't written yet. */
  resumes: Batch[];
  /** How the file was read. */
  reading: Reading;
}

/**
 * Compares a file with the ledger; sends and records nothing. Needs no API.
 *
 * @throws {UnusableFileError} the file can't be read or isn't a list of numbers in use
 * @throws {LedgerError} the ledger doesn't have the account's numbers or assignment orders
 */
export async function planFile(context: CheckContext, path: string, options: PlanOptions): Promise<CheckedPlan> {
  const { account, database, signal, warn } = context;
  const file = await openListOfNumbersInUse(path, options, { signal });
  warnOfUnread(file, context);
  await checkReconcilable(database.pool, account, warn);
  const resumes = await findReconciliation(database.pool, account, file);
  const plan = await inTransaction(database, { largeJoin: true, signal }, async (client) => {
    const lines = await copyLines(client, file, 'ASSIGN');
    const compared = await compareFile(context, client, lines, { ...options, keepRight: options.onRows !== undefined });
    await options.onRows?.(readPlan(client));
    return compared;
  });
  const counts = rejectCounts(plan);
  const refusal = isTooMany(counts, options)
    ? new TooManyRejectsError(counts, undefined)
    : findProblem(plan.counts, file, options);
  return { plan, refusal, resumes, reading: file.reading };
}

/**
 * Compares a file with the ledger and submits the orders that the plan needs, in batches of their own: one with the lines of the
 * file, and one with the numbers to be marked UNASSIGNED, if there are any. Both are recorded in one transaction with the comparison,
 * so that every number is sent exactly once, no matter how often or how the program is interrupted: until the results are written,
 * the same file resumes these batches; after that, it is compared anew. A file that is rejected as a whole is recorded, too.
 *
 * @throws {UnusableFileError} the file can't be read or isn't a list of numbers in use
 * @throws {AlreadyRunningError} another process is working on the same file
 * @throws {TooManyRejectsError} too many of its lines were rejected
 * @throws {PlanRefusedError} the plan changes too much
 * @throws {LedgerError} the ledger doesn't have the account's numbers or assignment orders
 */
export async function reconcileFile(
  context: AssignContext,
  path: string,
  options: ReconcileOptions,
): Promise<ReconcileResult> {
  return recordingRejection(context, path, { ...options, purpose: 'reconcile', action: undefined }, (file) =>
    processFile(context, file, options),
  );
}

async function processFile(
  context: AssignContext,
  { path, handle }: OpenedFile,
  options: ReconcileOptions,
): Promise<ReconcileResult> {
  const { account, database, signal } = context;
  const file = await openListOfNumbersInUse(path, options, { signal, handle });
  warnOfUnread(file, context);
  const lock = await takeBatchLock(context, file.sha256, basename(path));
  const locked = underLock(context, lock);
  try {
    const existing = await findReconciliation(database.pool, account, file);
    const [main] = existing;
    if (main !== undefined) {
      await inTransaction(locked.database, { repeatable: true }, (client) => tieToBatch(client, main, path, options));
      return { results: await continueBatches(locked, existing, { ...options, file }, 'resumed'), plan: undefined };
    }
    await options.refreshInventory?.();
    await checkReconcilable(database.pool, account, context.warn);
    await checkFeature(context.client, account, { signal: locked.signal, warn: context.warn });
    const { batches, plan } = await record(locked, file, path, options);
    return { results: await continueBatches(locked, batches, { ...options, file }, 'new'), plan };
  } finally {
    await lock.release();
  }
}

async function openListOfNumbersInUse(
  path: string,
  { column, sheet }: Pick<AssignOptions, 'column' | 'sheet'>,
  { signal, handle }: { signal: AbortSignal; handle?: FileHandle | undefined },
): Promise<NumberFile> {
  const file = await openNumberFile(path, { column, sheet, others: [actionColumn], signal, handle });
  if (!file.columns.others.has(actionColumn)) return file;
  const message = (name: string) =>
    `${name} has a column "action", so it isn't a list of numbers in use: a line might say UNASSIGN.`;
  throw new UnusableFileError(path, message, {
    hint: 'Submit the actions with tn-ledger assign, or remove the column.',
    fix: 'Remove the column "action", or put the file in the folder assign or unassign.',
    byCommand: true,
  });
}

async function compareFile(
  { account, warn }: CheckContext,
  client: pg.ClientBase,
  lines: number,
  { prune, keepRight }: { prune: boolean; keepRight: boolean },
): Promise<Plan> {
  const plan = await comparePlan(client, { account, lines, prune, keepRight });
  const warning = await describeUnlistedOrders(client, account);
  if (warning !== undefined) warn(warning);
  return plan;
}

function findProblem(
  counts: PlanCounts,
  file: NumberFile,
  { maxChange, allowRejects }: Pick<ReconcileOptions, 'maxChange' | 'allowRejects'>,
): PlanRefusedError | undefined {
  return (allowRejects ? undefined : pruneProblem(counts, unreadNumbers(file))) ?? changeProblem(counts, maxChange);
}

function rejectCounts({ counts, reasons }: Plan): RejectCounts {
  return {
    batch: { action: 'ASSIGN' },
    total: counts.lines,
    rejected: counts.rejected,
    skipped: counts.lines - counts.rejected - counts.toAssign,
    reasons: reasons.flatMap(({ group, code, reason, count }) =>
      group === 'rejected' || group === 'not assignable'
        ? { outcome: 'REJECTED', code, description: reason, count }
        : [],
    ),
  };
}

/**
 * Records the batches of a plan, or throws why it isn't applied and records nothing; the rejected lines are written to their file
 * then.
 */
async function record(
  context: AssignContext,
  file: NumberFile,
  path: string,
  options: ReconcileOptions,
): Promise<{ batches: Batch[]; plan: Plan }> {
  return inTransaction(context.database, { largeJoin: true, signal: context.signal }, async (client) => {
    const lines = await copyLines(client, file, 'ASSIGN');
    await lockBatches(client, context.account, { alone: true });
    const plan = await compareFile(context, client, lines, { ...options, keepRight: false });
    const main = await recordMain(client, file, plan.counts, { ...options, account: context.account });
    const summary = await summarizeBatch(client, main.batchId);
    if (isTooMany(summary, options)) {
      throw new TooManyRejectsError(summary, await rejectedFile(context, client, main.batchId, { ...options, file }));
    }
    const problem = findProblem(plan.counts, file, options);
    if (problem !== undefined) {
      await rejectedFile(context, client, main.batchId, { ...options, file });
      throw problem;
    }
    await tieToBatch(client, summary.batch, path, options);
    const batches = [summary.batch];
    if (plan.counts.toUnassign > 0) {
      const part = await recordPart(client, main.batchId, plan.counts.toUnassign, options.customerOrderId);
      batches.push((await summarizeBatch(client, part)).batch);
    }
    return { batches, plan };
  });
}

interface MainOptions extends Pick<ReconcileOptions, 'customerOrderId' | 'resultsFolder' | 'isCopy'> {
  account: string;
}

/** Records the batch with the lines of the file, except those that are right already and have no row, and its orders. */
async function recordMain(
  client: pg.ClientBase,
  file: NumberFile,
  { lines, toAssign, right }: PlanCounts,
  { account, customerOrderId: prefix, resultsFolder, isCopy = false }: MainOptions,
): Promise<{ batchId: string }> {
  const batchKey = newBatchKey();
  const { rows } = await client.query(
    `insert into assignment_batches
       (account_id, action, file_name, file_sha256, number_column, has_action_column, batch_key, customer_order_id, results_folder,
        status, total_count, purpose, file_path, sheet, unchanged_count)
     values ($1, 'ASSIGN', $2, $3, $4, false, $5, $6, $7, 'open', $8, 'reconcile', $9, $10, $11)
     returning batch_id`,
    [
      account,
      basename(file.path),
      file.sha256,
      file.columns.numberHeader ?? null,
      batchKey,
      prefix ?? null,
      resultsFolder ?? null,
      lines,
      isCopy ? null : resolve(file.path),
      file.reading.sheet ?? null,
      right,
    ],
  );
  const batchId: string = rows[0].batch_id;
  await client.query(
    `insert into assignment_numbers
       (batch_id, line_number, position_in_line, number_as_given, telephone_number, chunk_number, outcome, error_code, error_description)
     select $1, line, position, given, number,
            case when grp = 'assign' then (count(*) filter (where grp = 'assign') over so_far - 1) / $2::integer + 1 end,
            case when grp in ('pending', 'classified') then 'SKIPPED' when grp <> 'assign' then 'REJECTED' end,
            case when grp <> 'assign' then code end, case when grp <> 'assign' then reason end
       from reconcile_plan where line is not null
     window so_far as (order by line, position rows unbounded preceding)
      order by line, position`,
    [batchId, maxNumbersPerOrder],
  );
  await client.query('analyze (skip_locked) assignment_numbers');
  await insertOrders(client, batchId, chunksOf(toAssign, 'ASSIGN'), (chunk) =>
    customerOrderId(batchKey, chunk, prefix),
  );
  return { batchId };
}

/** Records the batch with the numbers to be marked UNASSIGNED, in order, and its orders; returns its id. */
async function recordPart(
  client: pg.ClientBase,
  mainId: string,
  count: number,
  prefix: string | undefined,
): Promise<string> {
  const batchKey = newBatchKey();
  const { rows } = await client.query(
    `insert into assignment_batches
       (account_id, action, file_name, file_sha256, number_column, has_action_column, batch_key, customer_order_id, results_folder,
        status, total_count, purpose, part_of)
     select account_id, 'UNASSIGN', file_name, file_sha256, number_column, false, $2, customer_order_id, results_folder,
            'open', $3, 'reconcile', batch_id
       from assignment_batches where batch_id = $1
     returning batch_id`,
    [mainId, batchKey, count],
  );
  const batchId: string = rows[0].batch_id;
  await client.query(
    `insert into assignment_numbers (batch_id, line_number, telephone_number, chunk_number)
     select $1, place, number, (place - 1) / $2::integer + 1
       from (select number, row_number() over (order by number) as place from reconcile_plan where grp = 'unassign') n
      order by place`,
    [batchId, maxNumbersPerOrder],
  );
  await insertOrders(client, batchId, chunksOf(count, 'UNASSIGN'), (chunk) => customerOrderId(batchKey, chunk, prefix));
  return batchId;
}

function chunksOf(numbers: number, action: 'ASSIGN' | 'UNASSIGN') {
  return Array.from({ length: Math.ceil(numbers / maxNumbersPerOrder) }, (_, index) => ({
    chunk_number: index + 1,
    number_count: Math.min(maxNumbersPerOrder, numbers - index * maxNumbersPerOrder),
    action,
  }));
}

/** Places the orders of all batches, then waits for them, and writes the results of those that are finished. */
async function continueBatches(
  context: AssignContext,
  batches: readonly Batch[],
  options: ReconcileOptions & { file: NumberFile },
  kind: 'new' | 'resumed',
): Promise<AssignResult[]> {
  const startedAt = performance.now();
  const isReported = kind === 'resumed' && batches.every(({ status }) => status !== 'open');
  const sent: BatchSummary[] = [];
  for (const { batchId } of batches) sent.push(await runBatch(context, batchId, { wait: false, timeoutMs: 0 }));
  const results: AssignResult[] = [];
  for (const placed of sent) {
    const { batchId, status, partOf, resultsName } = placed.batch;
    const timeoutMs = Math.max(0, options.timeoutMs - (performance.now() - startedAt));
    const summary =
      options.wait && status === 'open'
        ? await runBatch({ ...context, expect: () => undefined }, batchId, { wait: true, timeoutMs })
        : placed;
    // The numbers of a part are on no line of the file.
    const own =
      partOf === undefined
        ? options
        : { ...options, file: undefined, files: resultFiles(dirname(options.files.results), resultsName) };
    results.push({
      summary,
      reading: options.file.reading,
      ...(await writeAll(context, summary, own)),
      kind: isReported ? 'reported' : kind,
      sendingSeconds: (performance.now() - startedAt) / 1000,
    });
  }
  const finished = results.flatMap(({ summary: { batch } }) => (batch.status === 'finished' ? batch.batchId : []));
  if (!options.fromInbox) await markReported(context.database.pool, finished);
  return results;
}
