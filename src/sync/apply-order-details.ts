import type pg from 'pg';
import type { OrderDetailResource } from '../dashboard/resource.js';
import { type CopyValue, copyRows } from '../database/copy.js';
import { inTransaction } from '../database/transaction.js';
import type { JobContext } from '../run/job.js';
import { applyOrderEvents } from './history/apply-order-events.js';
import { type DetailRows, numberColumns, orderColumns } from './order-detail-row.js';
import { isOpen } from './orders-to-read.js';
import type { StagingTable } from './staging.js';

/** A batch of order readings: the details that were read, and the reasons for those that failed. */
export interface DetailBatch {
  read: readonly DetailRows[];
  failed: readonly { orderId: string; reason: string }[];
}

/**
 * Applies a batch of readings to the tables, and to the histories that depend on them, in one transaction. Returns how many rows
 * changed. Unchanged rows are not rewritten, so open orders can be read on every run.
 */
export async function applyOrderDetails(
  context: JobContext,
  resource: OrderDetailResource,
  batch: DetailBatch,
): Promise<number> {
  const { account, database, signal } = context;
  return inTransaction(database, { signal, repeatable: true }, async (client) => {
    let written = await markFailed(client, resource, account, batch.failed);
    if (batch.read.length > 0) {
      await stage(client, resource, batch.read);
      written += await applyStaged(client, resource, account);
    }
    return written;
  });
}

/** The column of a list's staging table for whole orders, as `wholeOrderJson` returns them. */
export const wholeColumn = 'whole_order';

/** A whole order of a list, as JSON for the list's staging table. */
export function wholeOrderJson(resource: OrderDetailResource, { order, numbers }: DetailRows): string {
  const record = (columns: readonly { name: string }[], values: readonly CopyValue[]) =>
    Object.fromEntries(columns.map(({ name }, n) => [name, values[n] ?? null]));
  const { details, ...own } = record(orderColumns(resource), order);
  return JSON.stringify({
    order: { ...own, details: details && JSON.parse(String(details)) },
    numbers: numbers.map((number) => record(numberColumns, number)),
  });
}

/**
 * Applies the whole orders in a window's staging table, as if each had been read by its id, in the transaction that
 * applies the window.
 *
 * @returns how many rows changed, and the ids of those orders that are still open
 */
export async function applyWholeOrders(
  client: pg.ClientBase,
  resource: OrderDetailResource,
  { account, staging }: { account: string; staging: StagingTable },
): Promise<{ written: number; open: string[] }> {
  await createStagedTables(client, resource);
  const whole = `from ${staging.sql} s cross join lateral`;
  await client.query(
    `insert into staged_orders select o.* ${whole} jsonb_populate_record(null::staged_orders, s.${wholeColumn}->'order') o
      where s.${wholeColumn} is not null`,
  );
  await client.query(
    `insert into staged_numbers
     select n.* ${whole} jsonb_populate_recordset(null::staged_numbers, s.${wholeColumn}->'numbers') n`,
  );
  await analyzeStaged(client);
  const written = await applyStaged(client, resource, account);
  const { rows } = await client.query<{ order_id: string }>(
    `select order_id from ${resource.table} t join staged_orders using (order_id) where t.account_id = $1 and ${isOpen(resource)}`,
    [account],
  );
  return { written, open: rows.map(({ order_id }) => order_id) };
}

/** Applies the staged orders and numbers. Returns how many rows changed. */
async function applyStaged(client: pg.ClientBase, resource: OrderDetailResource, account: string): Promise<number> {
  const numbers = await applyNumbers(client, resource, account);
  const members = await applyMembers(client, resource, account);
  const { rows } = await client.query(updateOrders(resource), [account, [...numbers.orderIds, ...members]]);
  const changed = rows.map((row) => row.order_id as string);
  const history = await applyOrderEvents(client, account, resource.kind, changed);
  return numbers.written + members.length + changed.length + history;
}

