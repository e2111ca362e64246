import { lsrorders } from '../src/dashboard/resources/lsrorders.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Requests by API to port numbers out of Bandwidth's network (LSR). */
export const syncLsrorders: Job = {
  ...lsrorders.job,
  run: (context) => readOrders(context, lsrorders),
};
