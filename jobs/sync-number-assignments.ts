import { resolveUnknownOutcomes } from '../src/assignment/resolve-unknown.js';
import { numberAssignments } from '../src/dashboard/resources/number-assignments.js';
import type { Job } from '../src/run/job.js';
import { readOrders } from '../src/sync/read-orders.js';

/** Orders that marked numbers ASSIGNED or UNASSIGNED, regardless of who placed them. */
export const syncNumberAssignments: Job = {
  ...numberAssignments.job,
  async run(context) {
    await readOrders(context, numberAssignments);
    await resolveUnknownOutcomes(context);
  },
};
