import { inserviceNumbers } from '../src/dashboard/resources/inservice-numbers.js';
import { numberDetails } from '../src/dashboard/resources/number-details.js';
import type { Job } from '../src/run/job.js';
import { applyInserviceNumbers, guardShrink } from '../src/sync/apply-numbers.js';
import { readVerifiedInserviceNumbers } from '../src/sync/inservice-snapshot.js';
import { inserviceListing } from '../src/sync/number-listings.js';
import { withOutcome } from '../src/sync/refused-listing.js';
import { inserviceCost } from '../src/sync/request-costs.js';

/**
 * All numbers in service on the account. If the number details are read later in the same invocation, that job applies both
 * listings together, so that each number is written once, with its details.
 */
export const syncInserviceNumbers: Job = {
  ...inserviceNumbers.job,
  cost: inserviceCost,
  async run(context) {
    try {
      await readVerifiedInserviceNumbers(context, inserviceListing);
      await guardShrink(context, 'inservice');
    } catch (error) {
      throw withOutcome(error);
    }
    if (!context.options.followedBy.has(numberDetails.job.name)) await applyInserviceNumbers(context);
  },
};
