import { tnoptions } from '../src/dashboard/resources/tnoptions.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Orders that set line features of numbers. */
export const syncTnoptions: Job = {
  ...tnoptions.job,
  run: (context) => readOrders(context, tnoptions),
};
