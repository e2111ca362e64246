import type pg from 'pg';
import type { OrderColumn, OrderDescription } from '../../dashboard/resource.js';
import { analyzeAfter } from '../../database/statistics.js';
import type { JobContext } from '../../run/job.js';
import { applyOrderEvents } from '../history/apply-order-events.js';
import type { StagingTable } from '../staging.js';

/** The tables and columns that a list's orders are stored in. */
export type OrderTarget = Pick<
  OrderDescription,
  'name' | 'table' | 'numbersTable' | 'columns' | 'numberField' | 'kept'
>;

/** Orders of another kind in a list: those whose type matches `orderType`. */
export type StrayTarget = OrderTarget & { orderType: string };

/** The staging table's column for an order's numbers, which have a table of their own. */
export const numbersColumn = 'telephone_numbers';
/** The exclusive end of a date's range, if the list gives it only to the day, hour or second. */
export const untilColumn = (name: string) => `${name}_until`;

export interface OrdersToApply {
  staging: StagingTable;
  own: OrderTarget;
  strays: StrayTarget | undefined;
}

/**
 * Applies a window's orders to their table, and updates the histories of those whose numbers are already known. Returns how many
 * rows were inserted, changed or removed; a row that would not change is not written. Orders of another kind go to that kind's
 * table, including those already stored in the list's own table.
 *
 * The details of an order are stored in the same columns. A value that the list omits is kept, and so is an exact date from the
 * details that falls in the hour or second given by the list.
 */
export async function applyOrders(
  client: pg.ClientBase,
  { account }: JobContext,
  { staging, own, strays }: OrdersToApply,
): Promise<number> {
  if (strays === undefined) {
    const written = await writeOrders(client, account, { target: own, staging });
    return written.rows + (await applyOrderEvents(client, account, own.name, written.withHistory));
  }
  // All orders are written before any history: see applyOrderEvents.
  const isStray = `coalesce(s.order_type ~* '${strays.orderType}', false)`;
  const moved = await moveStrays(client, account, { staging, own, strays });
  const ordinary = await writeOrders(client, account, { target: own, staging, condition: `not ${isStray}` });
  const stray = await writeOrders(client, account, { target: strays, staging, condition: isStray, keepsRaw: true });
  const events =
    (await applyOrderEvents(client, account, own.name, ordinary.withHistory)) +
    (await applyOrderEvents(client, account, strays.name, [...new Set([...moved, ...stray.withHistory])]));
  return moved.length + ordinary.rows + stray.rows + events;
}

interface OrdersToWrite {
  target: OrderTarget;
  staging: StagingTable;
  /** On the staged row `s`. */
  condition?: string;
  /** Keep `raw` from the row's own list. Otherwise the two lists would overwrite each other on every run. */
  keepsRaw?: boolean;
}

/** Writes the orders and their numbers. `withHistory`: ids of the orders whose changes affect histories. */
async function writeOrders(
  client: pg.ClientBase,
  account: string,
  orders: OrdersToWrite,
): Promise<{ rows: number; withHistory: string[] }> {
  const { target, staging, condition = 'true', keepsRaw = false } = orders;
  const { table, numbersTable, columns, numberField } = target;
  const own = columns.map(({ name }) => name);
  const names = [...own, 'raw'];
  const merged = [
    ...columns.map(mergedColumn),
    keepsRaw ? `case when o.order_id is null then ${mergedRaw} else o.raw end` : mergedRaw,
  ];
  const { rows } = await client.query(
    `insert into ${table} as t (account_id, order_id, ${names.join(', ')})
     select $1, s.order_id, ${names.map((name) => `m.${name}`).join(', ')}
       from ${staging.sql} s
       left join ${table} o on o.account_id = $1 and o.order_id = s.order_id
       cross join lateral (select ${merged.map((sql, index) => `${sql} as ${names[index]}`).join(', ')}) as m
      where ${condition} and (o.order_id is null
         or (${names.map((name) => `o.${name}`).join(', ')}) is distinct from (${names.map((name) => `m.${name}`).join(', ')}))
      order by s.order_id
     on conflict (account_id, order_id) do update set
       ${own.map((name) => `${name} = coalesce(excluded.${name}, t.${name})`).join(', ')}, raw = excluded.raw, changed_at = now()
     returning order_id, details_at is not null as detailed`,
    [account],
  );
  await analyzeAfter(client, table, rows.length);
  const numbered = numberField !== undefined;
  const numbers = numbered ? await writeNumbers(client, account, { numbersTable, staging, condition }) : [];
  // An order whose numbers are not known yet affects histories once its details are read.
  const withHistory = [...rows.filter(({ detailed }) => numbered || detailed), ...numbers].map(
    ({ order_id }) => order_id,
  );
  return { rows: rows.length + numbers.length, withHistory: [...new Set<string>(withHistory)] };
}

