import { refreshIntervals } from '../src/nruf/refresh.js';
import type { Job } from '../src/sync/job.js';
import { succeededBefore } from '../src/sync/run-record.js';

const name = 'prepare-nruf';

/**
 * Brings the copy of the histories that counting reads up to date with what the night changed. The first copy, which takes
 * longest, is made by whoever counts first: in a night that is the report.
 */
export const prepareNruf: Job = {
  name,
  summary: 'what makes counting for NRUF filings fast',
  async run({ account, database, signal }) {
    if (await succeededBefore(database.pool, name, account)) await refreshIntervals(database, signal);
  },
};
