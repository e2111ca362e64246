import { nightly, planNight } from '../../jobs/nightly.js';
import { titleOfAccount } from '../config.js';
import { type ExitStatus, exitStatus, type LedgerError } from '../errors.js';
import { budgetSetting, type PlannedJob } from '../run/request-budget.js';
import { chooseAccounts } from './choose-accounts.js';
import { formatCount, formatTable } from './format.js';
import { describeTime, type Estimate, estimateRequests } from './format-batch.js';
import { printResult } from './print-result.js';
import { openRunEnvironments } from './run-environment.js';
import { jobOptionsOf } from './run-jobs.js';
import type { ApiSession } from './session.js';

export interface PlanCommandOptions {
  account?: string;
  json?: boolean;
}

/** The requests of an account's next nightly run. */
interface AccountPlan {
  account: string;
  title: string;
  jobs: PlannedJob[];
  /** Of the jobs that fit. */
  total: Estimate;
}

/**
 * Prints what the next nightly run of each account will ask of the API. Changes nothing but pending migrations; exits with 1 if the
 * requests of a job can't be estimated.
 */
export async function printPlannedRequests(session: ApiSession, options: PlanCommandOptions): Promise<ExitStatus> {
  const { config } = session;
  const open = await openRunEnvironments(session);
  const plans: AccountPlan[] = [];
  for (const account of chooseAccounts(await session.accounts(), { config, wanted: options.account })) {
    const environment = await open(account);
    const jobs = await planNight({
      ...environment,
      account,
      job: nightly.name,
      options: { ...jobOptionsOf(config, {}), followedBy: new Set() },
    });
    const fitting = jobs.filter(({ fits }) => fits);
    const needed = fitting.reduce((sum, { cost }) => sum + (cost?.requests ?? 0), 0);
    // Orders to read by id are cut where the limit is reached.
    const requests = Math.min(needed, config.jobLimits.requestsPerNight ?? needed);
    const total = estimateRequests(requests, environment.requestsPerMinute);
    plans.push({ account, title: titleOfAccount(config, account), jobs, total });
  }
  const { requestsPerNight } = config.jobLimits;
  printResult(
    session.redact(
      options.json
        ? JSON.stringify(
            plans.map((plan) => planAsObject(plan, requestsPerNight)),
            null,
            2,
          )
        : plans.map((plan) => planAsText(plan, requestsPerNight)).join('\n\n'),
    ),
    options,
  );
  return plans.some(({ jobs }) => jobs.some(({ error }) => error !== undefined)) ? exitStatus.failed : exitStatus.done;
}

function planAsText({ title, jobs, total }: AccountPlan, limit: number | undefined): string {
  // Once the credentials are refused, the client sends nothing more: every job has the same error.
  const errors = jobs.flatMap(({ error }) => error ?? []);
  const listed = jobs.filter(
    ({ cost, error }, index) =>
      cost !== undefined || (error !== undefined && jobs.findIndex((each) => each.error === error) === index),
  );
  const rows = listed.map(({ job, cost, error, fits }) => [
    job.name,
    cost === undefined ? '?' : formatCount(cost.requests),
    error === undefined ? `${fits ? '' : 'left to a later run: '}${cost?.reason}` : describeError(error),
  ]);
  const lines = [
    `Next nightly run of account ${title}: ${errors.length === 0 ? 'about' : 'at least'} ${formatCount(total.requests)} ${total.requests === 1 ? 'request' : 'requests'}, ${describeTime(total)}`,
    formatTable(['job', 'requests', 'for'], rows, { right: [1], width: process.stdout.columns }),
  ];
  if (new Set(errors).size < errors.length) lines.push('For the same reason, the other jobs were not estimated.');
  if (limit !== undefined) {
    lines.push(`${describeLimit(jobs, limit)}${errors.length === 0 ? '' : ' Jobs with ? are not included.'}`);
  }
  return lines.join('\n');
}

function describeError({ message, hint }: LedgerError): string {
  return hint === undefined ? message : `${message.replace(/\.$/, '')}. ${hint}`;
}

function describeLimit(jobs: readonly PlannedJob[], limit: number): string {
  const needed = jobs.reduce((sum, { cost }) => sum + (cost?.requests ?? 0), 0);
  const setting = `${budgetSetting}=${limit}`;
  if (needed <= limit) return `${setting} is enough.`;
  const left = jobs.filter(({ fits }) => !fits).map(({ job }) => job.name);
  const orders = left.length === 0 ? 'Some orders' : `${left.join(', ')}, and possibly some orders,`;
  return `${setting} is not enough for ${formatCount(needed)} requests. ${orders} are left to the next run.`;
}

function planAsObject({ account, jobs, total }: AccountPlan, limit: number | undefined) {
  return {
    account_id: account,
    requests: total.requests,
    least_seconds: total.seconds,
    requests_per_minute: total.requestsPerMinute,
    requests_per_night: limit ?? null,
    jobs: jobs.map(({ job, cost, error, fits }) => ({
      job: job.name,
      requests: cost === undefined ? (error === undefined ? 0 : null) : cost.requests,
      least: cost?.least ?? 0,
      reason: cost?.reason ?? null,
      fits,
      error: error?.message ?? null,
    })),
  };
}
