import type pg from 'pg';
import { unresolved } from '../assignment/rejected-files.js';
import { accountNamed } from '../config.js';
import { baseline, readSchemaState } from '../database/migrations.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import { formatMinute } from '../format.js';
import { formatCount, formatTable } from './format.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

export interface AssignmentsOptions {
  account?: string;
  limit: string;
  all?: boolean;
  acknowledge?: boolean;
  json?: boolean;
}

/** Prints the latest batches, or one batch with its orders and failures. */
export async function printAssignments(
  session: Session,
  batchId: string | undefined,
  { account, limit, all = false, json = false }: AssignmentsOptions,
): Promise<ExitStatus> {
  if (!/^[1-9]\d{0,8}$/.test(limit))
    throw new UsageError(`--limit must be a whole number of at least 1, not ${JSON.stringify(limit)}.`);
  if (batchId !== undefined) checkBatchId(batchId);
  const database = await session.database({ readOnly: true });
  const { pool } = database;
  const { applied } = await readSchemaState(database);
  const hasTables = applied.includes(baseline);
  if (batchId === undefined) {
    const batches = hasTables
      ? await listBatches(pool, {
          account: account && accountNamed(session.config, account),
          limit: Number(limit),
          all,
        })
      : [];
    printResult(json ? JSON.stringify(batches, null, 2) : listText(batches), { json });
    return exitStatus.done;
  }
  const [batch] = hasTables ? await readOne(pool, batchId) : [];
  if (batch === undefined) {
    throw batchNotFound(batchId);
  }
  const [orders, failures] = [await listOrders(pool, batchId), await listFailures(pool, batchId)];
  printResult(json ? JSON.stringify({ ...batch, orders, failures }, null, 2) : oneText(batch, orders, failures), {
    json,
  });
  return exitStatus.done;
}

/** @throws {UsageError} not a batch number */
export function checkBatchId(text: string): void {
  if (/^\d{1,18}$/.test(text)) return;
  throw new UsageError(`${JSON.stringify(text)} is not a batch number.`, {
    hint: 'Run `tn-ledger assignments` to list batches with their numbers.',
  });
}

export function batchNotFound(batchId: string): LedgerError {
  return new LedgerError(`There is no batch ${batchId}.`, { hint: 'Run `tn-ledger assignments` to list the batches.' });
}

const batchColumns = `b.batch_id, b.account_id, b.action, b.file_name, b.file_sha256, b.status, b.total_count, b.accepted_count, b.failed_count,
  b.rejected_count, b.skipped_count, b.unknown_count, b.created_at, b.finished_at,
  b.reason, b.file_path, b.acknowledged_at, b.replaced_by`;

interface BatchRow {
  batch_id: string;
  account_id: string;
  action: string | null;
  file_name: string;
  status: string;
  total_count: number | null;
  accepted_count: number;
  failed_count: number;
  rejected_count: number | null;
  skipped_count: number;
  unknown_count: number;
  created_at: Date;
  finished_at: Date | null;
  reason: string | null;
  file_path: string | null;
  acknowledged_at: Date | null;
  replaced_by: string | null;
  orders?: number;
  orders_open?: number;
}

interface Listing {
  account: string | undefined;
  limit: number;
  /** Include rejected files that are acknowledged or replaced. */
  all: boolean;
}

/** The latest batches, and all unresolved rejected files, however old. */
async function listBatches(pool: pg.Pool, { account, limit, all }: Listing): Promise<BatchRow[]> {
  const { rows } = await pool.query(
    `select ${batchColumns}, o.orders, o.orders_open
       from (select *, row_number() over (order by batch_id desc) as place from assignment_batches
              where ($1::text is null or account_id = $1) and ($3 or status <> 'rejected' or ${unresolved})) b
       cross join lateral (
         select count(*)::integer as orders, count(*) filter (where finished_at is null)::integer as orders_open
           from assignment_orders where batch_id = b.batch_id) o
      where b.place <= $2 or ${unresolved}
      order by b.batch_id desc`,
    [account ?? null, limit, all],
  );
  return rows;
}

async function readOne(pool: pg.Pool, batchId: string): Promise<BatchRow[]> {
  return (await pool.query(`select ${batchColumns} from assignment_batches b where batch_id = $1`, [batchId])).rows;
}

interface OrderRow {
  chunk_number: number;
  action: string;
  customer_order_id: string;
  order_id: string | null;
  status: string;
  number_count: number;
  failed_quantity: number | null;
  attempts: number;
  error_code: string | null;
  error_description: string | null;
  submitted_at: Date | null;
  finished_at: Date | null;
}

async function listOrders(pool: pg.Pool, batchId: string): Promise<OrderRow[]> {
  const { rows } = await pool.query(
    `select chunk_number, action, customer_order_id, order_id, status, number_count, failed_quantity, attempts, error_code,
            error_description, submitted_at, finished_at
       from assignment_orders where batch_id = $1 order by chunk_number`,
    [batchId],
  );
  return rows;
}

interface FailureRow {
  outcome: string;
  error_code: string | null;
  count: number;
  first_line: number;
  first_number: string | null;
  error_description: string | null;
}

