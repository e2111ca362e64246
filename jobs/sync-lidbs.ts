import { lidbs } from '../src/dashboard/resources/lidbs.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Orders that change the calling names (LIDB) of numbers. */
export const syncLidbs: Job = {
  ...lidbs.job,
  run: (context) => readOrders(context, lidbs),
};
