import type pg from 'pg';
import { whatItWaitsFor } from '../run/cause.js';
import type { NightStates } from '../schedule/read-nights.js';
import { isShared } from './message.js';
import type { Problem } from './problem.js';
import { tablesOf } from './tables.js';

/** Errors that are no problem, or not one of their own. */
const ignored = ['FailedJobsError', 'AlreadyRunningError', 'TakenOverError'];

interface FailedRun {
  account_id: string;
  job: string;
  error: string;
  hint: string | null;
  cause: string | null;
  since: Date;
  last_success: Date | null;
}

/**
 * Reads what fails: the jobs whose last run that ended failed, and the nights that could not start.
 *
 * @param options.now the database's time
 * @param options.graceMs how long a failure that is retried and may pass by itself isn't reported, in milliseconds
 */
export async function readProblems(
  client: pg.ClientBase,
  nights: readonly NightStates[],
  { now, graceMs }: { now: Date; graceMs: number },
): Promise<Problem[]> {
  const openNights = new Map(
    nights
      .flatMap(({ accounts }) => accounts)
      .filter(({ state }) => state === 'waiting' || state === 'running')
      .map((night) => [night.account_id, night]),
  );
  const problemOf = (facts: Omit<Problem, 'cause' | 'tables' | 'nextAttempt' | 'isHeld'>): Problem => {
    const { topic, account, job, since } = facts;
    const open = openNights.get(account);
    const isTemporary = whatItWaitsFor(topic) !== undefined;
    return {
      ...facts,
      cause: isShared(topic) ? topic : `${topic} ${job} ${account}`,
      tables: tablesOf(job),
      nextAttempt: isTemporary ? (open?.next_attempt_at ?? null) : null,
      isHeld: isTemporary && open !== undefined && now.getTime() - since.getTime() < graceMs,
    };
  };
  const failed = (await readFailedRuns(client)).filter(({ cause }) => !ignored.includes(cause ?? ''));
  const withFailedJobs = new Set(failed.filter(({ job }) => job !== 'nightly').map(({ account_id }) => account_id));
  const problems = failed
    // Runs of earlier versions have no cause, by which a nightly run with failed jobs is recognized.
    .filter(({ job, cause, account_id }) => job !== 'nightly' || cause !== null || !withFailedJobs.has(account_id))
    .map((run) =>
      problemOf({
        topic: run.cause ?? 'Error',
        account: run.account_id,
        job: run.job,
        since: run.since,
        lastSuccess: run.last_success,
        error: run.error,
        hint: run.hint,
      }),
    );
  for (const night of nights.flatMap(({ accounts }) => accounts)) {
    const { account_id: account, unrecorded_cause: topic, failed_at: since, error, hint } = night;
    if (topic === null || since === null || ignored.includes(topic)) continue;
    const lastSuccess = await readLastSuccess(client, account);
    if (lastSuccess !== null && lastSuccess > since) continue;
    problems.push(problemOf({ topic, account, job: 'nightly', since, lastSuccess, error, hint }));
  }
  return problems;
}

/** How long a failed job without later runs counts, in days: a schedule may be weekly. */
const forgottenDays = 8;

/**
 * The jobs whose last run that ended failed, in all accounts, because other hosts may have other accounts. An account
 * that never succeeded and isn't run any more was mistyped.
 */
async function readFailedRuns(client: pg.ClientBase): Promise<FailedRun[]> {
  const { rows } = await client.query<FailedRun>(
    // The first condition is that of a partial index.
    `with jobs as (
       select distinct account_id, job from sync_runs
        where status <> 'succeeded' and status = 'failed' and started_at > clock_timestamp() - ($1 + 1) * interval '1 day')
     select jobs.account_id, jobs.job, last.error, last.hint, last.cause, success.finished_at as last_success,
            (select min(r.started_at) from sync_runs r
              where r.account_id = jobs.account_id and r.job = jobs.job and r.status = 'failed'
                and r.started_at > coalesce(success.started_at, '-infinity')) as since
       from jobs
      cross join lateral (
        select * from sync_runs r
         where r.account_id = jobs.account_id and r.job = jobs.job and r.status in ('succeeded', 'failed')
         order by r.started_at desc, r.run_id desc limit 1) as last
       left join lateral (
        select r.started_at, r.finished_at from sync_runs r
         where r.account_id = jobs.account_id and r.job = jobs.job and r.status = 'succeeded'
         order by r.started_at desc, r.run_id desc limit 1) as success on true
      where last.status = 'failed' and last.finished_at > clock_timestamp() - $1 * interval '1 day'
        and (last.finished_at > clock_timestamp() - interval '25 hours'
          or exists (select from sync_runs r where r.account_id = jobs.account_id and r.status = 'succeeded'))
      order by jobs.account_id, last.run_id`,
    [forgottenDays],
  );
  return rows;
}

async function readLastSuccess(client: pg.ClientBase, account: string): Promise<Date | null> {
  const { rows } = await client.query<{ at: Date | null }>(
    `select max(finished_at) as at from sync_runs where account_id = $1 and job = 'nightly' and status = 'succeeded'`,
    [account],
  );
  return rows[0]?.at ?? null;
}
