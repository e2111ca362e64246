import { orderDetails } from '../src/dashboard/order-details.js';
import type { Job } from '../src/sync/job.js';
import { readOrderDetails } from '../src/sync/order-details.js';
import { ordersListing } from '../src/sync/windows/order-listings.js';
import { readWindows } from '../src/sync/windows/read-windows.js';

/** Orders of new numbers. The list of a window tells all but their numbers, which each order itself does. */
export const syncOrders: Job = {
  name: 'sync-orders',
  summary: 'orders of new numbers',
  async run(context) {
    await readWindows(context, ordersListing);
    await readOrderDetails(context, orderDetails);
  },
};