/**
 * Moves orders that are stored in the list's own table, and that the list now names as strays, to the strays' table, with their
 * numbers. Returns the ids of the moved orders. Their details are read again, from the other kind's resource.
 */
async function moveStrays(
  client: pg.ClientBase,
  account: string,
  { staging, own, strays }: OrdersToApply & { strays: StrayTarget },
): Promise<string[]> {
  const { rows } = await client.query(
    `select o.order_id from ${staging.sql} s join ${own.table} o on o.account_id = $1 and o.order_id = s.order_id
      where s.order_type ~* '${strays.orderType}'`,
    [account],
  );
  const orderIds = rows.map(({ order_id }) => order_id as string);
  if (orderIds.length === 0) return [];
  const common = [
    ...own.columns.map(({ name }) => name).filter((name) => strays.columns.some((other) => other.name === name)),
  ];
  const names = ['account_id', 'order_id', 'first_seen_at', ...common].join(', ');
  await client.query(
    `with moved as (delete from ${own.table} where account_id = $1 and order_id = any($2) returning *)
     insert into ${strays.table} (${names}, raw) select ${names}, nullif(raw - 'details', '{}') from moved on conflict do nothing`,
    [account, orderIds],
  );
  await client.query(
    `with moved as (delete from ${own.numbersTable} where account_id = $1 and order_id = any($2) returning *)
     insert into ${strays.numbersTable} (account_id, order_id, telephone_number, first_seen_at)
     select account_id, order_id, telephone_number, first_seen_at from moved on conflict do nothing`,
    [account, orderIds],
  );
  await client.query(
    'update order_status_changes set order_kind = $4 where account_id = $1 and order_id = any($2) and order_kind = $3',
    [account, orderIds, own.table, strays.table],
  );
  return orderIds;
}

function mergedColumn({ name, type }: OrderColumn): string {
  if (type !== 'timestamptz') return `coalesce(s.${name}, o.${name})`;
  return `case when o.${name} >= s.${name} and o.${name} < s.${untilColumn(name)} then o.${name}
            else coalesce(s.${name}, o.${name}) end`;
}

const mergedRaw = `nullif((coalesce(o.raw, '{}') - 'list') ||
  case when s.raw is null then '{}' else jsonb_build_object('list', s.raw) end, '{}'::jsonb)`;

/** Replaces the numbers of orders whose numbers are in the list. Returns a row for each number added or removed. */
async function writeNumbers(
  client: pg.ClientBase,
  account: string,
  { numbersTable, staging, condition }: { numbersTable: string; staging: StagingTable; condition: string },
): Promise<{ order_id: string }[]> {
  const { rows } = await client.query(
    `with named as (
       select distinct s.order_id, n.telephone_number
         from ${staging.sql} s cross join lateral unnest(s.${numbersColumn}) as n(telephone_number)
        where ${condition}
     ),
     removed as (
       delete from ${numbersTable} n
        where n.account_id = $1 and n.order_id in (select order_id from named)
          and not exists (select from named where named.order_id = n.order_id and named.telephone_number = n.telephone_number)
       returning n.order_id
     ),
     added as (
       insert into ${numbersTable} (account_id, order_id, telephone_number)
       select $1, order_id, telephone_number from named order by order_id, telephone_number
       on conflict do nothing
       returning order_id
     )
     select order_id from removed union all select order_id from added`,
    [account],
  );
  return rows;
}
