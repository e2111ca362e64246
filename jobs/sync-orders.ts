import { orders } from '../src/dashboard/resources/orders.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Orders of new numbers. The list has everything but the numbers, which are read from each order. */
export const syncOrders: Job = {
  ...orders.job,
  run: (context) => readOrders(context, orders),
};
