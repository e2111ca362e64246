import { CredentialsError } from '../dashboard/errors.js';
import { takeJobLock } from '../database/advisory-locks.js';
import { toLedgerError, transactionSignal } from '../database/connect.js';
import { refreshStatistics } from '../database/statistics.js';
import { isCancellation } from '../database/transaction.js';
import { AlreadyRunningError, InterruptedError, LedgerError, messageOf } from '../errors.js';
import { printDuration } from '../format.js';
import type { Redact } from '../redact.js';
import type { Job, JobContext, JobOptions, RunReport, RunResult } from './job.js';
import {
  createRunRecord,
  describeTakeover,
  finishRun,
  insertRun,
  markAbandonedRuns,
  type ProgressListener,
  type RunFailure,
  type RunRecord,
  recordProgress,
} from './run-record.js';

/** Context shared by the runs of one invocation. */
export type RunEnvironment = Pick<
  JobContext,
  | 'accounts'
  | 'assignmentReport'
  | 'billing'
  | 'dataDir'
  | 'inboxUsers'
  | 'keepReportsDays'
  | 'keepNotes'
  | 'requestsPerMinute'
  | 'database'
  | 'client'
  | 'log'
  | 'signal'
  | 'now'
> & {
  progress: ProgressDisplay;
  /** Removes secrets from text stored in `sync_runs` and shown in reports; omit it if there are none. */
  redact?: Redact;
  /** Deadline of the parent run, if this is a part. */
  detailsUntil?: number;
};

/** Displays the progress of runs: one per account at a time. Of an account's runs, the one started last is shown. */
export interface ProgressDisplay {
  start(run: { job: string; account: string }): ProgressListener & { stop(): void };
}

/**
 * Runs a job for one account, under its lock, with a row in `sync_runs` for any result. Never throws: the report
 * contains the result.
 */
export async function runJob(
  job: Job,
  account: string,
  environment: RunEnvironment,
  options: JobOptions,
): Promise<RunReport> {
  const begun = performance.now();
  const parts: RunReport[] = [];
  let run: RunRecord | undefined;
  const report = (result: RunResult, error?: Error): RunReport => ({
    job: job.name,
    account,
    ...(run !== undefined && { runId: run.runId }),
    result,
    counts: run?.counts ?? { pages: 0, rowsRead: 0, rowsWritten: 0 },
    requests: run?.requests ?? 0,
    seconds: (performance.now() - begun) / 1000,
    warnings: run?.warnings ?? [],
    rejected: run?.rejected ?? 0,
    ...(run?.changesUntil !== undefined && { changesUntil: run.changesUntil }),
    ...(error !== undefined && { error }),
    parts,
  });
  try {
    run = await underLock(job, account, environment, options, parts, (started) => {
      run = started;
    });
    return report('succeeded');
  } catch (thrown) {
    const error = explain(thrown, account, environment);
    if (error instanceof AlreadyRunningError) return report('already running', error);
    return report(isInterruption(error, environment.signal) ? 'interrupted' : 'failed', error);
  }
}

