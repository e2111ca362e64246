import { refreshIntervals } from '../src/nruf/refresh.js';
import type { Job } from '../src/run/job.js';

/** Brings the intervals that NRUF counts read up to date with the changes of this run. */
export const prepareNruf: Job = {
  name: 'prepare-nruf',
  summary: 'the intervals that make NRUF counts fast',
  withoutApi: true,
  run: ({ account, database, signal }) => refreshIntervals(database, [account], signal),
};
