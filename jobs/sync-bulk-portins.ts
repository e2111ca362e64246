import { bulkPortins } from '../src/dashboard/resources/bulk-portins.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Bulk port-ins with their numbers, and the port-ins that they consist of. */
export const syncBulkPortins = orderJob(bulkPortins);
