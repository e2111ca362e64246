import type { Job } from '../src/sync/job.js';
import { syncInserviceNumbers } from './sync-inservice-numbers.js';
import { syncNumberDetails } from './sync-number-details.js';

/** Every job, in the order of the night. */
export const jobs: readonly Job[] = [syncInserviceNumbers, syncNumberDetails];
