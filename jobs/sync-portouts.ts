import { portouts } from '../src/dashboard/resources/portouts.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Port-outs. Their numbers are in the list. */
export const syncPortouts: Job = {
  ...portouts.job,
  run: (context) => readOrders(context, portouts),
};
