import { hostname } from 'node:os';
import type pg from 'pg';
import type { Database } from '../database/connect.js';
import { change } from '../database/transaction.js';
import { LedgerError } from '../errors.js';
import type { Redact } from '../redact.js';

export interface RunCounts {
  pages: number;
  rowsRead: number;
  rowsWritten: number;
}

/** Key of a run in `sync_runs`. */
export interface RunKey {
  readonly account: string;
  readonly runId: string;
}

/** What a run has done so far; displayed while it runs, and stored in `sync_runs` when it ends. */
export interface RunRecord extends RunKey {
  readonly counts: Readonly<RunCounts>;
  /** Requests sent to the API so far, retries included. */
  readonly requests: number;
  /** Rows to read in all; undefined if unknown. */
  readonly expected: number | undefined;
  readonly warnings: readonly string[];
  /** Rejected numbers or rows; the run continued with the others. */
  readonly rejected: number;
  /**
   * The run's report includes changes recorded before this time, in PostgreSQL's text format; undefined if it wrote no
   * report.
   */
  changesUntil: string | undefined;
  /** Adds to the counts. */
  add(counts: Partial<RunCounts>): void;
  /** Counts rejected numbers or rows: the command then exits with status 3. */
  reject(count: number): void;
  /** Records a problem that doesn't stop the run. */
  warn(sentence: string): void;
  /** Reports the current step, if the run's work isn't reading rows. */
  step(step: RunStep): void;
  /** Reports the total number of rows to read, for the progress and time remaining. */
  expect(rows: number): void;
}

/** A step of a run and its progress. */
export interface RunStep {
  /** For example, `downloading BDR 2026-10-01`. The same text identifies the same step. */
  text: string;
  done?: { count: number; of?: number | undefined; unit: 'bytes' | 'rows' | 'reports' };
}

/** Receives a run's progress; implemented by the command line's progress bar and lines. */
export interface ProgressListener {
  expect(rows: number): void;
  advance(counts: Readonly<RunCounts>): void;
  step?(step: RunStep): void;
}

/**
 * @param options.redact removes secrets from the warnings
 * @param options.countRequests counts the requests that were sent to the API since the run started
 */
export function createRunRecord(
  key: RunKey,
  listener: ProgressListener,
  { redact = (text) => text, countRequests = () => 0 }: { redact?: Redact; countRequests?: () => number } = {},
): RunRecord {
  const counts: RunCounts = { pages: 0, rowsRead: 0, rowsWritten: 0 };
  const warnings: string[] = [];
  let rejected = 0;
  let expected: number | undefined;
  return {
    ...key,
    counts,
    get requests() {
      return countRequests();
    },
    get expected() {
      return expected;
    },
    warnings,
    changesUntil: undefined,
    get rejected() {
      return rejected;
    },
    reject(count) {
      rejected += count;
    },
    add(more) {
      counts.pages += more.pages ?? 0;
      counts.rowsRead += more.rowsRead ?? 0;
      counts.rowsWritten += more.rowsWritten ?? 0;
      listener.advance(counts);
    },
    warn: (sentence) => warnings.push(redact(sentence)),
    step: (step) => listener.step?.(step),
    expect(rows) {
      expected = rows;
      listener.expect(rows);
    },
  };
}

/** Inserts the run's row in `sync_runs` and returns its key. */
export async function insertRun(database: Database, job: string, account: string): Promise<RunKey> {
  const { rows } = await change(
    database,
    `with clock as materialized (select clock_timestamp() as started_at)
     insert into sync_runs (job, account_id, status, host, started_at, changes_until)
     select $1, $2, 'running', $3, started_at, ${settledBefore('started_at')} from clock returning run_id`,
    [job, account, hostname()],
  );
  return { account, runId: rows[0].run_id };
}

/**
 * Reads the time before which all changes are settled: every change dated before it is visible to later reads.
 * Undefined if that can't be determined.
 */
export async function readSettled(pool: pg.Pool, { account, runId }: RunKey): Promise<string | undefined> {
  // Uses the run's start time, so that transactions started since then have had time to appear as open.
  const { rows } = await pool.query<{ settled: string | null }>(
    `select ${settledBefore('started_at')}::text as settled from sync_runs where account_id = $1 and run_id = $2`,
    [account, runId],
  );
  return rows[0]?.settled ?? undefined;
}

/**
 * SQL: the start of the oldest open transaction, at most `clock`. Changes are dated by the start of their transaction,
 * and may be committed much later. Transactions that haven't written anything count too, because they still may.
 * PostgreSQL hides the start time of other roles' sessions; null if one of them writes.
 */
