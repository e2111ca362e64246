import { applyInserviceNumbers, applyNumberDetails, guardShrink } from '../src/sync/apply-numbers.js';
import type { Job } from '../src/sync/job.js';
import { detailsListing, inserviceListing } from '../src/sync/number-listings.js';
import { proveNumberDetails } from '../src/sync/prove.js';
import { readSnapshot, usableCursor } from '../src/sync/snapshot.js';

/** Status, rate center, state, LATA, tier, carrier and dates of every number. */
export const syncNumberDetails: Job = {
  name: 'sync-number-details',
  summary: 'status, rate center, carrier and dates of every number',
  async run(context) {
    try {
      const cursor = await readSnapshot(context, detailsListing);
      await proveNumberDetails(context, cursor);
      await guardShrink(context, 'details');
      await applyNumberDetails(context);
    } catch (error) {
      // An in-service list that waited for the details is not to wait another night for them.
      if (!context.signal.aborted && (await usableCursor(context, inserviceListing))?.state === 'complete') {
        await applyInserviceNumbers(context);
      }
      throw error;
    }
  },
};
