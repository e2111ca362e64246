import type { OrderDescription } from '../dashboard/resource.js';
import type { JobContext } from '../run/job.js';
import { readIfOffered } from './not-offered.js';
import { readOrderDetails } from './order-details.js';
import { orderListings } from './windows/order-listing.js';
import { readWindows } from './windows/read-windows.js';

/**
 * Reads the lists of each kind of order, then reads by id the orders that changed or are open. Both commit as they go.
 *
 * An optional kind is skipped with a warning if the API doesn't offer it; its stored orders and its watermark stay as they are.
 *
 * @throws the errors of `readWindows` and `readOrderDetails`
 */
export async function readOrders(context: JobContext, ...kinds: readonly OrderDescription[]): Promise<void> {
  const allowed: OrderDescription[] = [];
  for (const orders of kinds) {
    const isOffered = await readIfOffered(context, orders, async () => {
      for (const listing of orderListings(orders)) await readWindows(context, listing);
    });
    if (isOffered) allowed.push(orders);
  }
  for (const orders of allowed) await readOrderDetails(context, orders.details);
}
