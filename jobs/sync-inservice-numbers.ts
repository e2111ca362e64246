import { applyInserviceNumbers, guardShrink } from '../src/sync/apply-numbers.js';
import { readProvedInserviceNumbers } from '../src/sync/inservice-snapshot.js';
import type { Job } from '../src/sync/job.js';
import { inserviceListing } from '../src/sync/number-listings.js';
import { withOutcome } from '../src/sync/refused-listing.js';

/**
 * Every number that the account has in service. Where the number details are read next in the same invocation, the two
 * listings are compared with the ledger together, by that job: each number is written once, with its details.
 */
export const syncInserviceNumbers: Job = {
  name: 'sync-inservice-numbers',
  summary: 'numbers in service: new ones, and those that left',
  async run(context) {
    try {
      await readProvedInserviceNumbers(context, inserviceListing);
      await guardShrink(context, 'inservice');
    } catch (error) {
      throw withOutcome(error);
    }
    if (!context.options.followedBy.has('sync-number-details')) await applyInserviceNumbers(context);
  },
};
