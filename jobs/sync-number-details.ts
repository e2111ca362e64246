import { numberDetails } from '../src/dashboard/resources/number-details.js';
import { messageOf } from '../src/errors.js';
import type { Job, JobContext } from '../src/run/job.js';
import { applyInserviceNumbers, applyNumberDetails, guardShrink } from '../src/sync/apply-numbers.js';
import { detailsListing, inserviceListing } from '../src/sync/number-listings.js';
import {
  type AppliedChanges,
  changedSomething,
  describeOutcome,
  RefusedListingError,
  withOutcome,
} from '../src/sync/refused-listing.js';
import { detailsCost } from '../src/sync/request-costs.js';
import { readSnapshot, usableCursor } from '../src/sync/snapshot.js';
import { verifyNumberDetails } from '../src/sync/verify-details.js';

/** The status, rate center, state, LATA, tier, carrier and dates of every number. */
export const syncNumberDetails: Job = {
  ...numberDetails.job,
  cost: detailsCost,
  async run(context) {
    try {
      const cursor = await readSnapshot(context, detailsListing);
      await verifyNumberDetails(context, cursor);
      await guardShrink(context, 'details');
      await applyNumberDetails(context);
    } catch (error) {
      const applied = await applyWaitingInserviceNumbers(context);
      // Other errors (of a request, of the database) may be shared with other runs, so their messages can't be changed.
      if (changedSomething(applied) && !(error instanceof RefusedListingError))
        context.run.warn(describeOutcome(applied));
      throw withOutcome(error, applied);
    }
  },
};

/** Applies an in-service list that waited for the details, rather than delay it to the next run. Undefined if there was none. */
async function applyWaitingInserviceNumbers(context: JobContext): Promise<AppliedChanges | undefined> {
  if (context.signal.aborted) return undefined;
  try {
    if ((await usableCursor(context, inserviceListing))?.state !== 'complete') return undefined;
    return await applyInserviceNumbers(context);
  } catch (error) {
    context.run.warn(`The in-service list could not be applied either: ${messageOf(error)}`);
    return undefined;
  }
}
