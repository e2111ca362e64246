import type pg from 'pg';
import { addDays, type Day, dayOf, earlierOf, laterOf } from '../sync/days.js';

/** Bandwidth still adds to the records of so many days. */
const openDays = 3;
/** Days that a night asked for and did not get are asked for again for so long. */
const longestGapDays = 31;
/** A report that was loaded so recently is not asked for again: a night that is run a second time has nothing new to find. */
const freshHours = 12;

export interface NightOptions {
  account: string;
  type: string;
  now: Date;
  /** First day, where the user tells one. */
  since: Day | undefined;
  /** Days that are final are asked for, too. */
  full: boolean;
}

/**
 * The days whose report the night requests: the last three, and any that are not final since the first one that a night asked
 * for, or since `since`. A day is final once a report of it was loaded that was requested three days after it.
 */
export async function daysToRequest(pool: pg.Pool, options: NightOptions): Promise<Day[]> {
  const { account, type, now, since, full } = options;
  const today = dayOf(now);
  const last = addDays(today, -1);
  const { rows } = await pool.query<{ first: Day | null }>(
    `select min(start_date)::text as first from billing_reports
      where account_id = $1 and type = $2 and requested_by = 'night'`,
    [account, type],
  );
  const usual = addDays(today, -openDays);
  const known = rows[0]?.first ?? usual;
  const from = since ?? earlierOf(usual, laterOf(known, addDays(today, -longestGapDays)));
  if (from > last) return [];
  const done = await pool.query<{ day: Day }>(
    `select distinct day::date::text as day
       from generate_series($3::date, $4::date, interval '1 day') as day
       join billing_reports r on r.account_id = $1 and r.type = $2 and day::date between r.start_date and r.end_date
      where (r.state in ('loaded', 'kept')
             and ((not $6 and r.requested_at >= day + make_interval(days => $5)) or r.requested_at > $7::timestamptz - make_interval(hours => $8)))
         or (r.state in ('waiting', 'downloaded') and r.source <> 'file' and r.start_date = r.end_date)`,
    [account, type, from, last, openDays, full, now, freshHours],
  );
  const settled = new Set(done.rows.map(({ day }) => day));
  const missing: Day[] = [];
  for (let day = from; day <= last; day = addDays(day, 1)) if (!settled.has(day)) missing.push(day);
  return missing;
}
