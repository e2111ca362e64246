import { settleUnknown } from '../src/assignment/settle-unknown.js';
import { assignmentDetails } from '../src/dashboard/order-details.js';
import type { Job } from '../src/sync/job.js';
import { readOrderDetails } from '../src/sync/order-details.js';
import { numberAssignmentsListing } from '../src/sync/windows/order-listings.js';
import { readWindows } from '../src/sync/windows/read-windows.js';

/** Orders that declared numbers assigned or unassigned, whoever placed them. */
export const syncNumberAssignments: Job = {
  name: 'sync-number-assignments',
  summary: 'orders that declared numbers assigned or unassigned',
  async run(context) {
    await readWindows(context, numberAssignmentsListing);
    await readOrderDetails(context, assignmentDetails);
    await settleUnknown(context);
  },
};
