import type pg from 'pg';
import type { Day } from '../days.js';

/** Traffic of a day (UTC). */
export interface DayUsage {
  day: Day;
  /** Calls and messages billed, each counted once. */
  records: number;
  minutes: number;
  /** As billed, before taxes; exact, as text. */
  amount: string;
  messages: number;
}

/**
 * SQL that selects traffic billed to numbers that aren't in the inventory, busiest first: numbers that the account never had, and
 * those that it no longer had that day.
 *
 * @param condition on `billing_daily d`
 */
export function outsideInventorySql(condition: string): string {
  return `select d.account_id, d.telephone_number, d.direction, min(d.day)::text as first_day, max(d.day)::text as last_day,
  sum(d.records) as records, round(sum(d.minutes), 1) as minutes, sum(d.amount) as amount
from billing_daily d
where ${condition} and d.records > 0 and d.telephone_number is not null
  and not exists (select from telephone_numbers n where n.account_id = d.account_id and n.telephone_number = d.telephone_number
    and (n.removed_at is null or n.removed_at >= d.day))
group by 1, 2, 3 order by sum(d.records) desc, d.telephone_number`;
}

/** Reads traffic and cost of each day that has any, in order. The user may read `billing_daily` (`tn_ledger_billing_reader`). */
export async function readDailyUsage(
  client: pg.ClientBase,
  { account, from, to }: { account: string | undefined; from: Day; to: Day },
): Promise<DayUsage[]> {
  const { rows } = await client.query<DayUsage>(
    `select day::text, sum(records)::float8 as records, (sum(billed_seconds) / 60)::float8 as minutes, sum(amount)::text as amount,
            sum(messages)::float8 as messages
       from (
         select day, records, amount, case when records > 0 then seconds else 0 end as billed_seconds,
                case when calls = 0 then records else 0 end as messages
           from billing_daily where ($1::text is null or account_id = $1) and day between $2 and $3
       ) as d
      group by day order by day`,
    [account ?? null, from, to],
  );
  return rows;
}
