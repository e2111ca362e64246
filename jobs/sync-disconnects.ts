import type { Job } from '../src/sync/job.js';
import { disconnectsListing } from '../src/sync/windows/order-listings.js';
import { readWindows } from '../src/sync/windows/read-windows.js';

/** Orders that gave numbers back. */
export const syncDisconnects: Job = {
  name: 'sync-disconnects',
  summary: 'orders that gave numbers back',
  async run(context) {
    await readWindows(context, disconnectsListing);
  },
};
