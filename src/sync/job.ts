import type { BillingSettings } from '../billing/settings.js';
import type { DashboardClient } from '../dashboard/client.js';
import type { Database } from '../database/connect.js';
import type { Log } from '../log.js';
import type { RunReport } from './run-job.js';
import type { RunRecord } from './run-record.js';

/** What a job may know and use while it works on one account. */
export interface JobContext {
  /** Name of the job, for messages that say how to run it again. */
  job: string;
  account: string;
  /** All accounts of the invocation, this one among them: files that don't say whose they are belong to the only one. */
  accounts: readonly string[];
  /** Absolute path of the data folder: inbox, outbox, downloads, reports. */
  dataDir: string;
  /** Requests of an account in any minute, for telling beforehand how long they take. */
  requestsPerMinute: number;
  /** Users, by id, whose files are taken from the inbox. */
  inboxUsers: ReadonlySet<number>;
  /** What the configuration says about billing reports. */
  billing: BillingSettings;
  database: Database;
  client: DashboardClient;
  log: Log;
  /** Aborted when the run is asked to stop: requests end at once, the page in hand is still committed. */
  signal: AbortSignal;
  run: RunRecord;
  /** Until when, by the monotonic clock in milliseconds, details of orders may be read: `nightLimitMs` after the run, or the night, began. */
  detailsUntil: number;
  /** The time that it is; the machine's clock unless told. */
  now?: () => Date;
  options: JobOptions;
  /** Runs another job for the same account as a part of this one: under its own lock, with its own row in `sync_runs`. */
  runPart(job: Job, options: JobOptions): Promise<RunReport>;
}

export interface JobOptions {
  /** Share (0..1) of an account's numbers that a snapshot may close. */
  maxShrink: number;
  /** Close them even if they are more. */
  acceptShrink: boolean;
  /** Milliseconds that a run, or a night of several jobs, may go on reading details of orders. */
  nightLimitMs: number;
  /** Windows reach back to this day (UTC, `yyyy-MM-dd`); left out: to where they were read before, or to the account's first orders. */
  since?: string;
  /** Windows are read again from the first day that was ever read. */
  full?: boolean;
  /** Names of the jobs that come after this one in the same invocation. */
  followedBy: ReadonlySet<string>;
}

export interface Job {
  /** As `tn-ledger run` takes it. */
  name: string;
  /** One line for `tn-ledger run --help`. */
  summary: string;
  run(context: JobContext): Promise<void>;
}
