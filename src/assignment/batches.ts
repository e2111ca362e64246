import { basename, extname } from 'node:path';
import type pg from 'pg';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import type { NumberFile } from '../number-file/number-file.js';
import type { Action, BatchPurpose } from './action.js';
import { actionColumn } from './record-batch.js';

export interface Batch {
  batchId: string;
  account: string;
  action: Action | 'MIXED';
  purpose: BatchPurpose;
  fileName: string;
  fileSha256: string;
  /** Where the file is, on the machine that read it; undefined if it was submitted to the database. */
  filePath: string | undefined;
  /** The sheet of a workbook; undefined for a CSV file. */
  sheet: string | undefined;
  /** Header of the column of numbers; undefined for a list without a header. */
  numberColumn: string | undefined;
  status: 'open' | 'finished';
  /** Folder that the user named for the results; undefined for an inbox file. */
  resultsFolder: string | undefined;
  finishedAt: Date | undefined;
  /** Names the results: the file's name, or that of the numbers that `reconcile --prune` marks UNASSIGNED. */
  resultsName: string;
  /** The batch with the lines of the same file, for numbers that `reconcile --prune` marks UNASSIGNED. */
  partOf: string | undefined;
}

type Queryable = pg.ClientBase | pg.Pool;

const columns =
  'batch_id, account_id, action, file_name, file_sha256, file_path, sheet, number_column, status, results_folder, finished_at, purpose, part_of';

/**
 * Returns the latest batch of `assign` with the same file content and action. If the lines name their own actions, those are
 * part of the content and the default action isn't compared, so that nothing is sent twice. Rejected files don't
 * count: a rejected file is validated again if it is submitted again.
 */
export async function findBatch(
  db: Queryable,
  account: string,
  file: NumberFile,
  action: Action | undefined,
): Promise<Batch | undefined> {
  const { rows } = await db.query(
    `select ${columns} from assignment_batches
      where account_id = $1 and file_sha256 = $2 and number_column is not distinct from $3
        and sheet is not distinct from $6 and ($4 or action = $5) and status <> 'rejected' and purpose = 'assign'
      order by batch_id desc limit 1`,
    [
      account,
      file.sha256,
      file.columns.numberHeader ?? null,
      file.columns.others.has(actionColumn),
      action ?? null,
      file.reading.sheet ?? null,
    ],
  );
  return rows[0] === undefined ? undefined : toBatch(rows[0]);
}

/** SQL condition: batches of a reconciled file whose results aren't written, so that the same file resumes them. */
const unreported = `purpose = 'reconcile' and status <> 'rejected' and reported_at is null`;

