import type { Job } from '../src/sync/job.js';
import { disconnectedNumbersListing } from '../src/sync/windows/disconnected-numbers-listing.js';
import { readWindows } from '../src/sync/windows/read-windows.js';

/** Numbers that the account gave back. */
export const syncDisconnectedNumbers: Job = {
  name: 'sync-disconnected-numbers',
  summary: 'numbers that the account gave back',
  run: (context) => readWindows(context, disconnectedNumbersListing),
};
