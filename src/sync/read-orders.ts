import type { OrderDescription } from '../dashboard/resource.js';
import type { Job, JobContext } from '../run/job.js';
import { type ListedOrders, noListedOrders } from './listed-orders.js';
import { readIfOffered } from './not-offered.js';
import { readOrderDetails } from './order-details.js';
import { ordersCost } from './request-costs.js';
import { orderListings } from './windows/order-listing.js';
import { readWindows } from './windows/read-windows.js';

/** The job that reads one or several kinds of orders; the description of the first names it. */
export function orderJob(first: OrderDescription, ...others: readonly OrderDescription[]): Job {
  const kinds = [first, ...others];
  return {
    ...first.job,
    run: (context) => readOrders(context, kinds),
    cost: (context) => ordersCost(context, kinds),
  };
}

/**
 * Reads the lists of each kind of order, then reads by id the orders that changed or are open, except for those that the list
 * returned whole. Both commit as they go.
 *
 * An optional kind is skipped with a warning if the API doesn't offer it; its stored orders and its watermark stay as they are.
 *
 * @throws the errors of `readWindows` and `readOrderDetails`
 */
async function readOrders(context: JobContext, kinds: readonly OrderDescription[]): Promise<void> {
  const allowed: { orders: OrderDescription; listed: ListedOrders }[] = [];
  for (const orders of kinds) {
    const listed = noListedOrders();
    const isOffered = await readIfOffered(context, orders, async () => {
      for (const listing of orderListings(orders, listed)) await readWindows(context, listing);
    });
    if (isOffered) allowed.push({ orders, listed });
  }
  for (const { orders, listed } of allowed) await readOrderDetails(context, orders.details, listed);
}
