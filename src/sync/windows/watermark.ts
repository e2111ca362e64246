import type pg from 'pg';
import type { Day } from '../days.js';

/** What was read of a listing: every day from `since` to `readTo`. */
export interface Watermark {
  since: Day;
  readTo: Day;
}

/** A watermark of the database, and the day (UTC) on which the database's clock saw it moved. */
export interface StoredWatermark extends Watermark {
  movedOn: Day;
}

type Queryable = pg.ClientBase | pg.Pool;

export async function readWatermark(
  db: Queryable,
  account: string,
  listing: string,
): Promise<StoredWatermark | undefined> {
  const { rows } = await db.query(
    `select since::text, read_to::text, (updated_at at time zone 'UTC')::date::text as moved_on
      from sync_watermarks where account_id = $1 and listing = $2`,
    [account, listing],
  );
  return rows[0] && { since: rows[0].since, readTo: rows[0].read_to, movedOn: rows[0].moved_on };
}

/** Sets it, back as well as forward: before a listing is read for the first time, or once more from an earlier day on. */
export async function setWatermark(db: Queryable, account: string, listing: string, mark: Watermark): Promise<void> {
  await db.query(
    `insert into sync_watermarks (account_id, listing, since, read_to) values ($1, $2, $3, $4)
     on conflict (account_id, listing)
     do update set since = excluded.since, read_to = excluded.read_to, updated_at = clock_timestamp()`,
    [account, listing, mark.since, mark.readTo],
  );
}

/** Moves it forward over a window, in the transaction that brings the window into the tables. */
export async function advanceWatermark(db: Queryable, account: string, listing: string, readTo: Day): Promise<void> {
  await db.query(
    `update sync_watermarks set read_to = $3, updated_at = clock_timestamp()
      where account_id = $1 and listing = $2 and read_to < $3::date`,
    [account, listing, readTo],
  );
}

/** Forgets it, so that the listing is read from its first entry again. */
export async function deleteWatermark(db: Queryable, account: string, listing: string): Promise<void> {
  await db.query('delete from sync_watermarks where account_id = $1 and listing = $2', [account, listing]);
}
