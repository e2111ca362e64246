import { sites } from '../src/dashboard/resources/sites.js';
import type { Job } from '../src/run/job.js';
import { applyLocations } from '../src/sync/locations/apply-locations.js';
import { readLocations } from '../src/sync/locations/read-locations.js';
import { readNumbersOfLocations } from '../src/sync/locations/read-numbers.js';
import { readIfOffered } from '../src/sync/not-offered.js';
import { sitesCost } from '../src/sync/request-costs.js';

/** The account's sub-accounts and locations, and which numbers are there. */
export const syncSites: Job = {
  ...sites.job,
  cost: sitesCost,
  async run(context) {
    await readIfOffered(context, sites, async () => {
      const locations = await readLocations(context);
      const totals = await readNumbersOfLocations(context, locations.peers);
      await applyLocations(context, locations, totals);
    });
  },
};
