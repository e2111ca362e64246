import type { Job } from '../src/run/job.js';
import { orderHistoryCost, readOrderHistory } from '../src/sync/order-history/read-order-history.js';

/** What happened to orders that are open or newly closed, such as why a port-in is stuck, and their notes. */
export const syncOrderHistory: Job = {
  name: 'sync-order-history',
  summary: 'what happened to open and newly closed orders, and their notes',
  cost: orderHistoryCost,
  run: readOrderHistory,
};
