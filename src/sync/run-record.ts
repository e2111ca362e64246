import type pg from 'pg';
import type { Redact } from '../redact.js';

export interface RunCounts {
  pages: number;
  rowsRead: number;
  rowsWritten: number;
}

/** What one run of a job has done so far; kept in `sync_runs` when it ends, and shown while it goes on. */
export interface RunRecord {
  readonly runId: string;
  readonly counts: Readonly<RunCounts>;
  readonly warnings: readonly string[];
  /** Numbers or rows that were rejected, though the run went on and did the others. */
  readonly rejected: number;
  /** Changes seen before this are in the report that the run wrote, as PostgreSQL writes a time; undefined where it wrote none. */
  changesUntil: string | undefined;
  /** Adds to the counts. */
  add(counts: Partial<RunCounts>): void;
  /** Counts numbers or rows that were rejected: the invocation then ends with exit status 3. */
  reject(count: number): void;
  /** Notes something that the run goes on in spite of. */
  warn(sentence: string): void;
  /** Tells what the run is at, where its work is no listing of rows. */
  step(step: RunStep): void;
  /** Tells how many rows the run expects to read in all, for progress and time left. */
  expect(rows: number): void;
}

/** A part of a run's work: what it is, and how far it has come. */
export interface RunStep {
  /** `downloading BDR 2026-10-01`; the same text again is the same step, further on. */
  text: string;
  done?: { count: number; of?: number | undefined; unit: 'bytes' | 'rows' };
}

/** Receives a run's progress; implemented by the command line's bar and lines. */
export interface ProgressListener {
  expect(rows: number): void;
  advance(counts: Readonly<RunCounts>): void;
  step?(step: RunStep): void;
}

/** @param redact takes secrets out of the warnings */
export function createRunRecord(runId: string, listener: ProgressListener, redact: Redact = (text) => text): RunRecord {
  const counts: RunCounts = { pages: 0, rowsRead: 0, rowsWritten: 0 };
  const warnings: string[] = [];
  let rejected = 0;
  return {
    runId,
    counts,
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
    expect: (rows) => listener.expect(rows),
  };
}

/** Opens the run's row in `sync_runs` and returns its id. */
export async function insertRun(pool: pg.Pool, job: string, account: string): Promise<string> {
  const { rows } = await pool.query(
    `with clock as materialized (select clock_timestamp() as started_at)
     insert into sync_runs (job, account_id, status, started_at, changes_until)
     select $1, $2, 'running', started_at, ${settledBefore('started_at')} from clock returning run_id`,
    [job, account],
  );
  return rows[0].run_id;
}

/**
 * Reads up to when the changes of the ledger are settled: each change dated before that is visible to whatever reads next.
 * Undefined where that can't be told.
 */
export async function readSettled(pool: pg.Pool, { runId }: RunRecord): Promise<string | undefined> {
  // The run's own begin leaves transactions that began since all the time they need to appear among the open ones.
  const { rows } = await pool.query<{ settled: string | null }>(
    `select ${settledBefore('started_at')}::text as settled from sync_runs where run_id = $1`,
    [runId],
  );
  return rows[0]?.settled ?? undefined;
}

/**
 * SQL: the time before which no transaction began that is still open, `clock` at most. Changes are dated by the begin of their
 * transaction, and may be committed much later. A transaction that has written nothing yet counts, too: it may still. Of
 * other roles' sessions the begin is hidden; null where one of them writes.
 */
function settledBefore(clock: string): string {
  return `(select case when bool_or(xact_start is null) then null else least(${clock}, min(xact_start)) end
             from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null
              and (xact_start is not null or backend_xid is not null))`;
}

/** Whether the job succeeded for the account at any time. */
export async function succeededBefore(pool: pg.Pool, job: string, account: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from sync_runs where job = $1 and account_id = $2 and status = 'succeeded' limit 1`,
    [job, account],
  );
  return rowCount === 1;
}

export type RunOutcome = 'succeeded' | 'failed' | 'interrupted';

export type RunStatus = RunOutcome | 'running';

/** Writes what became of the run into its row. */
export async function finishRun(pool: pg.Pool, run: RunRecord, outcome: RunOutcome, error?: string): Promise<void> {
  await pool.query(
    `update sync_runs
        set status = $2, finished_at = clock_timestamp(), pages = $3, rows_read = $4, rows_written = $5, error = $6, warnings = $7,
            changes_until = coalesce($8, changes_until)
      where run_id = $1`,
    [
      run.runId,
      outcome,
      run.counts.pages,
      run.counts.rowsRead,
      run.counts.rowsWritten,
      error ?? null,
      JSON.stringify(run.warnings),
      run.changesUntil ?? null,
    ],
  );
}

/**
 * Marks runs of this job and account that are still `running` though their process is gone, and answers with how many. Only
 * the holder of the job's lock may call it: while it holds the lock, no other run can be alive, on whatever machine.
 */
export async function markAbandonedRuns(pool: pg.Pool, job: string, account: string): Promise<number> {
  const { rowCount } = await pool.query(
    `update sync_runs
        set status = 'interrupted', finished_at = clock_timestamp(),
            error = 'The process ended without a word (killed, or its machine stopped); found by the next run.'
      where job = $1 and account_id = $2 and status = 'running'`,
    [job, account],
  );
  return rowCount ?? 0;
}
