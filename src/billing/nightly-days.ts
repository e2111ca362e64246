import type pg from 'pg';
import { addDays, type Day, dayOf, earlierOf, laterOf } from '../days.js';

/** Bandwidth can still add records to the last three days. */
const openDays = 3;
/** How long missing days are requested again. */
const maxGapDays = 31;
/** A report loaded within this time isn't requested again: a second run on the same night has nothing new to find. */
const freshHours = 12;

export interface NightlyOptions {
  account: string;
  type: string;
  now: Date;
  /** First day, if the user sets one. */
  since: Day | undefined;
  /** Also request days that are final. */
  full: boolean;
  /** Days whose rows were loaded and no longer exist: they are requested again. */
  gone: readonly Day[];
  /** Days whose months were pruned or dropped on purpose: they aren't requested, even if all days are. */
  dropped: readonly Day[];
}

/**
 * Returns the days whose reports the nightly run requests: the last three, and earlier days that aren't final or
 * whose rows are gone, back to the first day that a nightly run requested (at most 31 days) or to `since`. A day is
 * final once a report is loaded that was requested at least three days after it. If a report's request time is
 * later than its completion time, which comes from the database's clock, the requesting clock was ahead, and the
 * completion time is used.
 */
export async function daysToRequest(pool: pg.Pool, options: NightlyOptions): Promise<Day[]> {
  const { account, type, now, since, full, gone, dropped } = options;
  const today = dayOf(now);
  const last = addDays(today, -1);
  const { rows } = await pool.query<{ first: Day | null }>(
    `select min(start_date)::text as first from billing_reports
      where account_id = $1 and type = $2 and requested_by = 'night'`,
    [account, type],
  );
  const defaultFirst = addDays(today, -openDays);
  const firstRequested = rows[0]?.first ?? defaultFirst;
  const from = since ?? earlierOf(defaultFirst, laterOf(firstRequested, addDays(today, -maxGapDays)));
  if (from > last) return [];
  const done = await pool.query<{ day: Day }>(
    `select distinct day::date::text as day
       from generate_series($3::date, $4::date, interval '1 day') as day
       join billing_reports r on r.account_id = $1 and r.type = $2 and day::date between r.start_date and r.end_date
       cross join lateral (select case when r.completed_at < r.requested_at then r.completed_at else r.requested_at end) as t (requested)
       where (r.state in ('loaded', 'kept') and day::date <> all ($9::date[])
              and ((not $6 and requested >= day + make_interval(days => $5)) or requested > $7::timestamptz - make_interval(hours => $8)))
         or (r.state in ('waiting', 'downloaded') and r.source <> 'file' and r.start_date = r.end_date)`,
    [account, type, from, last, openDays, full, now, freshHours, gone],
  );
  const doneDays = new Set([...done.rows.map(({ day }) => day), ...dropped]);
  const missing: Day[] = [];
  for (let day = from; day <= last; day = addDays(day, 1)) if (!doneDays.has(day)) missing.push(day);
  return missing;
}