/** Replaces the members of the staged orders that list them. Returns the order's id for each row written. */
async function applyMembers(
  client: pg.ClientBase,
  { members }: OrderDetailResource,
  account: string,
): Promise<string[]> {
  if (members === undefined) return [];
  const { table, column } = members;
  const { rows } = await client.query<{ order_id: string }>(
    `with removed as (
       delete from ${table} m using staged_orders o
        where m.account_id = $1 and m.order_id = o.order_id and o.members is not null and not o.members ? m.${column}
       returning m.order_id
     ),
     added as (
       insert into ${table} (account_id, order_id, ${column})
       select $1, o.order_id, m.id from staged_orders o cross join lateral jsonb_array_elements_text(o.members) as m(id)
        order by 2, 3
       on conflict do nothing
       returning order_id
     )
     select order_id from removed union all select order_id from added`,
    [account],
  );
  return rows.map(({ order_id }) => order_id);
}

async function createStagedTables(client: pg.ClientBase, resource: OrderDetailResource): Promise<void> {
  const definition = (all: readonly { name: string; type: string }[]) =>
    all.map(({ name, type }) => `${name} ${type}`).join(', ');
  await client.query(`create temporary table staged_orders (${definition(orderColumns(resource))}) on commit drop`);
  await client.query(`create temporary table staged_numbers (${definition(numberColumns)}) on commit drop`);
}

async function stage(client: pg.ClientBase, resource: OrderDetailResource, rows: readonly DetailRows[]): Promise<void> {
  await createStagedTables(client, resource);
  const columns = orderColumns(resource);
  const names = (all: readonly { name: string }[]) => all.map(({ name }) => name);
  await copyRows(
    client,
    { table: 'staged_orders', columns: names(columns) },
    rows.map(({ order }) => order),
  );
  await copyRows(
    client,
    { table: 'staged_numbers', columns: names(numberColumns) },
    rows.flatMap((row) => row.numbers),
  );
  await analyzeStaged(client);
}

/** Without statistics PostgreSQL guesses their size, and scans all orders of the account to find these few. */
async function analyzeStaged(client: pg.ClientBase): Promise<void> {
  await client.query('analyze staged_orders, staged_numbers');
}

/** Returns the orders whose numbers changed, and how many rows were written. */
async function applyNumbers(
  client: pg.ClientBase,
  { numbers }: OrderDetailResource,
  account: string,
): Promise<{ orderIds: string[]; written: number }> {
  if (numbers === undefined) return { orderIds: [], written: 0 };
  const { rows } = await client.query(
    `with removed as (
       delete from ${numbers.table} n using staged_orders o
        where n.account_id = $1 and n.order_id = o.order_id and o.has_all_numbers and ${notStaged}
       returning n.order_id
     ),
     added as (${numbers.outcomes ? insertOutcomes(numbers.table) : insertNumbers(numbers.table)})
     ${numbers.outcomes ? `, others as (${updateOthers(numbers.table)})` : ''}
     select order_id, count(*)::int as rows
       from (select * from removed union all select * from added ${numbers.outcomes ? 'union all select * from others' : ''}) as changed
      group by order_id`,
    [account],
  );
  return { orderIds: rows.map((row) => row.order_id), written: rows.reduce((sum, row) => sum + row.rows, 0) };
}

const notStaged = `not exists (
  select from staged_numbers s where s.order_id = n.order_id and s.telephone_number = n.telephone_number)`;

const insertNumbers = (table: string) => `
  insert into ${table} (account_id, order_id, telephone_number)
  select $1, order_id, telephone_number from staged_numbers order by order_id, telephone_number
  on conflict do nothing
  returning order_id`;

const insertOutcomes = (table: string) => `
  insert into ${table} as n (account_id, order_id, telephone_number, outcome, error_code, error_description)
  select $1, order_id, telephone_number, outcome, error_code, error_description
    from staged_numbers order by order_id, telephone_number
  on conflict (account_id, order_id, telephone_number) do update
     set outcome = excluded.outcome, error_code = excluded.error_code, error_description = excluded.error_description
   where (n.outcome, n.error_code, n.error_description)
     is distinct from (excluded.outcome, excluded.error_code, excluded.error_description)
  returning order_id`;

