import { messageOf } from '../src/errors.js';
import { applyInserviceNumbers, applyNumberDetails, guardShrink } from '../src/sync/apply-numbers.js';
import type { Job, JobContext } from '../src/sync/job.js';
import { detailsListing, inserviceListing } from '../src/sync/number-listings.js';
import { proveNumberDetails } from '../src/sync/prove-details.js';
import {
  type AppliedChanges,
  changedSomething,
  describeOutcome,
  RefusedListingError,
  withOutcome,
} from '../src/sync/refused-listing.js';
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
      const applied = await applyWaitingInserviceNumbers(context);
      // Errors of another kind (of a request, of the database) may be shared with other runs: they can't say it themselves.
      if (changedSomething(applied) && !(error instanceof RefusedListingError))
        context.run.warn(describeOutcome(applied));
      throw withOutcome(error, applied);
    }
  },
};

/** An in-service list that waited for the details is not to wait another night for them. Undefined where none was applied. */
async function applyWaitingInserviceNumbers(context: JobContext): Promise<AppliedChanges | undefined> {
  if (context.signal.aborted) return undefined;
  try {
    if ((await usableCursor(context, inserviceListing))?.state !== 'complete') return undefined;
    return await applyInserviceNumbers(context);
  } catch (error) {
    context.run.warn(`The in-service list that was read could not be applied either: ${messageOf(error)}`);
    return undefined;
  }
}
