import { CredentialsError } from '../src/dashboard/errors.js';
import { windowDescriptions } from '../src/dashboard/registry.js';
import { AlreadyRunningError, LedgerError } from '../src/errors.js';
import { FailedJobsError } from '../src/run/cause.js';
import type { Job, JobContext } from '../src/run/job.js';
import { loadJobs } from '../src/run/load-jobs.js';
import { fetchAssignmentReport } from './fetch-assignment-report.js';
import { fetchBillingReports } from './fetch-billing-reports.js';
import { prepareNruf } from './prepare-nruf.js';
import { submitNumberAssignments } from './submit-number-assignments.js';
import { syncInserviceNumbers } from './sync-inservice-numbers.js';
import { syncNumberDetails } from './sync-number-details.js';
import { syncSites } from './sync-sites.js';
import { writeReport } from './write-report.js';

/** The jobs that read lists of orders and numbers, in the registry's order. */
const jobsOfLists = windowDescriptions.map(({ job }) => job.name);

/** The jobs of a nightly run, in order. */
export const plan: readonly Job[] = [
  syncInserviceNumbers,
  syncNumberDetails,
  syncSites,
  ...(await loadJobs(new URL('./', import.meta.url), jobsOfLists)),
  submitNumberAssignments,
  fetchBillingReports,
  fetchAssignmentReport,
  prepareNruf,
  writeReport,
];

/**
 * Runs all jobs in order, except those that are done if this run continues another. A failed job doesn't stop the others; the nightly
 * run then fails and lists the failed ones.
 */
export const nightly: Job = {
  name: 'nightly',
  summary: `all jobs in order: ${plan.map((job) => job.name).join(', ')}`,
  async run(context) {
    const failures: Error[] = [];
    const done = await readDone(context);
    for (const [index, job] of plan.entries()) {
      if (done.has(job.name)) {
        context.log.info(`${job.name} of account ${context.account} is already done in this nightly run`);
        continue;
      }
      const followedBy = new Set(plan.slice(index + 1).map((later) => later.name));
      const { error } = await context.runPart(job, { ...context.options, followedBy });
      context.signal.throwIfAborted();
      if (error !== undefined) failures.push(new LedgerError(`${job.name}: ${error.message}`, { cause: error }));
      // The other jobs would be refused too, and more attempts might lock the user out.
      if (error instanceof CredentialsError) break;
    }
    if (failures.length === 0) return;
    if (failures.every((failure) => failure.cause instanceof AlreadyRunningError)) throw failures[0]?.cause;
    throw new FailedJobsError(
      `${failures.length} of ${plan.length} jobs of account ${context.account} failed: ${failures.map((failure) => failure.message).join('; ')}`,
      { hint: 'To run a failed job by itself: tn-ledger run <job>.' },
    );
  },
};

/** The names of the jobs that the nightly run which this one continues has done. */
async function readDone({ account, database, options }: JobContext): Promise<Set<string>> {
  if (options.continuesFrom === undefined) return new Set();
  const { rows } = await database.pool.query<{ job: string }>(
    `select distinct job from sync_runs where account_id = $1 and started_at >= $2 and status = 'succeeded'`,
    [account, options.continuesFrom],
  );
  const done = new Set(rows.map(({ job }) => job));
  // The details are verified against the numbers in service as they are now.
  if (!done.has(syncNumberDetails.name)) done.delete(syncInserviceNumbers.name);
  // Their result depends on what the other jobs read in the meantime.
  for (const job of plan) if (job.withoutApi) done.delete(job.name);
  return done;
}
