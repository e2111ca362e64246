import type { AssignmentReportSchedule, BillingSettings, JobLimits } from '../config.js';
import type { DashboardClient } from '../dashboard/client.js';
import type { FileLimits } from '../dashboard/download-file.js';
import type { Database } from '../database/connect.js';
import type { Log } from '../log.js';
import type { RunCounts, RunRecord } from './run-record.js';

/** The context of a job's run for one account. */
export interface JobContext {
  /** Name of the job, for messages with the command to rerun it. */
  job: string;
  account: string;
  /** All accounts of the invocation, including this one: files that don't name an account belong to the only one. */
  accounts: readonly string[];
  /** Absolute path of the data folder, which contains the inbox, outbox, downloads, and reports. */
  dataDir: string;
  /** Rate limit per account and minute, for time estimates. */
  requestsPerMinute: number;
  /** Ids of the users whose inbox files are accepted. */
  inboxUsers: ReadonlySet<number>;
  billing: BillingJobOptions;
  assignmentReport: AssignmentReportOptions;
  /** Days that report files are kept. */
  keepReportsDays: number;
  /** Notes of orders, and free texts in their histories, are read and stored: `TN_LEDGER_KEEP_NOTES=1`. */
  keepNotes: boolean;
  database: Database;
  client: DashboardClient;
  log: Log;
  /** Aborted on a stop request: requests end immediately, the current page is still committed. */
  signal: AbortSignal;
  run: RunRecord;
  /**
   * Deadline for reading order details, in milliseconds of the monotonic clock: `nightLimitMs` after the start of the
   * run, or of the nightly run.
   */
  detailsUntil: number;
  /** Overrides the API's time; for tests. */
  now?: () => Date;
  options: JobOptions;
  /** Runs another job for the same account as part of this one, with its own lock and row in `sync_runs`. */
  runPart(job: Job, options: JobOptions): Promise<RunReport>;
}

/** Settings for fetching billing reports. */
export interface BillingJobOptions extends BillingSettings {
  download: FileLimits & {
    /** Maximum archive size; by default, the largest that can be loaded. */
    bytes?: number;
  };
  /** How long a run waits for reports, in milliseconds; the next run resumes. */
  timeoutMs: number;
  /**
   * Upper bound of the first pause between status checks of a report, in milliseconds; doubles up to a minute. Half a
   * second by default.
   */
  firstWaitMs?: number;
}

/** Settings for fetching the assignment report. */
export interface AssignmentReportOptions {
  schedule: AssignmentReportSchedule;
  /** The file that replaces headings; undefined: none. */
  formFile: string | undefined;
  /** How long a run waits for the report, in milliseconds; the next run resumes. */
  timeoutMs: number;
  /** As in `BillingJobOptions`. */
  firstWaitMs?: number;
}

export interface JobOptions extends JobLimits {
  /** Fraction (0..1) of an account's numbers that a snapshot may close. */
  maxShrink: number;
  /** Allows a snapshot to close more. */
  acceptShrink: boolean;
  /**
   * Windows start on this day (UTC, `yyyy-MM-dd`). By default they start where the previous run ended, or with the
   * account's first orders.
   */
  since?: string;
  /** Rereads windows from the first day ever read. */
  full?: boolean;
  /**
   * When the nightly run that this one continues was planned, by the database's clock: jobs that read the API and have
   * succeeded since are not run again.
   */
  continuesFrom?: Date;
  /** Names of the jobs that follow in the same invocation. */
  followedBy: ReadonlySet<string>;
  /** How many requests the job may still send for what the next run can read instead; by default, any number. */
  requestsLeft?: () => number;
}

/** What a job's cost is estimated from. */
export type CostContext = Pick<
  JobContext,
  | 'account'
  | 'assignmentReport'
  | 'billing'
  | 'client'
  | 'database'
  | 'job'
  | 'keepNotes'
  | 'now'
  | 'options'
  | 'signal'
>;

/** What a job will ask of the API in its next run. */
export interface Cost {
  /** Requests, without retries. */
  requests: number;
  /** Of these, the requests without which the job achieves nothing: the others can be left to the next run. */
  least: number;
  /** What they are for, for `tn-ledger plan`. */
  reason: string;
}

export interface Job {
  /** Name for `tn-ledger run`. */
  name: string;
  /** One line for `tn-ledger run --help`. */
  summary: string;
  /** The job uses only the database. */
  withoutApi?: true;
  /**
   * Estimates the job's requests before it runs. Sends few requests itself, and only for lists that were never read.
   *
   * @throws the errors of the client
   */
  cost?(context: CostContext): Promise<Cost>;
  run(context: JobContext): Promise<void>;
}

export type RunResult = 'succeeded' | 'failed' | 'interrupted' | 'already running';

/** The result of a run, for the summary and the exit status. */
export interface RunReport {
  job: string;
  account: string;
  /** Its key in `sync_runs`; undefined if it did not start. */
  runId?: string;
  result: RunResult;
  counts: RunCounts;
  /** Requests sent to the API, retries included. */
  requests: number;
  seconds: number;
  warnings: readonly string[];
  /** Rejected numbers or rows, including those of its parts. */
  rejected: number;
  /** As in `RunRecord`. */
  changesUntil?: string;
  /** The error of a run that did not succeed. */
  error?: Error;
  /** Reports of the jobs that this job ran (the nightly job). */
  parts: RunReport[];
}