function settledBefore(clock: string): string {
  return `(select case when bool_or(xact_start is null) then null else least(${clock}, min(xact_start)) end
             from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null
              and (xact_start is not null or backend_xid is not null))`;
}

/** How often a running job's counts and requests are written to its row, in milliseconds. */
const progressEveryMs = 10_000;

/**
 * Writes a run's counts to its row from time to time, for `status`, for monitoring, and for the run that continues this
 * one if it is killed: its requests count toward the same limit.
 *
 * @param onError called if they can't be written now; the run itself notices what matters
 *
 * @returns stops it
 */
export function recordProgress(
  database: Database,
  run: RunRecord,
  { everyMs = progressEveryMs, onError }: { everyMs?: number; onError(error: unknown): void },
): () => void {
  let written = '';
  let isWriting = false;
  const timer = setInterval(() => {
    const { pages, rowsRead, rowsWritten } = run.counts;
    const values = [pages, rowsRead, rowsWritten, run.expected ?? null, run.requests];
    if (isWriting || String(values) === written) return;
    isWriting = true;
    written = String(values);
    change(
      database,
      `update sync_runs set pages = $3, rows_read = $4, rows_written = $5, rows_expected = $6, requests = $7
        where account_id = $1 and run_id = $2 and status = 'running'`,
      [run.account, run.runId, ...values],
    )
      .catch(onError)
      .finally(() => {
        isWriting = false;
      });
  }, everyMs).unref();
  return () => clearInterval(timer);
}

export type RunOutcome = 'succeeded' | 'failed' | 'interrupted';

export type RunStatus = RunOutcome | 'running';

/** Why a run failed or was interrupted, without secrets. */
export interface RunFailure {
  message: string;
  /** How to fix it, with the command. */
  hint: string | undefined;
  /** Name of the error. */
  cause: string;
}

/**
 * Writes the run's result to its row, even if the run has lost its lock.
 *
 * @returns false if another process has taken the job over, which ends the row
 */
export async function finishRun(
  database: Database,
  run: RunRecord,
  outcome: RunOutcome,
  error?: RunFailure,
): Promise<boolean> {
  const { rowCount } = await change(
    { ...database, guards: [] },
    `update sync_runs
        set status = $2, finished_at = clock_timestamp(), pages = $3, rows_read = $4, rows_written = $5, error = $6, warnings = $7,
            hint = $10, cause = $11, requests = $12, changes_until = coalesce($8, changes_until)
      where account_id = $9 and run_id = $1 and status = 'running'`,
    [
      run.runId,
      outcome,
      run.counts.pages,
      run.counts.rowsRead,
      run.counts.rowsWritten,
      error?.message ?? null,
      JSON.stringify(run.warnings),
      run.changesUntil ?? null,
      run.account,
      error?.hint ?? null,
      error?.cause ?? null,
      run.requests,
    ],
  );
  return rowCount === 1;
}

/** Another process took the job over after this one had lost its lock. */
export class TakenOverError extends LedgerError {
  override readonly name = 'TakenOverError';
}

/** The error of a run that was taken over; names the run that did it if it has begun. */
export async function describeTakeover(
  { pool }: Database,
  job: string,
  { account, runId }: RunKey,
  cause?: unknown,
): Promise<TakenOverError> {
  const { rows } = await pool.query<{ run_id: string; host: string | null; started: string }>(
    `select run_id, host, to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as started from sync_runs
      where account_id = $1 and job = $2 and run_id > $3 order by run_id limit 1`,
    [account, job, runId],
  );
  const [next] = rows;
  const where = next?.host == null ? '' : ` on ${next.host}`;
  const since = next === undefined ? '' : ` at ${next.started} UTC (run ${next.run_id})`;
  return new TakenOverError(
    `Another process${where} took over ${job} for account ${account}${since}, because this one had lost its lock. This one wrote nothing after that.`,
    {
      hint: 'Nothing needs to be done: the other run resumes where this one stopped. Check it with `tn-ledger status`.',
      cause,
    },
  );
}

/**
 * Marks runs of this job and account as `interrupted` that are still `running` although their process is gone, and
 * returns their number. Call it only while holding the job's lock: then no other run can be active on any machine.
 */
export async function markAbandonedRuns(database: Database, job: string, account: string): Promise<number> {
  const { rowCount } = await change(
    database,
    `update sync_runs
        set status = 'interrupted', finished_at = clock_timestamp(),
            error = 'The process exited without recording a result (killed, or its machine stopped); detected by the next run.'
      where job = $1 and account_id = $2 and status = 'running'`,
    [job, account],
  );
  return rowCount ?? 0;
}
