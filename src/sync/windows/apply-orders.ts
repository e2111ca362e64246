import type pg from 'pg';
import { applyOrderEvents } from '../history/apply-order-events.js';
import type { JobContext } from '../job.js';
import type { StagingTable } from '../staging.js';
import { numbersColumn, type OrderColumn, type OrderTarget, untilColumn } from './order-listing.js';

export interface OrdersToApply {
  staging: StagingTable;
  own: OrderTarget;
  /** Orders of another kind, with the pattern of their type. */
  strays: (OrderTarget & { orderType: string }) | undefined;
}

/**
 * Brings a window's orders into their table, and the histories in line with those whose numbers are known already; answers how
 * many rows were inserted, changed or removed. A row that would stay as it is stays untouched. Orders that belong to another kind
 * go to that one's table, also those that an earlier version left in the wrong one.
 *
 * The details of an order fill the same columns. What the list leaves out is left as it is, and so is a date of which the list
 * tells the hour or the second only, where the order itself told it exactly.
 */
export async function applyOrders(
  client: pg.ClientBase,
  { account }: JobContext,
  { staging, own, strays }: OrdersToApply,
): Promise<number> {
  if (strays === undefined) {
    const written = await writeOrders(client, account, { target: own, staging });
    return written.rows + (await applyOrderEvents(client, account, own.kind, written.telling));
  }
  // All orders are written before any history is: see applyOrderEvents.
  const isStray = `coalesce(s.order_type ~* '${strays.orderType}', false)`;
  const moved = await moveStrays(client, account, { staging, own, strays });
  const ordinary = await writeOrders(client, account, { target: own, staging, condition: `not ${isStray}` });
  const stray = await writeOrders(client, account, { target: strays, staging, condition: isStray, keepsRaw: true });
  const events =
    (await applyOrderEvents(client, account, own.kind, ordinary.telling)) +
    (await applyOrderEvents(client, account, strays.kind, [...new Set([...moved, ...stray.telling])]));
  return moved.length + ordinary.rows + stray.rows + events;
}

interface OrdersToWrite {
  target: OrderTarget;
  staging: StagingTable;
  /** On the staged row `s`. */
  condition?: string;
  /** Leave what a row's own list said of it: the two lists would write over each other night by night. */
  keepsRaw?: boolean;
}

/** One statement for the orders and one for their numbers; `telling` are the orders whose changes make history. */
async function writeOrders(
  client: pg.ClientBase,
  account: string,
  orders: OrdersToWrite,
): Promise<{ rows: number; telling: string[] }> {
  const { target, staging, condition = 'true', keepsRaw = false } = orders;
  const { table, columns, numberField } = target;
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
  if (rows.length > 10_000) await client.query(`analyze ${table}`);
  const numbered = numberField !== undefined;
  const numbers = numbered ? await writeNumbers(client, account, { table, staging, condition }) : [];
  // An order whose numbers are not known yet makes history once its details are read.
  const telling = [...rows.filter(({ detailed }) => numbered || detailed), ...numbers].map(({ order_id }) => order_id);
  return { rows: rows.length + numbers.length, telling: [...new Set<string>(telling)] };
}

/**
 * Moves the strays that are in the table of the list's own kind to theirs, with their numbers: an earlier version put them there.
 * Answers with the orders that moved. What is known about them only by the other kind's resource is read anew.
 */
async function moveStrays(
  client: pg.ClientBase,
  account: string,
  { staging, own, strays }: OrdersToApply & { strays: { orderType: string } },
): Promise<string[]> {
  const { rows } = await client.query(
    `select o.order_id from ${own.table} o
      where o.account_id = $1 and (o.order_type ~* '${strays.orderType}'
        or o.order_id in (select s.order_id from ${staging.sql} s where s.order_type ~* '${strays.orderType}'))`,
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
    `with moved as (delete from ${own.table}_numbers where account_id = $1 and order_id = any($2) returning *)
     insert into ${strays.table}_numbers (account_id, order_id, telephone_number, first_seen_at)
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

/** Makes the numbers of the orders whose numbers the list names those that it names; answers a row for each one added or removed. */
async function writeNumbers(
  client: pg.ClientBase,
  account: string,
  { table, staging, condition }: { table: string; staging: StagingTable; condition: string },
): Promise<{ order_id: string }[]> {
  const { rows } = await client.query(
    `with named as (
       select distinct s.order_id, n.telephone_number
         from ${staging.sql} s cross join lateral unnest(s.${numbersColumn}) as n(telephone_number)
        where ${condition}
     ),
     removed as (
       delete from ${table}_numbers n
        where n.account_id = $1 and n.order_id in (select order_id from named)
          and not exists (select from named where named.order_id = n.order_id and named.telephone_number = n.telephone_number)
       returning n.order_id
     ),
     added as (
       insert into ${table}_numbers (account_id, order_id, telephone_number)
       select $1, order_id, telephone_number from named order by order_id, telephone_number
       on conflict do nothing
       returning order_id
     )
     select order_id from removed union all select order_id from added`,
    [account],
  );
  return rows;
}
