import type pg from 'pg';
import { type CopyValue, copyBatches, copyRows } from '../database/copy.js';
import type { NumberFile, NumberRow } from '../number-file/number-file.js';
import { type Action, parseAction } from './action.js';
import { customerOrderId, newBatchKey } from './customer-order-id.js';
import { imported, inventoryCodes, inventoryReasons, joinChecks, reasonColumns } from './inventory-check.js';

/** Bandwidth's limit on the numbers in one order. */
export const maxNumbersPerOrder = 5000;

export interface RecordOptions {
  account: string;
  /** Name of the file, without its folder. */
  fileName: string;
  /** Default action for lines that don't name one. */
  action: Action | undefined;
  /** Send numbers even if they already have the requested assignment status. */
  force: boolean;
  /** Prefix of the CustomerOrderIds. */
  customerOrderId: string | undefined;
  resultsFolder: string | undefined;
  /** Where the file is, to repeat its columns in the results; undefined for a copy, which is removed afterwards. */
  filePath: string | undefined;
}

/** The optional column of the file that names each line's action. */
export const actionColumn = 'action';

/**
 * Reads a file into a new batch: its lines, each checked against the other lines and the ledger, and its orders.
 * Runs in the client's transaction and holds only one chunk of the file in memory. Returns the batch id.
 */
export async function recordBatch(client: pg.ClientBase, file: NumberFile, options: RecordOptions): Promise<string> {
  const total = await copyLines(client, file, options.action);
  await lockBatches(client, options.account, { alone: false });
  const batchKey = newBatchKey();
  const { rows } = await client.query(
    `insert into assignment_batches
       (account_id, action, file_name, file_sha256, number_column, has_action_column, batch_key, customer_order_id, results_folder, file_path, sheet,
        status, total_count)
     select $1, coalesce((select case when min(action) = max(action) then min(action) else 'MIXED' end from assignment_lines), $2),
            $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', $12
     returning batch_id`,
    [
      options.account,
      options.action ?? 'MIXED',
      options.fileName,
      file.sha256,
      file.columns.numberHeader ?? null,
      file.columns.others.has(actionColumn),
      batchKey,
      options.customerOrderId ?? null,
      options.resultsFolder ?? null,
      options.filePath ?? null,
      file.reading.sheet ?? null,
      total,
    ],
  );
  const batchId: string = rows[0].batch_id;
  await client.query(classifyLines, [batchId, options.account, options.force, maxNumbersPerOrder]);
  await client.query('analyze (skip_locked) assignment_numbers');
  await recordOrders(client, batchId, (chunk) => customerOrderId(batchKey, chunk, options.customerOrderId));
  return batchId;
}

/**
 * Locks the account's set of batches until the client's transaction ends. `reconcile` records its batches alone: it must not plan an
 * order for a number that another batch is about to send.
 */
export async function lockBatches(
  client: pg.ClientBase,
  account: string,
  { alone }: { alone: boolean },
): Promise<void> {
  const lock = alone ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared';
  await client.query(`select ${lock}(hashtextextended($1, 0))`, [`tn-ledger/batches/${account}`]);
}

/**
 * Copies the lines of a file into the temporary table assignment_lines (line, position, given, number, action, code, reason), and
 * returns their number. The code is that of a line without a number or action; a line with a range has a row per number.
 */
export async function copyLines(client: pg.ClientBase, file: NumberFile, action: Action | undefined): Promise<number> {
  await client.query(
    `create temp table assignment_lines (line integer, position integer, given text, number text collate "C", action text, code text, reason text)
       on commit drop`,
  );
  const target = {
    table: 'assignment_lines',
    columns: ['line', 'position', 'given', 'number', 'action', 'code', 'reason'],
  };
  const total = await copyBatches(client, target, linesOf(file, action));
  await client.query('analyze assignment_lines');
  return total;
}

async function* linesOf(file: NumberFile, action: Action | undefined): AsyncGenerator<CopyValue[][]> {
  for await (const rows of file.rows()) yield rows.map((row) => toLine(row, action));
}