async function underLock(
  job: Job,
  account: string,
  environment: RunEnvironment,
  options: JobOptions,
  parts: RunReport[],
  onStarted: (run: RunRecord) => void,
): Promise<RunRecord> {
  const { redact = (text) => text } = environment;
  const logOfJob = environment.log.child({ account, job: job.name });
  const detailsUntil = environment.detailsUntil ?? performance.now() + options.nightLimitMs;
  const lock = await takeJobLock(environment.database, job.name, account);
  const database = lock.guard(environment.database);
  const progress = environment.progress.start({ job: job.name, account });
  try {
    const abandoned = await markAbandonedRuns(database, job.name, account);
    if (abandoned > 0)
      logOfJob.warn(`${job.name} of account ${account}: a previous run exited without recording a result; resuming`);
    const { client } = environment;
    const before = client.requestCount(account);
    const run = createRunRecord(await insertRun(database, job.name, account), progress, {
      redact,
      countRequests: () => client.requestCount(account) - before,
    });
    onStarted(run);
    const log = logOfJob.child({ run_id: run.runId });
    const stopRecording = recordProgress(database, run, {
      onError: (error) => log.debug(`The progress could not be written to sync_runs: ${messageOf(error)}`),
    });
    const deadline = startDeadline(job.name, account, options.jobDeadlineMs);
    const signal = transactionSignal(AbortSignal.any([environment.signal, lock.lost, deadline.signal]));
    try {
      await job.run({
        ...environment,
        database: { ...database, signal },
        job: job.name,
        account,
        log,
        signal,
        run,
        detailsUntil,
        options,
        runPart: async (part, partOptions) => {
          const partReport = await runJob(
            part,
            account,
            { ...environment, database, signal, detailsUntil },
            partOptions,
          );
          parts.push(partReport);
          run.add(partReport.counts);
          run.reject(partReport.rejected);
          run.changesUntil = partReport.changesUntil ?? run.changesUntil;
          return partReport;
        },
      });
      await refreshStatistics(database).catch((error: unknown) =>
        log.debug(`The planner's statistics could not be refreshed: ${messageOf(error)}`),
      );
    } catch (thrown) {
      const error = endOf(signal, thrown);
      const outcome = isInterruption(error, environment.signal) ? 'interrupted' : 'failed';
      const explained = explain(error, account, environment);
      const failure = describeFailure(explained, redact);
      const isOurs = await finishRun(database, run, outcome, failure).catch((second: unknown) => {
        // If the database failed, the row can't be written either. The next run marks it.
        log.warn(
          `The result of ${job.name} for account ${account} could not be written to sync_runs: ${messageOf(second)}`,
        );
        return true;
      });
      throw isOurs ? error : await describeTakeover(database, job.name, run, error);
    } finally {
      deadline.clear();
      stopRecording();
    }
    if (!(await finishRun(database, run, 'succeeded'))) throw await describeTakeover(database, job.name, run);
    return run;
  } finally {
    progress.stop();
    await lock.release();
  }
}

function describeFailure(error: Error, redact: Redact): RunFailure {
  const hint = error instanceof LedgerError ? error.hint : undefined;
  return {
    message: redact(error.message),
    hint: hint === undefined ? undefined : redact(hint),
    cause: error.name,
  };
}

/** A run exceeded its time limit. Its commits are kept. */
export class DeadlineError extends LedgerError {
  override readonly name = 'DeadlineError';
}

/** Timers use the monotonic clock, so setting the system clock doesn't change the limit. */
function startDeadline(job: string, account: string, ms: number): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    const error = new DeadlineError(
      `${job} of account ${account} hit TN_LEDGER_JOB_DEADLINE=${printDuration(ms)} and was stopped. Its committed data is kept.`,
      {
        hint: `Run it again to resume: tn-ledger run ${job} --account ${account}. If every run needs more time, raise TN_LEDGER_JOB_DEADLINE.`,
      },
    );
    controller.abort(error);
  }, ms);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/**
 * The cause of a run's end: the abort reason of its signal if that is a failure (a lost lock, a deadline), otherwise
 * the error.
 */
function endOf({ aborted, reason }: AbortSignal, thrown: unknown): unknown {
  const isFailure = reason instanceof LedgerError && !(reason instanceof InterruptedError);
  return aborted && isFailure && !(thrown instanceof CredentialsError) ? reason : thrown;
}

function isInterruption(error: unknown, signal: AbortSignal): boolean {
  if (error instanceof InterruptedError) return true;
  // Any other LedgerError as the reason (a lost lock) is a failure.
  const asked =
    signal.aborted && (signal.reason instanceof InterruptedError || !(signal.reason instanceof LedgerError));
  return asked && !(error instanceof CredentialsError);
}

function explain(error: unknown, account: string, { database, signal }: RunEnvironment): Error {
  // Add the account to an interruption. Any other reason (the lock's connection was lost) already has a complete
  // message.
  const { reason } = signal;
  if (reason instanceof InterruptedError && (error === reason || isCancellation(error))) {
    return new InterruptedError(`${reason.message} The pages of account ${account} read so far are committed.`, {
      hint: 'Run it again within six hours to resume.',
      cause: error,
    });
  }
  if (error instanceof LedgerError) return error;
  return toLedgerError(error, database.describe);
}
