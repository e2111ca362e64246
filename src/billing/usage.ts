import type pg from 'pg';
import type { Day } from '../days.js';
import { type IdleNumber, type IdleWindow, readIdleNumbers, readIdleWindow } from './idle.js';

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

/** Traffic of a number that was not the account's on those days. */
export interface OutsideUsage {
  account_id: string;
  telephone_number: string;
  direction: 'outbound' | 'inbound';
  first_day: Day;
  last_day: Day;
  records: string;
  minutes: string;
  amount: string;
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

export interface Usage {
  /** Every day with traffic, in order. */
  days: DayUsage[];
  outside: { count: number; first: OutsideUsage[] };
  /** Per account; undefined if no calls of it are loaded. Only fully loaded windows are evidence: see `IdleWindow`. */
  idle: { account: string; window: IdleWindow | undefined; count: number; first: IdleNumber[] }[];
}

export interface UsageOptions {
  accounts: readonly string[];
  from: Day;
  to: Day;
  today: Day;
  /** How many numbers of each list are returned; all are counted. */
  first: number;
}

/**
 * Reads traffic and cost per day, numbers without traffic and traffic outside the inventory, for the report. The client must be in
 * a transaction, and may read `billing_daily` (`tn_ledger_billing_reader`).
 */
export async function readUsage(client: pg.ClientBase, options: UsageOptions): Promise<Usage> {
  const { accounts, from, to, today, first } = options;
  const values = [accounts, from, to];
  const days = await client.query<DayUsage>(
    `select day::text, sum(records)::float8 as records, (sum(billed_seconds) / 60)::float8 as minutes, sum(amount)::text as amount,
            sum(messages)::float8 as messages
       from (
         select day, records, amount, case when records > 0 then seconds else 0 end as billed_seconds,
                case when calls = 0 then records else 0 end as messages
           from billing_daily where account_id = any($1) and day between $2 and $3
       ) as d
      group by day order by day`,
    values,
  );
  const outside = await client.query<OutsideUsage & { count: number }>(
    `select *, count(*) over ()::integer as count from (${outsideInventorySql('d.account_id = any($1) and d.day between $2 and $3')}) as o
      limit ${first}`,
    values,
  );
  const idle: Usage['idle'] = [];
  for (const account of accounts) {
    const window = await readIdleWindow(client, { account, days: 90, callsOnly: true, today });
    const found: Usage['idle'][number] = { account, window, count: 0, first: [] };
    if (window !== undefined) {
      for await (const batch of readIdleNumbers(client, window)) {
        found.count += batch.length;
        found.first.push(...batch.slice(0, first - found.first.length));
      }
    }
    idle.push(found);
  }
  return {
    days: days.rows,
    outside: {
      count: outside.rows[0]?.count ?? 0,
      first: outside.rows.map(({ count: _, ...row }) => row),
    },
    idle,
  };
}
