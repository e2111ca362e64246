import { disconnectDetails } from '../src/dashboard/order-details.js';
import type { Job } from '../src/sync/job.js';
import { readOrderDetails } from '../src/sync/order-details.js';
import { disconnectsListing } from '../src/sync/windows/order-listings.js';
import { readWindows } from '../src/sync/windows/read-windows.js';

/** Orders that gave numbers back. */
export const syncDisconnects: Job = {
  name: 'sync-disconnects',
  summary: 'orders that gave numbers back',
  async run(context) {
    await readWindows(context, disconnectsListing);
    await readOrderDetails(context, disconnectDetails);
  },
};
