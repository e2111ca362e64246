import { CredentialsError } from '../src/dashboard/errors.js';
import { AlreadyRunningError, LedgerError } from '../src/errors.js';
import { FailedJobsError } from '../src/run/cause.js';
import type { CostContext, Job, JobContext } from '../src/run/job.js';
import { loadJobs } from '../src/run/load-jobs.js';
import { describeLeftOut, longestAgoFirst, type PlannedJob, planRequests } from '../src/run/request-budget.js';
import { firstNames, lastNames, laterNames, nightlyName } from './names.js';
import { syncInserviceNumbers } from './sync-inservice-numbers.js';
import { syncNumberDetails } from './sync-number-details.js';

const load = (names: readonly string[]) => loadJobs(new URL('./', import.meta.url), names);
const firstJobs = await load(firstNames);
const laterJobs = await load(laterNames);
const lastJobs = await load(lastNames);

/** The jobs of a nightly run, in order. */
export const plan: readonly Job[] = [...firstJobs, ...laterJobs, ...lastJobs];

/**
 * The jobs of an account's next nightly run, in their order, each with what it will ask of the API, and whether that fits.
 *
 * @param options.spent requests of the limit that are used already
 * @param options.done names of jobs that the run doesn't need any more
 */
export async function planNight(
  context: CostContext,
  { spent = 0, done = new Set() }: { spent?: number; done?: ReadonlySet<string> } = {},
): Promise<PlannedJob[]> {
  const { requestsPerNight } = context.options;
  const later = requestsPerNight === undefined ? laterJobs : await longestAgoFirst(context, laterJobs);
  const jobs = [...firstJobs, ...later, ...lastJobs].filter(({ name }) => !done.has(name));
  return planRequests(context, jobs, requestsPerNight === undefined ? undefined : requestsPerNight - spent);
}

/**
 * Runs all jobs in order, except those that are done if this run continues another, and those that exceed the requests of
 * `TN_LEDGER_REQUESTS_PER_NIGHT`. A failed job doesn't stop the others; the nightly run then fails and lists the failed ones.
 */
export const nightly: Job = {
  name: nightlyName,
  summary: `all jobs in order: ${plan.map((job) => job.name).join(', ')}`,
  async run(context) {
    const failures: Error[] = [];
    const leftOut: PlannedJob[] = [];
    const { planned, left } = await openBudget(context, await readDone(context));
    for (const [index, next] of planned.entries()) {
      const { job } = next;
      // Earlier jobs may have taken more than estimated. The list of numbers in service waits for their details in any case.
      const isTooMuch = leastOf(next) > Math.max(0, left()) && job !== syncNumberDetails;
      if (!next.fits || isTooMuch) {
        leftOut.push(next);
        continue;
      }
      const following = planned.slice(index + 1).filter(({ fits }) => fits);
      const reserved = following.reduce((sum, each) => sum + leastOf(each), 0);
      const { error } = await context.runPart(job, {
        ...context.options,
        followedBy: new Set(following.map((later) => later.job.name)),
        requestsLeft: () => left() - reserved,
      });
      context.signal.throwIfAborted();
      if (error !== undefined) failures.push(new LedgerError(`${job.name}: ${error.message}`, { cause: error }));
      // The other jobs would be refused too, and more attempts might lock the user out.
      if (error instanceof CredentialsError) break;
    }
    if (leftOut.length > 0) context.run.warn(describeLeftOut(leftOut, context.options.requestsPerNight as number));
    if (failures.length === 0) return;
    if (failures.every((failure) => failure.cause instanceof AlreadyRunningError)) throw failures[0]?.cause;
    throw new FailedJobsError(
      `${failures.length} of ${plan.length} jobs of account ${context.account} failed: ${failures.map((failure) => failure.message).join('; ')}`,
      { hint: 'To run a failed job by itself: tn-ledger run <job>.' },
    );
  },
};

const leastOf = ({ cost }: PlannedJob) => cost?.least ?? 0;

/** The jobs of this run that aren't done, and how many requests are left to them. Without a limit, nothing is estimated. */
async function openBudget(
  context: JobContext,
  done: ReadonlySet<string>,
): Promise<{ planned: PlannedJob[]; left(): number }> {
  const { account, log, options, run } = context;
  for (const { name } of plan) {
    if (done.has(name)) log.info(`${name} of account ${account} is already done in this nightly run`);
  }
  const { requestsPerNight } = options;
  if (requestsPerNight === undefined) {
    const jobs = plan.filter(({ name }) => !done.has(name));
    const planned = jobs.map((job) => ({ job, cost: undefined, error: undefined, fits: true }));
    return { planned, left: () => Number.POSITIVE_INFINITY };
  }
  const spent = await readSpent(context);
  return { planned: await planNight(context, { spent, done }), left: () => requestsPerNight - spent - run.requests };
}

/** The requests of the nightly run that this one continues. */
async function readSpent({ account, database, options }: JobContext): Promise<number> {
  if (options.continuesFrom === undefined) return 0;
  const { rows } = await database.pool.query<{ spent: number }>(
    `select coalesce(sum(requests), 0)::integer as spent from sync_runs
      where account_id = $1 and job = $2 and started_at >= $3`,
    [account, nightly.name, options.continuesFrom],
  );
  return rows[0]?.spent ?? 0;
}

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
