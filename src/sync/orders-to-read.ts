import type { OrderDetailResource } from '../dashboard/order-details.js';
import type { JobContext } from './job.js';
import type { OrderToRead } from './order-numbers.js';

/** Orders whose details were never read, or are of an earlier state of the order. */
const lacking = `t.details_at is null or (t.status, t.last_modified_date) is distinct from (t.details_status, t.details_modified_date)`;
/** `$2` are the statuses in which an order stays. Lists of some kinds go by the order's date, and never name it again. */
const open = 'coalesce(upper(t.status) <> all ($2), true)';

/** How many orders there are to read by id, and how many of them not only because they are open. */
export async function countOrdersToRead(
  { account, database }: JobContext,
  { table, terminalStatuses }: OrderDetailResource,
): Promise<{ all: number; lacking: number }> {
  const { rows } = await database.pool.query(
    `select count(*)::int as all, count(*) filter (where ${lacking})::int as lacking
       from ${table} t where t.account_id = $1 and (${lacking} or ${open})`,
    [account, terminalStatuses],
  );
  return rows[0];
}

/** Orders are taken from the table so many at a time: an account may have more than memory is there for. */
const chunk = 1000;

/** The orders to read by id, newest first, each once; the next ones are looked up while these are worked on. */
export async function* ordersToRead(
  context: JobContext,
  resource: OrderDetailResource,
): AsyncGenerator<OrderToRead, void, undefined> {
  let next: Promise<PlacedOrder[]> | undefined = selectOrders(context, resource, undefined);
  while (next !== undefined) {
    const orders: PlacedOrder[] = await next;
    const last = orders.length < chunk ? undefined : orders.at(-1);
    next = last === undefined ? undefined : selectOrders(context, resource, last);
    // A failure is for whoever waits for those orders, and that may be later, or nobody.
    next?.catch(() => undefined);
    yield* orders;
  }
}

interface PlacedOrder extends OrderToRead {
  /** Its date, as text, by which the orders are sorted. */
  place: string;
}

async function selectOrders(
  { account, database }: JobContext,
  { table, numbers, terminalStatuses }: OrderDetailResource,
  after: PlacedOrder | undefined,
): Promise<PlacedOrder[]> {
  const { rows } = await database.pool.query(
    `select t.order_id, t.status, ${numbers === undefined ? 'null' : `t.${numbers.listedCount}`} as count, dated.at::text as place
       from ${table} t
      cross join lateral (select coalesce(t.order_date, '-infinity') as at) as dated
      where t.account_id = $1 and (${lacking} or ${open})
        and ($3::timestamptz is null or (dated.at, t.order_id) < ($3, $4))
      order by dated.at desc, t.order_id desc
      limit ${chunk}`,
    [account, terminalStatuses, after?.place ?? null, after?.orderId ?? null],
  );
  return rows.map(({ order_id, status, count, place }) => ({ orderId: order_id, status, listedCount: count, place }));
}
