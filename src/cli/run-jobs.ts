import type { Config } from '../config.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import type { Job, JobOptions, RunReport } from '../run/job.js';
import { runAccounts } from '../run/run-accounts.js';
import type { RunEnvironment } from '../run/run-job.js';
import { checkClocks } from './check-clocks.js';
import { chooseAccounts } from './choose-accounts.js';
import { rejectFutureDays } from './day-options.js';
import { describeFailure } from './failure.js';
import { formatCount, formatTable } from './format.js';
import { limitHeapGrowth } from './memory.js';
import { openRunEnvironments } from './run-environment.js';
import type { ApiSession } from './session.js';
import { withRunAlerts } from './with-alerts.js';

export interface RunOptions {
  account?: string;
  acceptShrink?: boolean;
  /** Validated by `parseDayOption`. */
  since?: string;
  full?: boolean;
  json?: boolean;
}

/** The accounts to run for; defaults to all configured accounts. */
export interface AccountChoice {
  accounts?: readonly string[];
}

/** Runs the jobs for each account, several accounts side by side, and prints the results. */
export async function runJobs(
  session: ApiSession,
  jobs: readonly Job[],
  options: RunOptions & AccountChoice,
): Promise<ExitStatus> {
  return withRunAlerts(session, jobs, async () => {
    const reports = await runAll(session, jobs, options);
    const summary = summaryTable(reports);
    process.stdout.write(`${options.json ? session.redact(toJson(reports)) : summary}\n`);
    printProblems(session, reports);
    logResults(session, reports);
    return { status: statusOf(reports), summary };
  });
}

/** Like `runJobs`, but returns the reports instead of printing them. The nightly run's report contains those of its jobs. */
export async function runAll(
  session: ApiSession,
  jobs: readonly Job[],
  options: RunOptions & AccountChoice,
): Promise<RunReport[]> {
  const accounts =
    options.accounts ?? chooseAccounts(await session.accounts(), { config: session.config, wanted: options.account });
  limitHeapGrowth();
  const open = await openRunEnvironments(session);
  const environments = new Map<string, RunEnvironment>();
  for (const account of accounts) environments.set(account, await open(account));
  const environmentOf = (account: string) => environments.get(account) as RunEnvironment;
  if (options.since !== undefined) await rejectFutureDays(await session.database(), { '--since': options.since });
  if (jobs.some((job) => !job.withoutApi)) {
    await checkClocks(session, accounts, environmentOf);
  }
  return runAccounts({
    accounts,
    jobs,
    environmentOf,
    options: jobOptionsOf(session.config, options),
    concurrency: session.config.concurrentAccounts,
  });
}

/** The options of jobs from the settings and from the command line. */
export function jobOptionsOf(
  { maxShrink, jobLimits }: Config,
  { acceptShrink = false, since, full = false }: RunOptions,
): Omit<JobOptions, 'followedBy'> {
  return { maxShrink, acceptShrink, ...jobLimits, ...(since !== undefined && { since }), full };
}

/** Replaces the report of a job that ran other jobs with theirs, unless it ended before any of them started. */
export function flatten(reports: readonly RunReport[]): RunReport[] {
  return reports.flatMap((report) => (report.parts.length > 0 ? flatten(report.parts) : [report]));
}

export function summaryTable(reports: readonly RunReport[]): string {
  const rows = flatten(reports).map((report) => [
    report.job,
    report.account,
    report.result,
    formatCount(report.counts.pages),
    formatCount(report.counts.rowsRead),
    formatCount(report.counts.rowsWritten),
    report.seconds.toFixed(1),
  ]);
  const header = ['job', 'account', 'result', 'pages', 'rows read', 'rows written', 'seconds'];
  return formatTable(header, rows, { right: [3, 4, 5, 6] });
}

function toJson(reports: readonly RunReport[]): string {
  const rows = flatten(reports).map(
    ({ job, account, result, counts, requests, seconds, warnings, rejected, error }) => ({
      job,
      account,
      result,
      requests,
      pages: counts.pages,
      rows_read: counts.rowsRead,
      rows_written: counts.rowsWritten,
      seconds: Number(seconds.toFixed(3)),
      warnings,
      rejected,
      error: error?.message ?? null,
    }),
  );
  return JSON.stringify(rows, null, 2);
}

export function printProblems(session: ApiSession, reports: readonly RunReport[]): void {
  const { log, printMessage } = session;
  for (const { job, account, runId, warnings, error, parts } of reports) {
    printProblems(session, parts);
    const fields = { account, job, run_id: runId };
    for (const warning of warnings) log.warn(fields, `${job} of account ${account}: ${warning}`);
    // The error of a job that failed because of its parts only repeats theirs.
    if (error === undefined || parts.some((part) => part.error !== undefined)) continue;
    printMessage('error', `${job}: ${describeFailure(error)}`, fields);
  }
}

/** Logs what the summary on standard output says, for those who only collect the log. */
function logResults({ log, logFormat }: ApiSession, reports: readonly RunReport[]): void {
  if (logFormat !== 'json') return;
  for (const { job, account, runId, result, counts, requests, seconds, warnings, rejected } of flatten(reports)) {
    const { pages, rowsRead, rowsWritten } = counts;
    const fields = {
      account,
      job,
      run_id: runId,
      result,
      requests,
      pages,
      rows_read: rowsRead,
      rows_written: rowsWritten,
    };
    const rest = { seconds: Number(seconds.toFixed(3)), warnings: warnings.length, rejected };
    log.info({ ...fields, ...rest }, `${job} of account ${account} ${result}`);
  }
}

export function statusOf(reports: readonly RunReport[]): ExitStatus {
  const results = reports.map(({ result }) => result);
  if (results.every((result) => result === 'succeeded')) {
    return reports.some(({ rejected }) => rejected > 0) ? exitStatus.rejected : exitStatus.done;
  }
  const onlyBusy = results.every((result) => result === 'succeeded' || result === 'already running');
  return onlyBusy ? exitStatus.alreadyRunning : exitStatus.failed;
}