/** Counts the requests that the orders of open batches still need: one to place an order, and one for its result. */
export async function countOpenRequests(pool: pg.Pool, account: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select coalesce(sum(case o.status when 'prepared' then 2 else 1 end), 0)::integer as count
       from assignment_batches b join assignment_orders o on o.batch_id = b.batch_id
      where b.account_id = $1 and b.status = 'open' and o.status not in ('COMPLETE', 'PARTIAL', 'FAILED')`,
    [account],
  );
  return rows[0]?.count ?? 0;
}

/**
 * Returns the batches of `reconcile` that the same file resumes: those whose results aren't written yet. The first has the lines of
 * the file, a second one the numbers that are marked UNASSIGNED. None if all results were written: the file is compared anew.
 */
export async function findReconciliation(db: Queryable, account: string, file: NumberFile): Promise<Batch[]> {
  const { rows } = await db.query(
    `select ${columns} from assignment_batches
      where coalesce(part_of, batch_id) = (
        select max(coalesce(part_of, batch_id)) from assignment_batches
         where account_id = $1 and file_sha256 = $2 and number_column is not distinct from $3
           and sheet is not distinct from $4 and ${unreported})
      order by batch_id`,
    [account, file.sha256, file.columns.numberHeader ?? null, file.reading.sheet ?? null],
  );
  return rows.map(toBatch);
}

/** Records that the results of batches of `reconcile` were written; other batches don't change. */
export async function markReported(db: Queryable, batchIds: readonly string[]): Promise<void> {
  await db.query(
    `update assignment_batches set reported_at = clock_timestamp() where batch_id = any($1) and ${unreported}`,
    [batchIds],
  );
}

/**
 * Returns the account's open batches, oldest first: those with orders that aren't placed or don't have a final status yet, and those
 * of `reconcile` whose results aren't written.
 */
export async function openBatches(db: Queryable, account: string): Promise<Batch[]> {
  const { rows } = await db.query(
    `select ${columns} from assignment_batches
      where account_id = $1 and (status = 'open' or ${unreported}) order by batch_id`,
    [account],
  );
  return rows.map(toBatch);
}

/** Returns a batch that exists, followed by its part that marks numbers UNASSIGNED, if it has one. */
export async function readBatches(db: Queryable, batchId: string): Promise<Batch[]> {
  const { rows } = await db.query(
    `select ${columns} from assignment_batches where batch_id = $1 or part_of = $1 order by batch_id`,
    [batchId],
  );
  return rows.map(toBatch);
}

function toBatch(row: pg.QueryResultRow): Batch {
  return {
    batchId: row.batch_id,
    account: row.account_id,
    action: row.action,
    purpose: row.purpose,
    fileName: row.file_name,
    fileSha256: row.file_sha256,
    filePath: row.file_path ?? undefined,
    sheet: row.sheet ?? undefined,
    numberColumn: row.number_column ?? undefined,
    status: row.status,
    resultsFolder: row.results_folder ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    resultsName: row.part_of === null ? row.file_name : unassignedName(row.file_name),
    partOf: row.part_of ?? undefined,
  };
}

/** `customers.unassigned.csv` for `customers.csv`: names the results of numbers that are not in the file. */
function unassignedName(fileName: string): string {
  const extension = extname(fileName);
  return `${basename(fileName, extension)}.unassigned${extension}`;
}

/** The number of lines with the same outcome and error code. */
export interface OutcomeCount {
  /** ACCEPTED, FAILED, REJECTED, SKIPPED, UNKNOWN, or PENDING while the order is open. */
  outcome: string;
  code: string | undefined;
  /** One of the descriptions reported with the code. */
  description: string | undefined;
  count: number;
}

/** The current results of a batch. */
export interface BatchSummary {
  batch: Batch;
  total: number;
  rejected: number;
  skipped: number;
  accepted: number;
  failed: number;
  unknown: number;
  /** Numbers in orders that aren't placed or don't have a final status yet. */
  pending: number;
  orders: number;
  /** Orders that Bandwidth accepted or refused. */
  ordersPlaced: number;
  /** Orders that may or may not exist at Bandwidth. */
  ordersUnknown: number;
  ordersOpen: number;
  /** Counts with a code or a failure, most frequent first. */
  reasons: OutcomeCount[];
}

/**
 * Counts a batch's lines by outcome and stores the counts with the batch. The batch is finished when all of its
 * orders have a final status.
 */
export function updateBatchSummary(database: Database, batchId: string): Promise<BatchSummary> {
  return inTransaction(database, { repeatable: true }, (client) => summarizeBatch(client, batchId));
}

/** Does the same in the client's transaction. */
export async function summarizeBatch(client: pg.ClientBase, batchId: string): Promise<BatchSummary> {
  const { rows: groups } = await client.query(
    `select coalesce(outcome, 'PENDING') as outcome, error_code, min(error_description) as description, count(*)::integer as count
       from assignment_numbers where batch_id = $1 group by 1, 2 order by count desc, 1, 2`,
    [batchId],
  );
  const counts: OutcomeCount[] = groups.map((row) => ({
    outcome: row.outcome,
    code: row.error_code ?? undefined,
    description: row.description ?? undefined,
    count: row.count,
  }));
  const of = (outcome: string) =>
    counts.filter((group) => group.outcome === outcome).reduce((sum, { count }) => sum + count, 0);
  const { rows: orders } = await client.query(
    `select count(*)::integer as orders,
            count(*) filter (where order_id is not null or finished_at is not null)::integer as placed,
            count(*) filter (where status = 'unknown')::integer as unknown,
            count(*) filter (where finished_at is null)::integer as open
       from assignment_orders where batch_id = $1`,
    [batchId],
  );
  const { rows: batches } = await client.query(
    `update assignment_batches
        set accepted_count = $2, failed_count = $3, rejected_count = $4, skipped_count = $5 + unchanged_count, unknown_count = $6,
            status = case when $7 then 'finished' else 'open' end,
            finished_at = case when $7 then coalesce(finished_at, clock_timestamp()) end
      where batch_id = $1
      returning ${columns}, total_count, skipped_count`,
    [batchId, of('ACCEPTED'), of('FAILED'), of('REJECTED'), of('SKIPPED'), of('UNKNOWN'), orders[0].open === 0],
  );
  return {
    batch: toBatch(batches[0]),
    total: batches[0].total_count,
    rejected: of('REJECTED'),
    skipped: batches[0].skipped_count,
    accepted: of('ACCEPTED'),
    failed: of('FAILED'),
    unknown: of('UNKNOWN'),
    pending: of('PENDING'),
    orders: orders[0].orders,
    ordersPlaced: orders[0].placed,
    ordersUnknown: orders[0].unknown,
    ordersOpen: orders[0].open,
    reasons: counts.filter(({ code, outcome }) => code !== undefined || outcome === 'FAILED'),
  };
}
