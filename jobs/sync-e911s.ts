import { e911s } from '../src/dashboard/resources/e911s.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Orders that set or delete emergency addresses (E911) of numbers. */
export const syncE911s: Job = {
  ...e911s.job,
  run: (context) => readOrders(context, e911s),
};
