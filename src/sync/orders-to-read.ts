import type { OrderDetailResource } from '../dashboard/order-details.js';
import type { JobContext } from './job.js';
import type { OrderToRead } from './order-numbers.js';

/** Orders whose details were never read, or are of an earlier state of the order. */
const lacking = `t.details_at is null or (t.status, t.last_modified_date) is distinct from (t.details_status, t.details_modified_date)`;
/** `$2` are the statuses in which an order stays. Lists of some kinds go by the order's date, and never name it again. */
const open = 'coalesce(upper(t.status) <> all ($2), true)';

/** Orders whose last answer left open what became of their numbers: Bandwidth is asked until one tells. */
const unknown = ({ numbers }: OrderDetailResource) => (numbers?.outcomes ? 't.unknown_since is not null' : 'false');

/** How many orders there are to read by id, and how many of them not only because they are open. */
export async function countOrdersToRead(
  { account, database }: JobContext,
  resource: OrderDetailResource,
): Promise<{ all: number; lacking: number }> {
  const { rows } = await database.pool.query(
    `select count(*)::int as all, count(*) filter (where ${lacking})::int as lacking
       from ${resource.table} t where t.account_id = $1 and (${lacking} or ${open} or ${unknown(resource)})`,
    [account, resource.terminalStatuses],
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
  resource: OrderDetailResource,
  after: PlacedOrder | undefined,
): Promise<PlacedOrder[]> {
  const { table, numbers, terminalStatuses } = resource;
  const known = `(select count(*)::int from ${numbers?.table} n where n.account_id = $1 and n.order_id = t.order_id)`;
  const { rows } = await database.pool.query(
    `select t.order_id, t.status, ${numbers === undefined ? 'null' : `t.${numbers.listedCount}`} as count,
            ${numbers?.outcomes ? known : 'null'} as known, dated.at::text as place
       from ${table} t
      cross join lateral (select coalesce(t.order_date, '-infinity') as at) as dated
      where t.account_id = $1 and (${lacking} or ${open} or ${unknown(resource)})
        and ($3::timestamptz is null or (dated.at, t.order_id) < ($3, $4))
      order by dated.at desc, t.order_id desc
      limit ${chunk}`,
    [account, terminalStatuses, after?.place ?? null, after?.orderId ?? null],
  );
  return rows.map(({ order_id, status, count, known: knownCount, place }) => ({
    orderId: order_id,
    status,
    listedCount: count,
    ...(knownCount !== null && { knownCount }),
    place,
  }));
}
