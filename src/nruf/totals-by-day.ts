import type pg from 'pg';

/** The sums of `nruf_utilization` on a day. */
export interface DayTotal {
  /** `yyyy-MM-dd`, UTC. */
  day: string;
  numbers_received: number;
  assigned: number;
  /** Two decimals; null if there are no numbers. */
  utilization_percent: string | null;
}

/**
 * The sums of `nruf_utilization(day, account)` for many days, in one pass.
 *
 * @param days in ascending order, `yyyy-MM-dd`
 * @param account undefined: all accounts combined
 */
export async function totalsByDay(
  client: pg.ClientBase,
  days: readonly string[],
  account: string | undefined,
): Promise<DayTotal[]> {
  const { rows } = await client.query<DayTotal>(
    `select to_char(day, 'YYYY-MM-DD') as day, numbers_received::float8, assigned::float8,
            round(assigned * 100.0 / nullif(numbers_received, 0), 2)::text as utilization_percent
       from nruf_totals_by_day($1, $2) order by nruf_totals_by_day.day`,
    [days, account ?? null],
  );
  return rows;
}
