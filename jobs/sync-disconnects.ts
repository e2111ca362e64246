import { disconnects } from '../src/dashboard/resources/disconnects.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Disconnect orders. */
export const syncDisconnects: Job = {
  ...disconnects.job,
  run: (context) => readOrders(context, disconnects),
};
