import type pg from 'pg';
import type { Database } from '../../database/connect.js';
import { change } from '../../database/transaction.js';
import type { Day } from '../../days.js';
import type { JobContext } from '../../run/job.js';

/** The days of a listing that were read: all from `since` to `readTo`. */
export interface Watermark {
  since: Day;
  readTo: Day;
}

/** A stored watermark, and the day (UTC) on which it was moved. */
export interface StoredWatermark extends Watermark {
  movedOn: Day;
}

type Queryable = pg.ClientBase | pg.Pool;

/**
 * The database's clock dates the move of a watermark. If that was ahead too (an embedded database uses the machine's clock), the
 * move is dated by the earliest start of the account's later runs: run ids increase, whatever the clock says.
 */
export async function readWatermark(
  db: Queryable,
  { account, job }: Pick<JobContext, 'account' | 'job'>,
  listing: string,
): Promise<StoredWatermark | undefined> {
  const { rows } = await db.query(
    `select since::text, read_to::text, (least(updated_at, later.began) at time zone 'UTC')::date::text as moved_on
       from sync_watermarks
       left join lateral (
         select run_id, started_at from sync_runs
          where account_id = $1 and job = $3
            and started_at <= sync_watermarks.updated_at and finished_at >= sync_watermarks.updated_at
          order by run_id desc limit 1) as mover on true
       left join lateral (
         select min(started_at) as began from sync_runs
          where account_id = $1 and run_id > mover.run_id and started_at < mover.started_at) as later on true
      where account_id = $1 and listing = $2`,
    [account, listing, job],
  );
  return rows[0] && { since: rows[0].since, readTo: rows[0].read_to, movedOn: rows[0].moved_on };
}

/** Sets the watermark, forward or backward: before a listing is read for the first time, or again from an earlier day. */
export async function setWatermark(
  database: Database,
  account: string,
  listing: string,
  mark: Watermark,
): Promise<void> {
  await change(
    database,
    `insert into sync_watermarks (account_id, listing, since, read_to) values ($1, $2, $3, $4)
     on conflict (account_id, listing)
     do update set since = excluded.since, read_to = excluded.read_to, updated_at = clock_timestamp()`,
    [account, listing, mark.since, mark.readTo],
  );
}

/**
 * Moves the watermark forward past a window, in the transaction that applies the window. It never moves past today by the database's
 * clock, so that a later one reveals a wrong clock.
 */
export async function advanceWatermark(
  client: pg.ClientBase,
  account: string,
  listing: string,
  readTo: Day,
): Promise<void> {
  await client.query(
    `update sync_watermarks set read_to = least($3, today), updated_at = clock_timestamp()
       from (select (clock_timestamp() at time zone 'UTC')::date as today) as clock
      where account_id = $1 and listing = $2 and read_to < least($3::date, today)`,
    [account, listing, readTo],
  );
}

/** Deletes the watermark, so that the listing is read again from its first entry. */
export async function deleteWatermark(client: pg.ClientBase, account: string, listing: string): Promise<void> {
  await client.query('delete from sync_watermarks where account_id = $1 and listing = $2', [account, listing]);
}
