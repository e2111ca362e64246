import type pg from 'pg';
import type { OrderDetailResource } from '../dashboard/resource.js';
import type { JobContext } from '../run/job.js';
import type { OrderToRead } from './order-numbers.js';

/** Orders whose details were never read, or are out of date. */
const lacking = `t.details_at is null or (t.status, t.last_modified_date) is distinct from (t.details_status, t.details_modified_date)`;

/**
 * Orders without current details; open ones, because some lists filter by order date and never return them again; and those whose
 * last details left outcomes UNKNOWN. The expression must match the index `<table>_to_read` (migrations/order-tables.ts) literally,
 * or PostgreSQL doesn't use it. That's why the statuses aren't a parameter.
 */
function toRead(resource: OrderDetailResource): string {
  const { numbers } = resource;
  const reasons = [lacking, isOpen(resource), ...(numbers?.outcomes ? ['t.unknown_since is not null'] : [])];
  return `(case when ${reasons.join(' or ')} then true else false end)`;
}

/** SQL condition: the order `t` may still change, because its status isn't a final one. */
export function isOpen({ terminalStatuses }: OrderDetailResource): string {
  return `coalesce(upper(t.status) <> all ('{${terminalStatuses.join(',')}}'::text[]), true)`;
}

/** SQL condition: the order `t` may still change. It is found by the same index. */
export function openOrders(resource: OrderDetailResource): string {
  return `${toRead(resource)} and ${isOpen(resource)}`;
}

/**
 * Counts the orders to read by id: all of them, and those that lack current details.
 *
 * @param except ids of orders that need not be read
 */
export async function countOrdersToRead(
  { account, database }: Pick<JobContext, 'account' | 'database'>,
  resource: OrderDetailResource,
  except: ReadonlySet<string>,
): Promise<{ all: number; lacking: number }> {
  const { rows } = await database.pool.query(
    `select count(*)::int as all, count(*) filter (where ${lacking})::int as lacking
       from ${resource.table} t where t.account_id = $1 and ${toRead(resource)} and t.order_id <> all($2)`,
    [account, [...except]],
  );
  return rows[0];
}

/** Whether any order still lacks current details that can be read: those that the API refuses don't count. */
export async function awaitsDetails(
  { account, database }: Pick<JobContext, 'account' | 'database'>,
  resource: OrderDetailResource,
): Promise<boolean> {
  const { rowCount } = await database.pool.query(
    `select from ${resource.table} t
      where t.account_id = $1 and ${toRead(resource)} and (${lacking}) and t.details_error is null limit 1`,
    [account],
  );
  return rowCount !== 0;
}

/** Counts the orders of accounts that lack current details. */
export async function countLackingDetails(
  client: pg.ClientBase,
  resource: OrderDetailResource,
  accounts: readonly string[],
): Promise<{ account: string; count: number }[]> {
  const { rows } = await client.query<{ account: string; count: number }>(
    `select account, (select count(*)::int from ${resource.table} t
                       where t.account_id = account collate "C" and ${toRead(resource)} and (${lacking})) as count
       from unnest($1::text[]) as account`,
    [accounts],
  );
  return rows;
}

/** Orders per query: an account may have more than fit in memory. */
const chunk = 1000;

/**
 * Yields the orders to read by id, newest first, each once. The next chunk is queried while the current one is processed.
 *
 * @param except ids of orders that need not be read
 */
export async function* ordersToRead(
  context: JobContext,
  resource: OrderDetailResource,
  except: ReadonlySet<string>,
): AsyncGenerator<OrderToRead, void, undefined> {
  let next: Promise<PlacedOrder[]> | undefined = selectOrders(context, resource, { except });
  while (next !== undefined) {
    const orders: PlacedOrder[] = await next;
    const last = orders.length < chunk ? undefined : orders.at(-1);
    next = last === undefined ? undefined : selectOrders(context, resource, { except, after: last });
    // A failure is thrown when this chunk is awaited, which may be later, or never if the consumer stops.
    next?.catch(() => undefined);
    yield* orders;
  }
}

interface PlacedOrder extends OrderToRead {
  /** The sort key: its date, as text. */
  place: string;
}

const place = `coalesce(t.order_date, '-infinity')`;

async function selectOrders(
  { account, database }: JobContext,
  resource: OrderDetailResource,
  { except, after }: { except: ReadonlySet<string>; after?: PlacedOrder },
): Promise<PlacedOrder[]> {
  const { table, numbers } = resource;
  const known = `(select count(*)::int from ${numbers?.table} n where n.account_id = $1 and n.order_id = t.order_id)`;
  const { rows } = await database.pool.query(
    `select t.order_id, t.status, ${numbers === undefined ? 'null' : `t.${numbers.listedCount}`} as count,
            ${numbers?.outcomes ? known : 'null'} as known, ${place}::text as place
       from ${table} t
      where t.account_id = $1 and ${toRead(resource)} and t.order_id <> all($4)
        and ($2::timestamptz is null or (${place}, t.order_id) < ($2, $3))
      order by ${place} desc, t.order_id desc
      limit ${chunk}`,
    [account, after?.place ?? null, after?.orderId ?? null, [...except]],
  );
  return rows.map(({ order_id, status, count, known: knownCount, place }) => ({
    orderId: order_id,
    status,
    listedCount: count,
    ...(knownCount !== null && { knownCount }),
    place,
  }));
}
