import type pg from 'pg';
import { addDays, type Day } from '../sync/days.js';
import { partitionsOf, type RecordsTable } from './records-table.js';

export interface Replacement {
  account: string;
  /** The newer report. */
  reportId: string;
  from: Day;
  to: Day;
}

export interface Replaced {
  rows: number;
  /** Older reports that hold some of the days and others, where no time tells which of their rows are of which: they were left alone. */
  overlapping: string[];
}

interface OlderReport {
  report_id: string;
  from: Day;
  to: Day;
  partitions: string[];
}

/**
 * Removes what older reports of the account and type hold for the days of a newer one, and answers with how many rows that
 * were. Which day a row of an older report is of, its time says; a row whose time lies outside of the days of its own report
 * (a call that Bandwidth bills with the day after) is of the nearest of those, so that no report's row is ever taken for
 * another's, and none is left behind when its own report is replaced.
 */
export async function replaceRows(
  client: pg.ClientBase,
  table: RecordsTable,
  { account, reportId, from, to }: Replacement,
): Promise<Replaced> {
  const { rows: older } = await client.query<OlderReport>(
    `select report_id, start_date::text as from, end_date::text as to, partitions from tn_ledger.billing_reports
      where account_id = $1 and type = $2 and report_id <> $3 and state = 'loaded' and replaced_by is null
        and start_date <= $5 and end_date >= $4`,
    [account, table.type, reportId, from, to],
  );
  const whole = older.filter((report) => from <= report.from && to >= report.to).map((report) => report.report_id);
  const others = older.filter((report) => !whole.includes(report.report_id));
  const parts = table.timeColumn === undefined ? [] : others;
  const existing = new Set(await partitionsOf(client, table));
  let removed = 0;
  for (const partition of new Set(older.flatMap((report) => report.partitions))) {
    // A month that somebody dropped is gone for good.
    if (!existing.has(partition)) continue;
    if (whole.length > 0) {
      const { rowCount } = await client.query(
        `delete from ${partition} where account_id = $1 and report_id = any($2)`,
        [account, whole],
      );
      removed += rowCount ?? 0;
    }
    for (const report of parts) {
      if (!report.partitions.includes(partition)) continue;
      const time = `coalesce(${table.timeColumn}, '${report.from} 00:00:00+00')`;
      const lower = from > report.from ? ` and ${time} >= '${from} 00:00:00+00'` : '';
      const upper = to < report.to ? ` and ${time} < '${addDays(to, 1)} 00:00:00+00'` : '';
      const { rowCount } = await client.query(
        `delete from ${partition} where account_id = $1 and report_id = $2${lower}${upper}`,
        [account, report.report_id],
      );
      removed += rowCount ?? 0;
    }
  }
  await client.query(
    'update tn_ledger.billing_reports set replaced_by = $3 where account_id = $1 and report_id = any($2)',
    [account, whole, reportId],
  );
  await client.query('delete from tn_ledger.billing_rejects where account_id = $1 and report_id = any($2)', [
    account,
    whole,
  ]);
  return { rows: removed, overlapping: parts === others ? [] : others.map((report) => report.report_id) };
}

/** A day on which a newer report has fewer rows than the older ones that it would replace. */
export interface Loss {
  day: Day;
  older: number;
  newer: number;
}

/**
 * The days of `replaceRows` on which rows would be lost, in their order. To be asked before.
 *
 * @param written partitions with rows of the newer report
 */
export async function findLosses(
  client: pg.ClientBase,
  table: RecordsTable,
  { account, reportId, from, to }: Replacement,
  written: readonly string[],
): Promise<Loss[]> {
  const { rows: older } = await client.query<{ partition: string }>(
    `select distinct unnest(partitions) as partition from tn_ledger.billing_reports
      where account_id = $1 and type = $2 and state = 'loaded' and replaced_by is null and start_date <= $4 and end_date >= $3`,
    [account, table.type, from, to],
  );
  const holding = new Set([...written, ...older.map(({ partition }) => partition)]);
  const losses = new Map<Day, Loss>();
  for (const partition of await partitionsOf(client, table)) {
    // Those of a month that somebody dropped are gone for good.
    if (!holding.has(partition)) continue;
    const { rows } = await client.query<{ day: Day; older: string; newer: string }>(
      `select day::text, count(*) filter (where not is_new) as older, count(*) filter (where is_new) as newer
         from (
           select report_id = $2 as is_new,
             case when report_id = $2 then ${table.timeColumn}::date
               else greatest(least(${table.timeColumn}::date, end_date), start_date) end as day
           from ${partition} join tn_ledger.billing_reports using (account_id, report_id)
           where account_id = $1 and (report_id = $2
             or state = 'loaded' and replaced_by is null and start_date <= $4 and end_date >= $3)
         ) as rows
        where day between $3 and $4
        group by 1`,
      [account, reportId, from, to],
    );
    for (const { day, older, newer } of rows) {
      const loss = losses.get(day) ?? { day, older: 0, newer: 0 };
      losses.set(day, { day, older: loss.older + Number(older), newer: loss.newer + Number(newer) });
    }
  }
  return [...losses.values()]
    .filter(({ older, newer }) => older > newer)
    .sort((one, other) => (one.day < other.day ? -1 : 1));
}

/** Removes what a report has in the tables already: it is being loaded anew. */
export async function removeRows(
  client: pg.ClientBase,
  table: RecordsTable | undefined,
  account: string,
  reportId: string,
): Promise<void> {
  const { rows } = await client.query<{ partitions: string[] }>(
    `select partitions from tn_ledger.billing_reports where account_id = $1 and report_id = $2 and partitions is not null`,
    [account, reportId],
  );
  const existing = new Set(table === undefined ? [] : await partitionsOf(client, table));
  for (const partition of rows.flatMap(({ partitions }) => partitions)) {
    if (!existing.has(partition)) continue;
    await client.query(`delete from ${partition} where account_id = $1 and report_id = $2`, [account, reportId]);
  }
  await client.query('delete from tn_ledger.billing_rejects where account_id = $1 and report_id = $2', [
    account,
    reportId,
  ]);
}
