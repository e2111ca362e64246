import type pg from 'pg';
import { windowDescriptions } from '../dashboard/registry.js';
import { deadRun, deadRunValues, type HeldLocks } from '../database/advisory-locks.js';
import { jobsWithRuns } from './recorded-runs.js';
import type { RunStatus } from './run-record.js';

/** The last run of a job for an account, as in `sync_runs`. */
export interface LastRun {
  run_id: string;
  job: string;
  account_id: string;
  /** Also `interrupted` if the row says `running` but the run's process is gone. */
  status: RunStatus;
  /** Name of the host whose process runs or ran it; null for runs recorded by earlier versions. */
  host: string | null;
  started_at: Date;
  /** Null while it runs, and if its process exited without recording a result. */
  finished_at: Date | null;
  /** Seconds since it ended, or since it started if it has no end. */
  age_seconds: number;
  pages: number;
  rows_read: number;
  /** Rows to read in all; null if unknown. */
  rows_expected: number | null;
  rows_written: number;
  error: string | null;
  /** How to fix the error; null if there is no error or no known fix, and for runs recorded by earlier versions. */
  hint: string | null;
  warnings: string[];
}

export interface LastRuns {
  runs: LastRun[];
  /** The last run of each stray account: not configured, no successful run, no data. */
  strays: LastRun[];
}

export interface LastRunsScope {
  /** Reads only this account; all by default. */
  account?: string | undefined;
  /** The configured accounts; empty if none are configured, so that mistyped accounts can't be recognized. */
  configured: readonly string[];
  /** Must be read before the runs; see `deadRun`. */
  locks: HeldLocks;
}

/** How long a stray account is shown after its last run, in days. */
const strayDays = 1;
/** The same if no account is configured: a stray account is then shown like any other. */
const strayDaysUnconfigured = 7;

/**
 * Reads the last run of each job and account, ordered by account. Looks up each job by index, because the table has the
 * runs of every night.
 */
export async function readLastRuns(
  db: pg.Pool | pg.ClientBase,
  { account, configured, locks }: LastRunsScope,
): Promise<LastRuns> {
  const { rows } = await db.query<LastRun>(
    // Status reads the ledger before it is migrated: columns may be missing.
    `with recursive ${jobsWithRuns('($3::text is null or r.account_id = $3)')}
     select run_id, job, account_id, case when dead then 'interrupted' else status end as status, to_jsonb(last) ->> 'host' as host,
            started_at, finished_at,
            extract(epoch from clock_timestamp() - coalesce(finished_at, started_at))::float8 as age_seconds,
            pages::float8, rows_read::float8, rows_written::float8,
            (to_jsonb(last) ->> 'rows_expected')::float8 as rows_expected,
            case when dead then 'The process exited without recording a result (it was killed, or its machine or the database stopped). The next run resumes where it stopped.'
                 else error end as error, case when not dead then to_jsonb(last) ->> 'hint' end as hint,
            warnings
       from (select r.*, ${deadRun('r', 1)} is true as dead
               from jobs cross join lateral (
                 select * from sync_runs r where r.account_id = jobs.account_id and r.job = jobs.job
                  order by started_at desc, run_id desc limit 1) as r) as last
      order by account_id, run_id`,
    [...deadRunValues(locks), account ?? null],
  );
  const strayAccounts = new Set(await findStrays(db, rows, account === undefined ? configured : [account]));
  const isStray = ({ account_id }: LastRun) => strayAccounts.has(account_id);
  const recent = latestOfEach(rows.filter(isStray)).filter(
    ({ age_seconds }) => age_seconds < (configured.length > 0 ? strayDays : strayDaysUnconfigured) * 86_400,
  );
  if (configured.length > 0) return { runs: rows.filter((run) => !isStray(run)), strays: recent };
  const kept = new Set(recent.map(({ account_id }) => account_id));
  return { runs: rows.filter((run) => !isStray(run) || kept.has(run.account_id)), strays: [] };
}

/** The accounts with no data and only unsuccessful runs. */
async function findStrays(
  db: pg.Pool | pg.ClientBase,
  runs: readonly LastRun[],
  configured: readonly string[],
): Promise<string[]> {
  const alive = runs.filter(({ status }) => status === 'succeeded' || status === 'running');
  const known = new Set([...configured, ...alive.map(({ account_id }) => account_id)]);
  const suspects = [...new Set(runs.map(({ account_id }) => account_id))].filter((each) => !known.has(each));
  if (suspects.length === 0) return [];
  // An outdated schema may lack some tables.
  const { rows: tables } = await db.query<{ name: string }>(
    'select name from unnest($1::text[]) as name where to_regclass(name) is not null',
    [tablesWithData.map((table) => `tn_ledger.${table}`)],
  );
  const { rows } = await db.query<{ account: string }>(
    `select account from unnest($1::text[]) as account
      where not exists (select from sync_runs where account_id = account collate "C" and status = 'succeeded')
        ${tables.map(({ name }) => `and not exists (select from ${name} where account_id = account collate "C")`).join('\n')}`,
    [suspects],
  );
  return rows.map(({ account }) => account);
}

const tablesWithData = [
  ...['telephone_numbers', 'number_categories', 'assignment_batches', 'billing_reports'],
  ...windowDescriptions.map(({ table }) => table),
];

/** The latest run of each account. */
function latestOfEach(runs: readonly LastRun[]): LastRun[] {
  const latest = new Map<string, LastRun>();
  for (const run of runs) {
    const before = latest.get(run.account_id);
    // A nightly run ends together with its last job; prefer the nightly run, which summarizes all its jobs.
    if (before === undefined || run.age_seconds < before.age_seconds) latest.set(run.account_id, run);
  }
  return [...latest.values()];
}
