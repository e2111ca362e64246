import type pg from 'pg';
import { unresolved } from '../assignment/rejected-files.js';
import { isQueueReadable, nightsQueue, queueSchema } from '../database/queue-schema.js';
import { accountsWithRuns } from '../run/recorded-runs.js';

/** The last success and the last finished run of a job. */
export interface JobFigures {
  account: string;
  job: string;
  /** Unix time in seconds; null if it never succeeded. */
  succeeded_at: number | null;
  /** Unix time in seconds of the end of the last run that ended; null, as all below, if none has. */
  finished_at: number | null;
  succeeded: boolean | null;
  seconds: number | null;
  pages: number | null;
  rows_read: number | null;
  rows_written: number | null;
  warnings: number | null;
}

/** What one look at the database costs little to know, however large the ledger is. */
export interface LedgerFigures {
  jobs: JobFigures[];
  /** Planned nightly runs on all hosts; undefined if this role may not read the queue. */
  queue: { waiting: number; running: number } | undefined;
  /** Assignment batches that are open, or rejected and not acknowledged. */
  batches: { account: string; open: number; rejected: number }[];
  /** Numbers of the assignment batches that ended within the last 24 hours. */
  outcomes: { account: string; accepted: number; failed: number; rejected: number; unknown: number }[];
}

/** Returns the accounts that any run was for. */
export async function readAccounts(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ account_id: string }>(
    `with recursive ${accountsWithRuns} select account_id from accounts`,
  );
  return rows.map(({ account_id }) => account_id);
}

/** Every part of it is found by index. */
export async function readLedgerFigures(
  client: pg.ClientBase,
  { accounts, jobs }: { accounts: readonly string[]; jobs: readonly string[] },
): Promise<LedgerFigures> {
  const runs = await client.query<JobFigures>(
    `select accounts.account, jobs.job, extract(epoch from success.finished_at)::float8 as succeeded_at,
            extract(epoch from last.finished_at)::float8 as finished_at, last.status = 'succeeded' as succeeded,
            extract(epoch from last.finished_at - last.started_at)::float8 as seconds, last.pages::float8,
            last.rows_read::float8, last.rows_written::float8, jsonb_array_length(last.warnings) as warnings
       from unnest($1::text[]) with ordinality as accounts (account, a)
      cross join unnest($2::text[]) with ordinality as jobs (job, j)
       left join lateral (
         select finished_at from sync_runs r
          where r.account_id = accounts.account collate "C" and r.job = jobs.job and status = 'succeeded'
          order by finished_at desc limit 1) as success on true
       left join lateral (
         select * from sync_runs r
          where r.account_id = accounts.account collate "C" and r.job = jobs.job and status <> 'running'
          order by started_at desc, run_id desc limit 1) as last on true
      order by a, j`,
    [accounts, jobs],
  );
  const queue = (await isQueueReadable(client))
    ? await client.query<{ waiting: number; running: number }>(
        `select count(*) filter (where state < 'active')::int as waiting, count(*) filter (where state = 'active')::int as running
           from ${queueSchema}.job where name = $1 and state <= 'active' and group_id = any($2)`,
        [nightsQueue, accounts],
      )
    : undefined;
  const batches = await client.query<LedgerFigures['batches'][number]>(
    `select account,
            (select count(*)::int from assignment_batches b where b.account_id = account collate "C" and status = 'open') as open,
            (select count(*)::int from assignment_batches b
              where b.account_id = account collate "C" and ${unresolved}) as rejected
       from unnest($1::text[]) as account`,
    [accounts],
  );
  const outcomes = await client.query<LedgerFigures['outcomes'][number]>(
    `select account, coalesce(sum(accepted_count), 0)::float8 as accepted, coalesce(sum(failed_count), 0)::float8 as failed,
            coalesce(sum(rejected_count), 0)::float8 as rejected, coalesce(sum(unknown_count), 0)::float8 as unknown
       from unnest($1::text[]) as account
       left join assignment_batches b
         on b.account_id = account collate "C" and status <> 'open'
        and coalesce(finished_at, created_at) > clock_timestamp() - interval '24 hours'
      group by account`,
    [accounts],
  );
  return { jobs: runs.rows, queue: queue?.rows[0], batches: batches.rows, outcomes: outcomes.rows };
}
