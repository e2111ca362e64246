import { portoutDetails } from '../src/dashboard/order-details.js';
import type { Job } from '../src/sync/job.js';
import { readOrderDetails } from '../src/sync/order-details.js';
import { portoutsListing } from '../src/sync/windows/order-listings.js';
import { readWindows } from '../src/sync/windows/read-windows.js';

/** Port-outs. Their list is what names the numbers. */
export const syncPortouts: Job = {
  name: 'sync-portouts',
  summary: 'port-outs and their numbers',
  async run(context) {
    await readWindows(context, portoutsListing);
    await readOrderDetails(context, portoutDetails);
  },
};
