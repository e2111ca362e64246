import { resolveUnknownOutcomes } from '../src/assignment/resolve-unknown.js';
import { numberAssignments } from '../src/dashboard/resources/number-assignments.js';
import type { Job } from '../src/run/job.js';
import { orderJob } from '../src/sync/read-orders.js';

const readAssignments = orderJob(numberAssignments);

/** Orders that marked numbers ASSIGNED or UNASSIGNED, regardless of who placed them. */
export const syncNumberAssignments: Job = {
  ...readAssignments,
  async run(context) {
    await readAssignments.run(context);
    await resolveUnknownOutcomes(context);
  },
};
