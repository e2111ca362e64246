import type pg from 'pg';
import { readSchemaState } from '../database/migrations.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import { formatMinute } from '../format.js';
import type { AssignmentsOptions } from './assignments.js';
import { formatCount, formatTable } from './format.js';
import type { Session } from './session.js';

/** The migration that makes the tables of batches. */
const migration = '0004-assignment-batches';

/** Prints the latest batches, or one of them with its orders and failures. */
export async function printAssignments(
  session: Session,
  batchId: string | undefined,
  { account, limit, json = false }: AssignmentsOptions,
): Promise<ExitStatus> {
  if (!/^[1-9]\d{0,8}$/.test(limit))
    throw new UsageError(`--limit must be a whole number of at least 1, not ${JSON.stringify(limit)}.`);
  if (batchId !== undefined && !/^\d{1,18}$/.test(batchId)) {
    throw new UsageError(`${JSON.stringify(batchId)} is not the number of a batch.`, {
      hint: '`tn-ledger assignments` lists them with their numbers.',
    });
  }
  const database = await session.database({ readOnly: true });
  const { pool } = database;
  const { applied } = await readSchemaState(database);
  const hasTables = applied.includes(migration);
  if (batchId === undefined) {
    const batches = hasTables ? await listBatches(pool, account, Number(limit)) : [];
    print(json ? JSON.stringify(batches, null, 2) : listText(batches));
    return exitStatus.done;
  }
  const [batch] = hasTables ? await readOne(pool, batchId) : [];
  if (batch === undefined) {
    throw new LedgerError(`There is no batch ${batchId}.`, { hint: '`tn-ledger assignments` lists them.' });
  }
  const [orders, failures] = [await listOrders(pool, batchId), await listFailures(pool, batchId)];
  print(json ? JSON.stringify({ ...batch, orders, failures }, null, 2) : oneText(batch, orders, failures));
  return exitStatus.done;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

const batchColumns = `b.batch_id, b.account_id, b.action, b.file_name, b.file_sha256, b.status, b.total_count, b.accepted_count, b.failed_count,
  b.rejected_count, b.skipped_count, b.unknown_count, b.created_at, b.finished_at`;

interface BatchRow {
  batch_id: string;
  account_id: string;
  action: string;
  file_name: string;
  status: string;
  total_count: number;
  accepted_count: number;
  failed_count: number;
  rejected_count: number;
  skipped_count: number;
  unknown_count: number;
  created_at: Date;
  finished_at: Date | null;
  orders?: number;
  orders_open?: number;
}

async function listBatches(pool: pg.Pool, account: string | undefined, limit: number): Promise<BatchRow[]> {
  const { rows } = await pool.query(
    `select ${batchColumns}, o.orders, o.orders_open
       from (select * from assignment_batches where $1::text is null or account_id = $1 order by batch_id desc limit $2) b
       cross join lateral (
         select count(*)::integer as orders, count(*) filter (where finished_at is null)::integer as orders_open
           from assignment_orders where batch_id = b.batch_id) o
      order by b.batch_id desc`,
    [account ?? null, limit],
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
            (array_agg(coalesce(number_as_given, telephone_number) order by line_number))[1] as first_number,
            (array_agg(error_description order by line_number))[1] as error_description
       from assignment_numbers
      where batch_id = $1 and outcome <> 'ACCEPTED'
      group by outcome, error_code order by count desc, outcome, error_code`,
    [batchId],
  );
  return rows;
}

function listText(batches: readonly BatchRow[]): string {
  if (batches.length === 0) return 'No file was handed in yet. `tn-ledger assign --help` tells how.';
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
    'handed in',
  ];
  const rows = batches.map((batch) => [
    batch.batch_id,
    batch.account_id,
    batch.file_name,
    batch.action,
    batch.orders_open ? `open (${batch.orders_open} orders)` : batch.status,
    formatCount(batch.total_count),
    formatCount(batch.accepted_count),
    formatCount(batch.failed_count),
    formatCount(batch.rejected_count),
    formatCount(batch.orders ?? 0),
    formatMinute(batch.created_at),
  ]);
  return formatTable(header, rows, { right: [0, 5, 6, 7, 8, 9] });
}

function oneText(batch: BatchRow, orders: readonly OrderRow[], failures: readonly FailureRow[]): string {
  const { total_count, accepted_count, failed_count, rejected_count, skipped_count, unknown_count } = batch;
  const finished = batch.finished_at === null ? '' : `, finished ${formatMinute(batch.finished_at)}`;
  const lines = [
    `Batch ${batch.batch_id}: ${batch.file_name}, ${batch.action}, account ${batch.account_id}, ${batch.status}`,
    `handed in ${formatMinute(batch.created_at)}${finished}`,
    `${formatCount(total_count)} lines: ${formatCount(accepted_count)} accepted, ${formatCount(failed_count)} failed, ${formatCount(rejected_count)} rejected, ${formatCount(skipped_count)} skipped, ${formatCount(unknown_count)} unknown`,
    '',
    formatTable(
      ['order', 'status', 'numbers', 'failed', 'tries', 'customer order id', 'order id', ''],
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
