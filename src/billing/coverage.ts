import type pg from 'pg';
import { addDays, type Day } from '../days.js';
import { rangesOf } from './missing-days.js';

/** The days of a window that a type's loaded reports cover. */
export interface Coverage {
  type: string;
  /** Ranges of days without a loaded report. */
  missing: { from: Day; to: Day }[];
  /** Rows of the window's reports that could not be loaded and are in `billing_rejects`. */
  rejected: number;
}

/** SQL condition on a row of `billing_reports`: its records were loaded, or an earlier report had the same. */
const isLoaded = `(state = 'loaded' or state = 'kept' and same_as is not null)`;

/** Returns the last day before `today` that a loaded report of a type covers; undefined: there is none. */
export async function lastLoadedDay(
  client: pg.ClientBase,
  { account, type, today }: { account: string; type: string; today: Day },
): Promise<Day | undefined> {
  return (await lastLoadedDays(client, { account, type, today }))[0]?.last;
}

/** Returns the last day before `today` that a loaded report of a type covers, of each account that has one, in order. */
export async function lastLoadedDays(
  client: pg.ClientBase,
  { account, type, today }: { account: string | undefined; type: string; today: Day },
): Promise<{ account_id: string; last: Day }[]> {
  // One row of the index per account, however many reports it has.
  const { rows } = await client.query<{ account_id: string; last: Day }>(
    `with recursive accounts as (
       select min(account_id) as account_id from billing_reports where $1::text is null or account_id = $1
       union all
       select (select min(r.account_id) from billing_reports r where r.account_id > a.account_id)
         from accounts a where $1::text is null and a.account_id is not null
     )
     select a.account_id, newest.last::text
       from accounts a
      cross join lateral (
        select least(end_date, $3::date - 1) as last from billing_reports
         where account_id = a.account_id and type = $2 and ${isLoaded} and start_date < $3
         order by end_date desc limit 1
      ) as newest
      order by 1`,
    [account ?? null, type, today],
  );
  return rows;
}

/** Returns the days that no loaded report of a type covers in at least one of the accounts, in order. */
export async function readMissingDays(
  client: pg.ClientBase,
  { accounts, type, from, to }: { accounts: readonly string[]; type: string; from: Day; to: Day },
): Promise<Day[]> {
  const { rows } = await client.query<{ day: Day }>(
    `with covered as (
       select day, count(distinct account_id) as accounts
         from billing_reports,
              generate_series(greatest(start_date, $3::date), least(end_date, $4::date), interval '1 day') as day
        where account_id = any($1::text[]) and type = $2 and end_date >= $3 and start_date <= $4 and ${isLoaded}
        group by 1
     )
     select day::date::text as day
       from generate_series($3::date, $4::date, interval '1 day') as day
       left join covered using (day)
      where coalesce(accounts, 0) < cardinality($1::text[])
      order by 1`,
    [accounts, type, from, to],
  );
  return rows.map(({ day }) => day);
}

export async function readCoverage(
  client: pg.ClientBase,
  { account, type, from, to }: { account: string; type: string; from: Day; to: Day },
): Promise<Coverage> {
  const missing = await readMissingDays(client, { accounts: [account], type, from, to });
  const rejects = await client.query<{ count: string }>(
    `select coalesce(sum(rejected_count), 0) as count from billing_reports
      where account_id = $1 and type = $2 and state = 'loaded' and replaced_by is null and start_date <= $4 and end_date >= $3`,
    [account, type, from, to],
  );
  return { type, missing: rangesOf(missing), rejected: Number(rejects.rows[0]?.count) };
}

/** The window of the last days up to one. */
export function windowUntil(to: Day, days: number): { from: Day; to: Day } {
  return { from: addDays(to, 1 - days), to };
}
