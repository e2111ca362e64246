import type { Job } from '../src/sync/job.js';
import { portoutsListing } from '../src/sync/windows/order-listings.js';
import { readWindows } from '../src/sync/windows/read-windows.js';

/** Port-outs. Their list is what names the numbers. */
export const syncPortouts: Job = {
  name: 'sync-portouts',
  summary: 'port-outs and their numbers',
  async run(context) {
    await readWindows(context, portoutsListing);
  },
};
