import { importDetails, removeImportedDetails } from '../src/dashboard/order-details.js';
import type { Job } from '../src/sync/job.js';
import { readOrderDetails } from '../src/sync/order-details.js';
import { importsListing, removalsListing } from '../src/sync/windows/order-listings.js';
import { readWindows } from '../src/sync/windows/read-windows.js';

/** Numbers of other carriers that the account imported, and removed again. */
export const syncImportedNumbers: Job = {
  name: 'sync-imported-numbers',
  summary: 'orders that imported numbers of other carriers, or removed them again',
  async run(context) {
    await readWindows(context, importsListing);
    await readWindows(context, removalsListing);
    await readOrderDetails(context, importDetails);
    await readOrderDetails(context, removeImportedDetails);
  },
};