// A summary may omit numbers that an earlier reading of the order listed. They still belong to the order.
const updateOthers = (table: string) => `
  update ${table} n
     set outcome = o.outcome_of_others, error_code = null, error_description = null
    from staged_orders o
   where n.account_id = $1 and n.order_id = o.order_id and not o.has_all_numbers and ${notStaged}
     and n.outcome is distinct from o.outcome_of_others
  returning n.order_id`;

/**
 * Applies the fields of the staged orders to their table. `$2`: ids of the orders whose numbers changed.
 *
 * For a field in both the list and the order, the order's value wins if the order is read for the first time or has changed since.
 * Otherwise the list's value stays: two values that never agree would overwrite each other on every run.
 */
function updateOrders({ table, fields, numbers }: OrderDetailResource): string {
  const own = fields.map(({ column, listed }) => ({
    column,
    value: listed
      ? `case when state.has_changed then coalesce(s.${column}, t.${column}) else coalesce(t.${column}, s.${column}) end`
      : `s.${column}`,
  }));
  if (numbers?.outcomes) own.push(...unknownColumns);
  const columns = ['status', 'last_modified_date', ...own.map(({ column }) => column), 'raw'];
  return `
    with next as (
      select t.order_id, coalesce(s.status, t.status) as status,
        greatest(t.last_modified_date, s.last_modified_date) as last_modified_date,
        ${own.map(({ column, value }) => `${value} as ${column}`).join(', ')},
        nullif(
          coalesce(t.raw, '{}') - 'details'
            || case when s.details is null then '{}' else jsonb_build_object('details', s.details) end,
          '{}') as raw
      from ${table} t
      join staged_orders s on s.order_id = t.order_id
      cross join lateral (
        select t.details_at is null or s.status <> t.status or s.last_modified_date > t.last_modified_date
          or (t.status, t.last_modified_date) is distinct from (t.details_status, t.details_modified_date) as has_changed
      ) as state
      where t.account_id = $1
    )
    update ${table} t
       set ${columns.map((column) => `${column} = n.${column}`).join(', ')},
           details_at = now(), details_status = n.status, details_modified_date = n.last_modified_date,
           details_error = null, details_tried_at = null, changed_at = now()
      from next n
     where t.account_id = $1 and t.order_id = n.order_id
       and (t.details_at is null or t.details_error is not null or t.order_id = any($2)
         or (t.details_status, t.details_modified_date, ${columns.map((column) => `t.${column}`).join(', ')})
           is distinct from (n.status, n.last_modified_date, ${columns.map((column) => `n.${column}`).join(', ')}))
    returning t.order_id`;
}

/** `unknown_since` is when the order's response was first inconsistent. It is cleared by the first consistent one. */
const unknownColumns = [
  { column: 'unknown_reason', value: 's.unknown_reason' },
  {
    column: 'unknown_since',
    value: 'case when s.unknown_reason is not null then coalesce(t.unknown_since, now()) end',
  },
];

/** Records why orders could not be read. Their other columns stay as they are. */
async function markFailed(
  client: pg.ClientBase,
  { table }: OrderDetailResource,
  account: string,
  failed: DetailBatch['failed'],
): Promise<number> {
  if (failed.length === 0) return 0;
  const { rowCount } = await client.query(
    `update ${table} t
        set details_error = f.reason, details_tried_at = now(), changed_at = now()
       from unnest($2::text[], $3::text[]) as f (order_id, reason)
      where t.account_id = $1 and t.order_id = f.order_id and t.details_error is distinct from f.reason`,
    [account, failed.map(({ orderId }) => orderId), failed.map(({ reason }) => reason)],
  );
  return rowCount ?? 0;
}
