import type pg from 'pg';
import { applyOrderEvents, type HistoryOrderKind } from '../history/apply-order-events.js';
import type { JobContext } from '../job.js';
import type { StagingTable } from '../staging.js';
import { numbersColumn, type OrderColumn, untilColumn } from './order-listing.js';

export interface OrdersToApply {
  kind: HistoryOrderKind;
  table: string;
  columns: readonly OrderColumn[];
  staging: StagingTable;
  /** Whether the list names the orders' numbers. */
  numbered: boolean;
}

/**
 * Brings a window's orders into their table, in one statement, and the histories in line with those whose numbers are known
 * already; answers how many rows were inserted, changed or removed. A row that would stay as it is stays untouched.
 *
 * The details of an order fill the same columns. What the list leaves out is left as it is, and so is a date of which the list
 * tells the hour or the second only, where the order itself told it exactly.
 */
export async function applyOrders(
  client: pg.ClientBase,
  { account }: JobContext,
  orders: OrdersToApply,
): Promise<number> {
  const { kind, table, columns, staging, numbered } = orders;
  const own = columns.map(({ name }) => name);
  const names = [...own, 'raw'];
  const merged = [...columns.map(mergedColumn), mergedRaw];
  const { rows } = await client.query(
    `insert into ${table} as t (account_id, order_id, ${names.join(', ')})
     select $1, s.order_id, ${names.map((name) => `m.${name}`).join(', ')}
       from ${staging.sql} s
       left join ${table} o on o.account_id = $1 and o.order_id = s.order_id
       cross join lateral (select ${merged.map((sql, index) => `${sql} as ${names[index]}`).join(', ')}) as m
      where o.order_id is null
         or (${names.map((name) => `o.${name}`).join(', ')}) is distinct from (${names.map((name) => `m.${name}`).join(', ')})
      order by s.order_id
     on conflict (account_id, order_id) do update set
       ${own.map((name) => `${name} = coalesce(excluded.${name}, t.${name})`).join(', ')}, raw = excluded.raw, changed_at = now()
     returning order_id, details_at is not null as detailed`,
    [account],
  );
  if (rows.length > 10_000) await client.query(`analyze ${table}`);
  const numbers = numbered ? await applyNumbers(client, account, orders) : [];
  // An order whose numbers are not known yet makes history once its details are read.
  const telling = [...rows.filter(({ detailed }) => numbered || detailed), ...numbers].map(({ order_id }) => order_id);
  return rows.length + numbers.length + (await applyOrderEvents(client, account, kind, [...new Set<string>(telling)]));
}

function mergedColumn({ name, type }: OrderColumn): string {
  if (type !== 'timestamptz') return `coalesce(s.${name}, o.${name})`;
  return `case when o.${name} >= s.${name} and o.${name} < s.${untilColumn(name)} then o.${name}
            else coalesce(s.${name}, o.${name}) end`;
}

const mergedRaw = `nullif((coalesce(o.raw, '{}') - 'list') ||
  case when s.raw is null then '{}' else jsonb_build_object('list', s.raw) end, '{}'::jsonb)`;

/** Makes the numbers of the orders whose numbers the list names those that it names; answers a row for each one added or removed. */
async function applyNumbers(
  client: pg.ClientBase,
  account: string,
  { table, staging }: OrdersToApply,
): Promise<{ order_id: string }[]> {
  const { rows } = await client.query(
    `with named as (
       select distinct s.order_id, n.telephone_number
         from ${staging.sql} s cross join lateral unnest(s.${numbersColumn}) as n(telephone_number)
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
