import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { addDays, type Day } from '../days.js';
import { findRecordsTable, monthPartition, partitionsOf } from './records-table.js';

export interface DaysWithoutRows {
  /** Days whose rows are gone by mistake. */
  gone: Day[];
  /** Days whose months were pruned, or dropped by a user: on purpose. */
  dropped: Day[];
}

/**
 * Returns, in order, the days for which a report's rows were loaded but no longer exist. Each day in `sync_billing_days` costs one lookup in the
 * index on the row time, regardless of the number of rows.
 */
export async function daysWithoutRows(database: Database, account: string, type: string): Promise<DaysWithoutRows> {
  // The planner assumes evenly distributed rows and would scan a month from the start to find a day at its end.
  const settings = { TimeZone: 'UTC', enable_seqscan: 'off' };
  return inTransaction(database, { settings, snapshot: true }, async (client) => {
    const table = await findRecordsTable(client, type);
    if (table === undefined) return { gone: [], dropped: [] };
    const cast = table.timeColumn === undefined ? 'date' : 'timestamptz';
    const { rows } = await client.query<{ day: Day }>(
      `select distinct d.day::text as day
         from tn_ledger.sync_billing_days d
         left join lateral (
           select true as found from ${table.sql} r
            where r.account_id = d.account_id and r.report_id = d.report_id
              and r.${table.partitionedBy} >= d.day::${cast} and r.${table.partitionedBy} < (d.day + 1)::${cast}
            limit 1
         ) as rows on true
        where d.account_id = $1 and d.type = $2 and rows.found is null
        order by 1`,
      [account, type],
    );
    const existing = new Set(await partitionsOf(client, table));
    const isGone = ({ day }: { day: Day }) => existing.has(monthPartition(table, day));
    const [gone, dropped] = [rows.filter(isGone), rows.filter((row) => !isGone(row))];
    return { gone: gone.map(({ day }) => day), dropped: dropped.map(({ day }) => day) };
  });
}

/** Groups days into ranges without gaps. */
export function rangesOf(days: readonly Day[]): { from: Day; to: Day }[] {
  const ranges: { from: Day; to: Day }[] = [];
  for (const day of days) {
    const last = ranges.at(-1);
    if (last !== undefined && addDays(last.to, 1) === day) last.to = day;
    else ranges.push({ from: day, to: day });
  }
  return ranges;
}
