import { isNotOffered } from '../dashboard/errors.js';
import type { OrderDescription } from '../dashboard/resource.js';
import type { Job, JobContext } from '../run/job.js';
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
 * Reads the lists of each kind of order, then reads by id the orders that changed or are open. Both commit as they go.
 *
 * An optional kind is skipped with a warning if the API doesn't offer it; its stored orders and its watermark stay as they are.
 *
 * @throws the errors of `readWindows` and `readOrderDetails`
 */
async function readOrders(context: JobContext, kinds: readonly OrderDescription[]): Promise<void> {
  const allowed: OrderDescription[] = [];
  for (const orders of kinds) if (await readLists(context, orders)) allowed.push(orders);
  for (const orders of allowed) await readOrderDetails(context, orders.details);
}

/** Returns false if the credentials lack the role for the lists. */
async function readLists(context: JobContext, orders: OrderDescription): Promise<boolean> {
  try {
    for (const listing of orderListings(orders)) await readWindows(context, listing);
    return true;
  } catch (error) {
    if (!orders.optional || !isNotOffered(error)) throw error;
    const { message, hint } = error;
    context.run.warn(
      `${orders.titles.many} were not read, and the stored ones were not changed: ${message}.${hint === undefined ? '' : ` ${hint}`}`,
    );
    return false;
  }
}
