import { CredentialsError } from '../src/dashboard/errors.js';
import { AlreadyRunningError, LedgerError } from '../src/errors.js';
import type { Job } from '../src/sync/job.js';
import { fetchBillingReports } from './fetch-billing-reports.js';
import { prepareNruf } from './prepare-nruf.js';
import { submitNumberAssignments } from './submit-number-assignments.js';
import { syncDisconnectedNumbers } from './sync-disconnected-numbers.js';
import { syncDisconnects } from './sync-disconnects.js';
import { syncImportedNumbers } from './sync-imported-numbers.js';
import { syncInserviceNumbers } from './sync-inservice-numbers.js';
import { syncNumberAssignments } from './sync-number-assignments.js';
import { syncNumberDetails } from './sync-number-details.js';
import { syncOrders } from './sync-orders.js';
import { syncPortins } from './sync-portins.js';
import { syncPortouts } from './sync-portouts.js';
import { writeReport } from './write-report.js';

/** The night's plan: every job, in the order in which they run. */
export const plan: readonly Job[] = [
  syncInserviceNumbers,
  syncNumberDetails,
  syncOrders,
  syncDisconnects,
  syncDisconnectedNumbers,
  syncPortins,
  syncPortouts,
  syncImportedNumbers,
  syncNumberAssignments,
  submitNumberAssignments,
  fetchBillingReports,
  prepareNruf,
  writeReport,
];

/** All jobs in order. One that fails does not keep the others from running; the night then fails, and names them. */
export const nightly: Job = {
  name: 'nightly',
  summary: `all jobs in order: ${plan.map((job) => job.name).join(', ')}`,
  async run(context) {
    const failures: Error[] = [];
    for (const [index, job] of plan.entries()) {
      const followedBy = new Set(plan.slice(index + 1).map((later) => later.name));
      const { error } = await context.runPart(job, { ...context.options, followedBy });
      context.signal.throwIfAborted();
      if (error !== undefined) failures.push(new LedgerError(`${job.name}: ${error.message}`, { cause: error }));
      // Refused credentials are refused for every job: more requests would only lock the user out.
      if (error instanceof CredentialsError) break;
    }
    if (failures.length === 0) return;
    if (failures.every((failure) => failure.cause instanceof AlreadyRunningError)) throw failures[0]?.cause;
    throw new LedgerError(
      `${failures.length} of ${plan.length} jobs of account ${context.account} failed: ${failures.map((failure) => failure.message).join('; ')}`,
      { hint: 'Each failed job can be run by itself: tn-ledger run <job>.' },
    );
  },
};
