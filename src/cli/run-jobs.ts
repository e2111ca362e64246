import { CredentialsError } from '../dashboard/errors.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import type { Job } from '../sync/job.js';
import { type RunReport, runJob } from '../sync/run-job.js';
import { chooseAccounts } from './choose-accounts.js';
import { describeFailure } from './failure.js';
import { formatCount, formatTable } from './format.js';
import { collectEarly } from './memory.js';
import type { RunOptions } from './run.js';
import { openRunEnvironment } from './run-environment.js';
import type { ApiSession } from './session.js';

/** For which accounts: all those configured unless told. */
export interface AccountChoice {
  accounts?: readonly string[];
}

/** Runs the jobs for each account, one after the other, prints what became of them, and answers with the exit status. */
export async function runJobs(
  session: ApiSession,
  jobs: readonly Job[],
  options: RunOptions & AccountChoice,
): Promise<ExitStatus> {
  const reports = await runAll(session, jobs, options);
  process.stdout.write(`${options.json ? session.redact(toJson(reports)) : summaryTable(reports)}\n`);
  printProblems(session, reports);
  return statusOf(reports);
}

/** The same without printing: the reports, a job that ran others before its parts. */
export async function runAll(
  session: ApiSession,
  jobs: readonly Job[],
  options: RunOptions & AccountChoice,
): Promise<RunReport[]> {
  const accounts = options.accounts ?? chooseAccounts(await session.accounts(), options.account);
  collectEarly();
  const environment = await openRunEnvironment(session);
  const reports: RunReport[] = [];
  for (const account of accounts) {
    for (const [index, job] of jobs.entries()) {
      const report = await runJob(job, account, environment, {
        maxShrink: session.config.maxShrink,
        acceptShrink: options.acceptShrink ?? false,
        nightLimitMs: session.config.nightLimitMs,
        ...(options.since !== undefined && { since: options.since }),
        full: options.full ?? false,
        followedBy: new Set(jobs.slice(index + 1).map((later) => later.name)),
      });
      reports.push(report);
      if (report.result === 'interrupted' || hasCredentialsError(report)) return reports;
    }
  }
  return reports;
}

function hasCredentialsError(report: RunReport): boolean {
  return report.error instanceof CredentialsError || report.parts.some(hasCredentialsError);
}

/** Runs as rows: a job that ran others is shown by those, save where it ended before any of them began. */
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
  const rows = flatten(reports).map(({ job, account, result, counts, seconds, warnings, rejected, error }) => ({
    job,
    account,
    result,
    pages: counts.pages,
    rows_read: counts.rowsRead,
    rows_written: counts.rowsWritten,
    seconds: Number(seconds.toFixed(3)),
    warnings,
    rejected,
    error: error?.message ?? null,
  }));
  return JSON.stringify(rows, null, 2);
}

export function printProblems(session: ApiSession, reports: readonly RunReport[]): void {
  const { log, redact } = session;
  for (const { job, account, warnings, error, parts } of reports) {
    printProblems(session, parts);
    for (const warning of warnings) log.warn(`${job} of account ${account}: ${warning}`);
    // A job that failed because of its parts has nothing to add to what they said.
    if (error === undefined || parts.some((part) => part.error !== undefined)) continue;
    process.stderr.write(`${redact(`${job}: ${describeFailure(error)}`)}\n`);
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
