import type pg from 'pg';
import { deadRun, deadRunValues, type HeldLocks } from './lock.js';
import type { RunStatus } from './run-record.js';

/** The last run of a job for an account, as in `sync_runs`. */
export interface LastRun {
  run_id: string;
  job: string;
  account_id: string;
  /** `interrupted` also where the row still says `running` but the run's process is gone. */
  status: RunStatus;
  started_at: Date;
  /** Null while it runs, and where its process ended without recording a result. */
  finished_at: Date | null;
  /** Seconds since it ended; since it began where it has no end. */
  age_seconds: number;
  pages: number;
  rows_read: number;
  rows_written: number;
  error: string | null;
  warnings: string[];
}

export interface LastRuns {
  runs: LastRun[];
  /** The last run of each stray account: one that is not configured, never had a successful run, and holds no data. */
  strays: LastRun[];
}

export interface LastRunsScope {
  /** The only account; left out: all. */
  account?: string | undefined;
  /** The accounts configured now; empty where none are named, and nobody can tell which account is a typing error. */
  configured: readonly string[];
  /** Read before the runs are; see `deadRun`. */
  locks: HeldLocks;
}

/** How long after its last run a stray account is still shown, in days. */
const strayDays = 1;
/** The same where no account is configured: a stray is then shown like any other account. */
const strayDaysUnconfigured = 7;

/** Reads the last run of each job and account, accounts in order. */
export async function readLastRuns(
  db: pg.Pool | pg.ClientBase,
  { account, configured, locks }: LastRunsScope,
): Promise<LastRuns> {
  const { rows } = await db.query<LastRun>(
    `select run_id, job, account_id, case when dead then 'interrupted' else status end as status, started_at, finished_at,
            extract(epoch from clock_timestamp() - coalesce(finished_at, started_at))::float8 as age_seconds,
            pages::float8, rows_read::float8, rows_written::float8,
            case when dead then 'The process exited without recording a result (it was killed, or its machine or the database stopped). The next run resumes where it stopped.'
                 else error end as error,
            warnings
       from (select distinct on (account_id, job) *, ${deadRun('r', 1)} is true as dead from sync_runs r
              where $3::text is null or account_id = $3 order by account_id, job, started_at desc, run_id desc) as last
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

/** Those of the accounts that nothing but unsuccessful runs is known of. */
async function findStrays(
  db: pg.Pool | pg.ClientBase,
  runs: readonly LastRun[],
  configured: readonly string[],
): Promise<string[]> {
  const alive = runs.filter(({ status }) => status === 'succeeded' || status === 'running');
  const known = new Set([...configured, ...alive.map(({ account_id }) => account_id)]);
  const suspects = [...new Set(runs.map(({ account_id }) => account_id))].filter((each) => !known.has(each));
  if (suspects.length === 0) return [];
  // A schema that is not up to date may lack some.
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
  ...['telephone_numbers', 'number_categories', 'orders', 'disconnects', 'portins', 'portouts'],
  ...['number_assignment_orders', 'disconnected_numbers', 'assignment_batches', 'billing_reports'],
];

/** The latest run of each account. */
function latestOfEach(runs: readonly LastRun[]): LastRun[] {
  const latest = new Map<string, LastRun>();
  for (const run of runs) {
    const before = latest.get(run.account_id);
    // Of a nightly run and its jobs, which end together, the nightly run says what happened to all of them.
    if (before === undefined || run.age_seconds < before.age_seconds) latest.set(run.account_id, run);
  }
  return [...latest.values()];
}
