import { disconnectedNumbers } from '../src/dashboard/resources/disconnected-numbers.js';
import type { Job } from '../src/run/job.js';
import { windowedCost } from '../src/sync/request-costs.js';
import { disconnectedNumbersListing } from '../src/sync/windows/disconnected-numbers-listing.js';
import { readWindows } from '../src/sync/windows/read-windows.js';

/** The account's disconnected numbers. */
export const syncDisconnectedNumbers: Job = {
  ...disconnectedNumbers.job,
  run: (context) => readWindows(context, disconnectedNumbersListing),
  cost: (context) => windowedCost(context, disconnectedNumbersListing.name, disconnectedNumbersListing.resource),
};
