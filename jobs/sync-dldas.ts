import { dldas } from '../src/dashboard/resources/dldas.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Orders that set directory listings (DL/DA) of numbers. */
export const syncDldas: Job = {
  ...dldas.job,
  run: (context) => readOrders(context, dldas),
};
