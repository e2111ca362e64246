import { portins } from '../src/dashboard/resources/portins.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Port-ins. The API lists drafts only on request, so they are read as a separate list. */
export const syncPortins: Job = {
  ...portins.job,
  run: (context) => readOrders(context, portins),
};
