import { portinDetails } from '../src/dashboard/order-details.js';
import type { Job } from '../src/sync/job.js';
import { readOrderDetails } from '../src/sync/order-details.js';
import { portinDraftsListing, portinsListing } from '../src/sync/windows/order-listings.js';
import { readWindows } from '../src/sync/windows/read-windows.js';

/** Port-ins. Drafts are listed only when asked for, and so are read as a list of their own. */
export const syncPortins: Job = {
  name: 'sync-portins',
  summary: 'port-ins, drafts too',
  async run(context) {
    await readWindows(context, portinsListing);
    await readWindows(context, portinDraftsListing);
    await readOrderDetails(context, portinDetails);
  },
};