function toLine({ line, position, given, number, others }: NumberRow, defaultAction: Action | undefined): CopyValue[] {
  const [cell = ''] = others;
  const action = cell.trim() === '' ? defaultAction : parseAction(cell);
  const [digits, problem] = typeof number === 'string' ? [number, undefined] : [undefined, number];
  // Most numbers are given in ledger form and need no second copy.
  const kept = given === digits ? undefined : given;
  const place = [String(line), String(position), kept];
  if (problem !== undefined) return [...place, undefined, action, problem.code, problem.reason];
  if (action !== undefined) return [...place, digits, action, undefined, undefined];
  const reason =
    cell.trim() === '' ? 'the line has no action' : `${JSON.stringify(cell.slice(0, 40))} isn't ASSIGN or UNASSIGN`;
  return [...place, digits, undefined, 'no-action', reason];
}

// $1 the batch, $2 the account, $3 whether to send numbers that already have the requested status, $4 the numbers per
// order.
//
// Lines are checked against each other first, then against the ledger. The remaining lines are assigned to orders in
// file order, ASSIGN first.
const classifyLines = `
  insert into assignment_numbers
    (batch_id, line_number, position_in_line, number_as_given, telephone_number, chunk_number, outcome, error_code, error_description)
  with ${imported('$2')}, compared as (
    select line, position, given, number, action,
           min(line) over same as first_line,
           min(action) over same <> max(action) over same as is_contradicted
      from assignment_lines
     where code is null
    window same as (partition by number)
  ), classified as (
    select c.line, c.position, c.given, c.number, c.action, c.first_line,
           ${reasonColumns},
           case
             when c.is_contradicted then 'both-actions'
             when c.line <> c.first_line then 'duplicate'${inventoryCodes}
             when not $3::boolean and t.assignment_status = c.action || 'ED' then 'already-declared'
           end as code
      from compared c
      left join telephone_numbers t on t.account_id = $2 and t.telephone_number = c.number${joinChecks('$2', 'c.number')}
  ), reasoned as (
    select line, position, given, number, action, code,
           case code
             when 'both-actions' then 'the file lists it with both actions'
             when 'duplicate' then 'same number as on line ' || first_line${inventoryReasons}
             when 'already-declared' then 'already marked ' || action || 'ED'
           end as reason
      from classified
    union all
    select line, position, given, number, action, code, reason from assignment_lines where code is not null
  ), lines as (
    -- Everything is sorted once, by line: orders are assigned and rows are written in that order.
    select line, position, given, number, code, reason,
           case when code is not null then null
             when action = 'ASSIGN' then
               (count(*) filter (where code is null and action = 'ASSIGN') over so_far - 1) / $4::integer + 1
             else
               (count(*) filter (where code is null and action = 'UNASSIGN') over so_far - 1) / $4::integer + 1
               + (select (count(*) + $4::integer - 1) / $4::integer from assignment_lines where code is null and action = 'ASSIGN')
           end as chunk
      from reasoned
    window so_far as (order by line, position rows unbounded preceding)
  )
  select $1, line, position, given, number, chunk,
         case when code = 'already-declared' then 'SKIPPED' when code is not null then 'REJECTED' end, code, reason
    from lines
   order by line, position`;

async function recordOrders(client: pg.ClientBase, batchId: string, idOf: (chunk: number) => string): Promise<void> {
  const { rows } = await client.query(
    `select c.chunk_number, c.number_count, l.action
       from (select chunk_number, count(*) as number_count, min(line_number) as line
               from assignment_numbers where batch_id = $1 and chunk_number is not null group by chunk_number) c
       -- All numbers of a line have its action.
       join assignment_lines l on l.line = c.line and l.position = 1
      order by c.chunk_number`,
    [batchId],
  );
  await insertOrders(client, batchId, rows, idOf);
}

/** Records orders to be placed, with the IDs that `idOf` returns. */
export async function insertOrders(
  client: pg.ClientBase,
  batchId: string,
  orders: readonly { chunk_number: number; number_count: number | string; action: Action }[],
  idOf: (chunk: number) => string,
): Promise<void> {
  const columns = ['batch_id', 'chunk_number', 'action', 'customer_order_id', 'status', 'number_count'];
  await copyRows(
    client,
    { table: 'assignment_orders', columns },
    orders.map((order) => [
      batchId,
      String(order.chunk_number),
      order.action,
      idOf(order.chunk_number),
      'prepared',
      String(order.number_count),
    ]),
  );
}
