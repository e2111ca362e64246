import PQueue from 'p-queue';
import { CredentialsError } from '../dashboard/errors.js';
import type { Job, JobOptions, RunReport } from './job.js';
import { type RunEnvironment, runJob } from './run-job.js';

/** What is run for which accounts. */
export interface AccountRuns {
  accounts: readonly string[];
  /** Run for each account, in order. */
  jobs: readonly Job[];
  /** The environment of an account's jobs. */
  environmentOf(account: string): RunEnvironment;
  options: Omit<JobOptions, 'followedBy'>;
  /** How many accounts are worked on at the same time. */
  concurrency: number;
}

/**
 * Runs jobs for several accounts side by side. A failed job doesn't keep the account's next ones, or other accounts,
 * from running. When the API rejects the credentials, no account starts another job with them: more attempts might lock
 * the user out. After a stop request, nothing else starts.
 *
 * @returns the reports in the order of the accounts, whichever ended first
 */
export async function runAccounts(runs: AccountRuns): Promise<RunReport[]> {
  const { accounts, jobs, environmentOf, options, concurrency } = runs;
  const refused: RefusedClients = new Set();
  const lanes = new PQueue({ concurrency });
  const run = (account: string) => runAccount(account, jobs, environmentOf(account), options, refused);
  return (await Promise.all(accounts.map((account) => lanes.add(() => run(account))))).flat();
}

/** The clients whose credentials the API rejected. */
export type RefusedClients = Set<RunEnvironment['client']>;

/**
 * Runs jobs for one account, in order, unless the API rejected its credentials before.
 *
 * @param refused shared with other accounts; the account's client is added when the API rejects its credentials
 * @returns the reports of the jobs that were started
 */
export async function runAccount(
  account: string,
  jobs: readonly Job[],
  environment: RunEnvironment,
  options: Omit<JobOptions, 'followedBy'>,
  refused: RefusedClients,
): Promise<RunReport[]> {
  const reports: RunReport[] = [];
  for (const [index, job] of jobs.entries()) {
    if (environment.signal.aborted || refused.has(environment.client)) break;
    const followedBy = new Set(jobs.slice(index + 1).map((later) => later.name));
    const report = await runJob(job, account, environment, { ...options, followedBy });
    reports.push(report);
    if (hasCredentialsError(report)) refused.add(environment.client);
  }
  return reports;
}

function hasCredentialsError(report: RunReport): boolean {
  return report.error instanceof CredentialsError || report.parts.some(hasCredentialsError);
}
