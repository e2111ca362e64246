import { bulkPortins } from '../src/dashboard/resources/bulk-portins.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Bulk port-ins with their numbers, and the port-ins that they consist of. */
export const syncBulkPortins: Job = {
  ...bulkPortins.job,
  run: (context) => readOrders(context, bulkPortins),
};
