import type pg from 'pg';

/** What was held on a day. */
export interface DayHoldings {
  /** `yyyy-MM-dd`, UTC. */
  day: string;
  /** All numbers in service, including those that are left out of the inventory. */
  held: number;
  /** The sums of `nruf_utilization` on the day. */
  numbers_received: number;
  assigned: number;
  /** Two decimals; null if there are no numbers. */
  utilization_percent: string | null;
  /** Numbers that came into service after the day before this one in the list. Null for the first day. */
  added: number | null;
}

/**
 * The numbers held on many days, in one pass.
 *
 * @param days in ascending order, `yyyy-MM-dd`
 * @param account undefined: all accounts combined
 */
export async function holdingsByDay(
  client: pg.ClientBase,
  days: readonly string[],
  account: string | undefined,
): Promise<DayHoldings[]> {
  const { rows } = await client.query<DayHoldings>(
    `select to_char(day, 'YYYY-MM-DD') as day, held::float8, numbers_received::float8, assigned::float8,
            round(assigned * 100.0 / nullif(numbers_received, 0), 2)::text as utilization_percent, added::float8
       from nruf_holdings_by_day($1, $2) order by nruf_holdings_by_day.day`,
    [days, account ?? null],
  );
  return rows;
}
