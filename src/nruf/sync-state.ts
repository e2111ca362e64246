import type pg from 'pg';
import { descriptions } from '../dashboard/registry.js';
import { addDays, type Day } from '../days.js';

/** The jobs that read what numbers are counted and disconnects dated by. */
const countingJobs = [
  ...new Set(
    descriptions
      .filter((each) => each.type !== 'reference' && (each.type !== 'orders' || each.history !== undefined))
      .map(({ job }) => job.name),
  ),
];

/** An account whose data does not reach the end of a day. */
export interface SyncGap {
  account: string;
  /** Jobs that never succeeded. */
  never: string[];
  /** Jobs that last succeeded before the end of the day. */
  stale: string[];
}

/**
 * The accounts for which not every job that counting relies on has succeeded after the end of a day. What happened on the day itself
 * can only be known from a later run.
 */
export async function readSyncGaps(
  db: pg.ClientBase | pg.Pool,
  accounts: readonly string[],
  day: Day,
): Promise<SyncGap[]> {
  const { rows } = await db.query<SyncGap>(
    `select account, coalesce(array_agg(job order by job) filter (where last is null), '{}') as never,
            coalesce(array_agg(job order by job) filter (where last is not null), '{}') as stale
       from unnest($1::text[]) account cross join unnest($2::text[]) job
       left join lateral (select max(r.started_at) as last from sync_runs r
                           where r.account_id = account and r.job = job and r.status = 'succeeded') r on true
      where last is null or last < $3 group by account order by account`,
    [accounts, countingJobs, `${addDays(day, 1)} 00:00 UTC`],
  );
  return rows;
}
