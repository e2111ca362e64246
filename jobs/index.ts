import type { Job } from '../src/run/job.js';
import { nightly, plan } from './nightly.js';

/** All jobs of `tn-ledger run`. */
export const jobs: readonly Job[] = [...plan, nightly];
