import { LedgerError } from '../errors.js';
import { formatCount } from '../format.js';
import type { Cost, CostContext, Job } from './job.js';

/** The name of the setting, for messages. */
export const budgetSetting = 'TN_LEDGER_REQUESTS_PER_NIGHT';

/** A job of a nightly run, and what it will ask of the API. */
export interface PlannedJob {
  job: Job;
  /** Undefined if it can't be estimated, because the API doesn't answer. */
  cost: Cost | undefined;
  /** Why there is no estimate. */
  error: LedgerError | undefined;
  /** Whether the requests of the nightly run suffice for its least part. */
  fits: boolean;
}

/**
 * Estimates the requests of jobs, and decides which of them fit into the nightly run: each in its turn, if enough requests are left
 * for its least part. A job without an estimate fits: it runs, and reports the error itself.
 *
 * @throws the abort reason of the context's signal
 */
export async function planRequests(
  context: CostContext,
  jobs: readonly Job[],
  requests = Number.POSITIVE_INFINITY,
): Promise<PlannedJob[]> {
  const planned: PlannedJob[] = [];
  let left = requests;
  for (const job of jobs) {
    const { cost, error } = await estimate(context, job);
    context.signal.throwIfAborted();
    const least = cost?.least ?? 0;
    const fits = least <= Math.max(0, left);
    if (fits) left -= least;
    planned.push({ job, cost, error, fits });
  }
  return planned;
}

async function estimate(context: CostContext, job: Job): Promise<Pick<PlannedJob, 'cost' | 'error'>> {
  if (job.cost === undefined) return { cost: undefined, error: undefined };
  try {
    return { cost: await job.cost({ ...context, job: job.name }), error: undefined };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { cost: undefined, error };
  }
}

/**
 * Sorts jobs so that those that succeeded longest ago, or never, come first: whatever did not fit into a run comes before the others
 * in the next one.
 */
export async function longestAgoFirst(
  { account, database }: Pick<CostContext, 'account' | 'database'>,
  jobs: readonly Job[],
): Promise<Job[]> {
  const { rows } = await database.pool.query<{ job: string }>(
    `select job from unnest($2::text[]) with ordinality as j (job, place)
      order by (select max(finished_at) from sync_runs r
                 where r.account_id = $1 and r.job = j.job and r.status = 'succeeded') nulls first, place`,
    [account, jobs.map(({ name }) => name)],
  );
  return rows.map(({ job }) => jobs.find(({ name }) => name === job) as Job);
}

/** The warning that jobs were left to the next run. */
export function describeLeftOut(left: readonly PlannedJob[], requests: number): string {
  const each = left.map(({ job, cost }) => `${job.name} (${formatCount(cost?.least ?? 0)})`);
  return (
    `${budgetSetting}=${requests} was not enough for ${each.join(', ')}: ${left.length === 1 ? 'it was' : 'they were'} not run, and ` +
    `what ${left.length === 1 ? 'it reads' : 'they read'} is as old as the last run that succeeded. Raise the limit if that continues; ` +
    'tn-ledger plan shows what each job needs.'
  );
}

/** SQL condition: a warning of a nightly run is the one above, and names the job. Both arguments are SQL expressions. */
export function namesLeftOut(warning: string, job: string): string {
  return `(starts_with(${warning}, '${budgetSetting}=') and strpos(${warning}, ' ' || ${job} || ' (') > 0)`;
}
