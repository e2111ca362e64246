import { messageOf } from '../src/errors.js';
import { applyInserviceNumbers, applyNumberDetails, guardShrink } from '../src/sync/apply-numbers.js';
import type { Job, JobContext } from '../src/sync/job.js';
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
      await applyWaitingInserviceNumbers(context).catch((second: unknown) =>
        context.run.warn(`The in-service list that was read could not be brought in either: ${messageOf(second)}`),
      );
      throw error;
    }
  },
};

async function applyWaitingInserviceNumbers(context: JobContext): Promise<void> {
  if (context.signal.aborted) return;
  if ((await usableCursor(context, inserviceListing))?.state === 'complete') await applyInserviceNumbers(context);
}
