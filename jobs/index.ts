import type { Job } from '../src/sync/job.js';
import { nightly, plan } from './nightly.js';

/** Every job by which `tn-ledger run` knows it. */
export const jobs: readonly Job[] = [...plan, nightly];