async function listFailures(pool: pg.Pool, batchId: string): Promise<FailureRow[]> {
  const { rows } = await pool.query(
    `select outcome, error_code, count(*)::integer as count, min(line_number) as first_line,
            (array_agg(coalesce(number_as_given, telephone_number) order by line_number, position_in_line))[1] as first_number,
            (array_agg(error_description order by line_number, position_in_line))[1] as error_description
       from assignment_numbers
      where batch_id = $1 and outcome <> 'ACCEPTED'
      group by outcome, error_code order by count desc, outcome, error_code`,
    [batchId],
  );
  return rows;
}

function listText(batches: readonly BatchRow[]): string {
  if (batches.length === 0) return 'No files have been submitted yet. See `tn-ledger assign --help`.';
  const header = [
    'batch',
    'account',
    'file',
    'action',
    'status',
    'numbers',
    'accepted',
    'failed',
    'rejected',
    'orders',
    'submitted',
  ];
  const rows = batches.map((batch) => [
    batch.batch_id,
    batch.account_id,
    batch.file_name,
    batch.action ?? '',
    batch.orders_open ? `open (${batch.orders_open} orders)` : describeStatus(batch),
    countOrNothing(batch.total_count),
    formatCount(batch.accepted_count),
    formatCount(batch.failed_count),
    countOrNothing(batch.rejected_count),
    formatCount(batch.orders ?? 0),
    formatMinute(batch.created_at),
  ]);
  const notes = batches.flatMap((batch) => [
    ...(batch.status === 'rejected' ? [`Batch ${batch.batch_id}: ${describeRejected(batch)}`] : []),
    ...(batch.unknown_count > 0 ? [describeUnknown(batch)] : []),
  ]);
  const list = formatTable(header, rows, { right: [0, 5, 6, 7, 8, 9] });
  return [list, ...(notes.length > 0 ? [''] : []), ...notes].join('\n');
}

function countOrNothing(count: number | null): string {
  return count === null ? '' : formatCount(count);
}

function describeStatus({ status, acknowledged_at, replaced_by }: BatchRow): string {
  if (acknowledged_at !== null) return `${status} (acknowledged)`;
  return replaced_by === null ? status : `${status} (replaced by ${replaced_by})`;
}

function describeRejected({ batch_id, reason, file_path, acknowledged_at, replaced_by }: BatchRow): string {
  const place = file_path === null ? '' : ` The file is ${file_path}.`;
  if (acknowledged_at !== null) return `${reason}${place} Acknowledged at ${formatMinute(acknowledged_at)}.`;
  if (replaced_by !== null) return `${reason}${place} Replaced by batch ${replaced_by}.`;
  return `${reason}${place} Submit a corrected file of the same name, or acknowledge it: tn-ledger assignments ${batch_id} --acknowledge`;
}

function describeUnknown({ batch_id, unknown_count }: BatchRow): string {
  return `Batch ${batch_id} has ${formatCount(unknown_count)} numbers whose outcome is unknown from Bandwidth's response. They count as unassigned until the nightly run checks again. To check now: tn-ledger run sync-number-assignments`;
}

function oneText(batch: BatchRow, orders: readonly OrderRow[], failures: readonly FailureRow[]): string {
  const { total_count, accepted_count, failed_count, rejected_count, skipped_count, unknown_count } = batch;
  const finished = batch.finished_at === null ? '' : `, finished ${formatMinute(batch.finished_at)}`;
  const heading = [
    `Batch ${batch.batch_id}: ${[batch.file_name, ...(batch.action === null ? [] : [batch.action])].join(', ')}, account ${batch.account_id}, ${describeStatus(batch)}`,
    `submitted ${formatMinute(batch.created_at)}${finished}`,
  ];
  if (total_count !== null && rejected_count !== null) {
    heading.push(
      `${formatCount(total_count)} lines: ${formatCount(accepted_count)} accepted, ${formatCount(failed_count)} failed, ${formatCount(rejected_count)} rejected, ${formatCount(skipped_count)} skipped, ${formatCount(unknown_count)} unknown`,
    );
  }
  if (batch.status === 'rejected') return [...heading, describeRejected(batch)].join('\n');
  if (unknown_count > 0) heading.push(describeUnknown(batch));
  const lines = [
    ...heading,
    '',
    formatTable(
      ['order', 'status', 'numbers', 'failed', 'attempts', 'customer order ID', 'order ID', ''],
      orders.map((order) => [
        String(order.chunk_number),
        order.status,
        formatCount(order.number_count),
        order.failed_quantity === null ? '' : formatCount(order.failed_quantity),
        String(order.attempts),
        order.customer_order_id,
        order.order_id ?? '',
        [order.error_code, order.error_description].filter((part) => part !== null).join(' '),
      ]),
      { right: [0, 2, 3, 4] },
    ),
  ];
  if (failures.length > 0) {
    const rows = failures.map((failure) => [
      failure.outcome,
      failure.error_code ?? '',
      formatCount(failure.count),
      String(failure.first_line),
      failure.first_number ?? '',
      failure.error_description ?? '',
    ]);
    lines.push('', formatTable(['outcome', 'code', 'numbers', 'first line', 'number', ''], rows, { right: [2, 3] }));
  }
  return lines.join('\n');
}
