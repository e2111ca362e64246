import { CredentialsError } from '../dashboard/errors.js';
import { toLedgerError } from '../database/connect.js';
import { AlreadyRunningError, InterruptedError, LedgerError, messageOf } from '../errors.js';
import type { Redact } from '../redact.js';
import type { Job, JobContext, JobOptions } from './job.js';
import { takeJobLock } from './lock.js';
import {
  createRunRecord,
  finishRun,
  insertRun,
  markAbandonedRuns,
  type ProgressListener,
  type RunCounts,
  type RunRecord,
} from './run-record.js';
import { isCancellation } from './transaction.js';

/** What the runs of one invocation share. */
export type RunEnvironment = Pick<
  JobContext,
  | 'accounts'
  | 'billing'
  | 'dataDir'
  | 'inboxUsers'
  | 'requestsPerMinute'
  | 'database'
  | 'client'
  | 'log'
  | 'signal'
  | 'now'
> & {
  progress: ProgressDisplay;
  /** Takes secrets out of what is kept in `sync_runs` and told in reports; whoever holds none may leave it out. */
  redact?: Redact;
  /** That of the run of which this one is a part. */
  detailsUntil?: number;
};

/** Shows the progress of runs, one at a time. */
export interface ProgressDisplay {
  start(title: string): ProgressListener & { stop(): void };
}

export type RunResult = 'succeeded' | 'failed' | 'interrupted' | 'already running';

/** What became of one run, for the summary and the exit status. */
export interface RunReport {
  job: string;
  account: string;
  result: RunResult;
  counts: RunCounts;
  seconds: number;
  warnings: readonly string[];
  /** Numbers or rows that were rejected, its parts' included. */
  rejected: number;
  /** As in `RunRecord`. */
  changesUntil?: string;
  /** Of a run that did not succeed. */
  error?: Error;
  /** Reports of the jobs that this one ran, for the nightly job. */
  parts: RunReport[];
}

/**
 * Runs a job for one account: under its lock, with a row in `sync_runs` whatever becomes of it. Never throws: the report says
 * how it ended.
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
    result,
    counts: run?.counts ?? { pages: 0, rowsRead: 0, rowsWritten: 0 },
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
  const { database, log, redact = (text) => text } = environment;
  const { pool } = database;
  const detailsUntil = environment.detailsUntil ?? performance.now() + options.nightLimitMs;
  const lock = await takeJobLock(database, job.name, account);
  const progress = environment.progress.start(`${job.name} ${account}`);
  try {
    const abandoned = await markAbandonedRuns(pool, job.name, account);
    if (abandoned > 0)
      log.warn(`${job.name} of account ${account}: an earlier run ended without a word; going on from where it was`);
    const run = createRunRecord(await insertRun(pool, job.name, account), progress, redact);
    onStarted(run);
    const signal = AbortSignal.any([environment.signal, lock.lost]);
    try {
      await job.run({
        ...environment,
        job: job.name,
        account,
        signal,
        run,
        detailsUntil,
        options,
        runPart: async (part, partOptions) => {
          const partReport = await runJob(part, account, { ...environment, signal, detailsUntil }, partOptions);
          parts.push(partReport);
          run.add(partReport.counts);
          run.reject(partReport.rejected);
          run.changesUntil = partReport.changesUntil ?? run.changesUntil;
          return partReport;
        },
      });
    } catch (error) {
      const outcome = isInterruption(error, environment.signal) ? 'interrupted' : 'failed';
      const explained = explain(error, account, environment);
      // Where the database is what failed, the row can't be written either: the next run marks it.
      await finishRun(pool, run, outcome, redact(explained.message)).catch((second: unknown) =>
        log.warn(
          `The end of ${job.name} for account ${account} could not be written to sync_runs: ${messageOf(second)}`,
        ),
      );
      throw error;
    }
    await finishRun(pool, run, 'succeeded');
    return run;
  } finally {
    progress.stop();
    await lock.release();
  }
}

function isInterruption(error: unknown, signal: AbortSignal): boolean {
  if (error instanceof InterruptedError) return true;
  // What ends a run for any other reason that has words of its own (a lost lock) is a failure.
  const asked =
    signal.aborted && (signal.reason instanceof InterruptedError || !(signal.reason instanceof LedgerError));
  return asked && !(error instanceof CredentialsError);
}

function explain(error: unknown, account: string, { database, signal }: RunEnvironment): Error {
  // The signal's own reason knows no job; a reason of another kind (the lock's connection was lost) says all there is to say.
  const { reason } = signal;
  if (reason instanceof InterruptedError && (error === reason || isCancellation(error))) {
    return new InterruptedError(`${reason.message} The pages of account ${account} read so far are committed.`, {
      hint: 'Run it again within six hours and it goes on from there.',
      cause: error,
    });
  }
  if (error instanceof LedgerError) return error;
  return toLedgerError(error, database.describe);
}
