import type pg from 'pg';
import { addDays, type Day } from '../days.js';
import { LedgerError } from '../errors.js';
import { formatCount } from '../format.js';
import { type DayCounts, dayOfRow, monthPartition, partitionsOf, type RecordsTable } from './records-table.js';
import { removeRolledUp } from './roll-up.js';

/** Rows that a load removes, to compare with those that it adds. */
export interface Removed {
  /** Rows that existed. */
  found: DayCounts;
  /** Rows that existed according to `sync_billing_days`: more than those found if someone deleted some. */
  recorded: DayCounts;
  /** Rows that `billing_daily` had of reports with pruned months. */
  rolledUp: DayCounts;
}

export interface Replacement {
  account: string;
  /** The newer report. */
  reportId: string;
  from: Day;
  to: Day;
}

export interface Replaced {
  rows: number;
  /**
   * Older reports that cover some of the days and others, but whose rows have no time to separate them: they were
   * not changed.
   */
  overlapping: string[];
}

interface OlderReport {
  report_id: string;
  from: Day;
  to: Day;
  partitions: string[];
}

/**
 * Removes the rows that older reports of the account and type have for the days of a newer report, and returns how
 * many. The day of an older report's row is the day of its time. A row whose time is outside its report's days (a
 * call that Bandwidth bills with the day after) counts for the nearest of those days. So no row is ever attributed
 * to another report, and none is left behind when its own report is replaced.
 *
 * @param removed counts the removed rows
 */
export async function replaceRows(
  client: pg.ClientBase,
  table: RecordsTable,
  { account, reportId, from, to }: Replacement,
  removed: Removed,
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
  let rows = 0;
  for (const partition of new Set(older.flatMap((report) => report.partitions))) {
    // A dropped month stays dropped.
    if (!existing.has(partition)) continue;
    if (whole.length > 0) {
      rows += await remove(client, table, partition, 'report_id = any($2)', [account, whole], removed);
    }
    for (const report of parts) {
      if (!report.partitions.includes(partition)) continue;
      const time = `coalesce(case when isfinite(${table.timeColumn}) then ${table.timeColumn} end, '${report.from} 00:00:00+00')`;
      const lower = from > report.from ? ` and ${time} >= '${from} 00:00:00+00'` : '';
      const upper = to < report.to ? ` and ${time} < '${addDays(to, 1)} 00:00:00+00'` : '';
      const isReplaced = `report_id = $2${lower}${upper}`;
      rows += await remove(client, table, partition, isReplaced, [account, report.report_id], removed);
    }
  }
  await deleteDayCounts(client, table, removed, existing, {
    account,
    reportIds: [...whole, ...parts.map((report) => report.report_id)],
    days: { from, to },
  });
  for (const [reportIds, days] of [
    [whole, undefined],
    [parts.map((report) => report.report_id), { from, to }],
  ] as const) {
    addAll(removed.rolledUp, await removeRolledUp(client, { account, reportIds, days }));
  }
  await client.query(
    'update tn_ledger.billing_reports set replaced_by = $3 where account_id = $1 and report_id = any($2)',
    [account, whole, reportId],
  );
  await client.query('delete from tn_ledger.billing_rejects where account_id = $1 and report_id = any($2)', [
    account,
    whole,
  ]);
  return { rows, overlapping: parts === others ? [] : others.map((report) => report.report_id) };
}

/** Removes the rows that a report already has: it is being loaded again. */
export async function removeRows(
  client: pg.ClientBase,
  table: RecordsTable,
  { account, reportId }: Pick<Replacement, 'account' | 'reportId'>,
  removed: Removed,
): Promise<void> {
  const { rows } = await client.query<{ partitions: string[] }>(
    `select partitions from tn_ledger.billing_reports where account_id = $1 and report_id = $2 and partitions is not null`,
    [account, reportId],
  );
  const existing = new Set(await partitionsOf(client, table));
  for (const partition of rows.flatMap(({ partitions }) => partitions)) {
    if (existing.has(partition)) {
      await remove(client, table, partition, 'report_id = $2', [account, reportId], removed);
    }
  }
  addAll(removed.rolledUp, await removeRolledUp(client, { account, reportIds: [reportId] }));
  await deleteDayCounts(client, table, removed, existing, { account, reportIds: [reportId], days: undefined });
  await client.query('delete from tn_ledger.billing_rejects where account_id = $1 and report_id = $2', [
    account,
    reportId,
  ]);
}

async function remove(
  client: pg.ClientBase,
  table: RecordsTable,
  partition: string,
  condition: string,
  values: unknown[],
  removed: Removed,
): Promise<number> {
  const { rows } = await client.query<{ day: Day | null; count: string }>(
    `with removed as (
       delete from ${partition} where account_id = $1 and ${condition} returning ${dayOfRow(table)} as day
     )
     select day::text, count(*) as count from removed group by 1`,
    values,
  );
  let total = 0;
  for (const { day, count } of rows) {
    addTo(removed.found, day, Number(count));
    total += Number(count);
  }
  return total;
}

/**
 * Deletes the recorded day counts of reports: for all of their days, or only for the days that `replaceRows`
 * replaces.
 */
async function deleteDayCounts(
  client: pg.ClientBase,
  table: RecordsTable,
  removed: Removed,
  existing: ReadonlySet<string>,
  { account, reportIds, days }: { account: string; reportIds: string[]; days: { from: Day; to: Day } | undefined },
): Promise<void> {
  const { rows } = await client.query<{ day: Day; count: string }>(
    `delete from tn_ledger.sync_billing_days d using tn_ledger.billing_reports r
      where d.account_id = $1 and d.report_id = any($2) and r.account_id = d.account_id and r.report_id = d.report_id
        and ($3::date is null or greatest(least(d.day, r.end_date), r.start_date) between $3 and $4)
     returning d.day::text, d.row_count as count`,
    [account, reportIds, days?.from, days?.to],
  );
  for (const { day, count } of rows) {
    if (existing.has(monthPartition(table, day))) addTo(removed.recorded, day, Number(count));
  }
}

function addAll(counts: DayCounts, more: DayCounts): void {
  for (const [day, count] of more) addTo(counts, day, count);
}

function addTo(counts: DayCounts, day: Day | null, count: number): void {
  counts.set(day, (counts.get(day) ?? 0) + count);
}

/**
 * A day that a load leaves with fewer rows; null stands for rows without a known time, or for all rows of a type
 * without times.
 */
export interface Loss {
  day: Day | null;
  before: number;
  after: number;
}

/** Returns the days with fewer rows than before, in order. Types whose rows have no time are compared as a whole. */
export function findLosses(table: RecordsTable, { found, recorded, rolledUp }: Removed, loaded: DayCounts): Loss[] {
  const sum = (counts: DayCounts) => [...counts.values()].reduce((total, count) => total + count, 0);
  const all =
    table.timeColumn === undefined
      ? [{ day: null, before: Math.max(sum(found), sum(recorded)), after: sum(loaded) }]
      : [...new Set([...found.keys(), ...recorded.keys(), ...rolledUp.keys()])].map((day) => ({
          day,
          before: Math.max(...[found, recorded, rolledUp].map((counts) => counts.get(day) ?? 0)),
          after: loaded.get(day) ?? 0,
        }));
  return all
    .filter(({ before, after }) => after < before)
    .sort((one, other) => ((one.day ?? '') < (other.day ?? '') ? -1 : 1));
}

/**
 * Loading a report would leave days with fewer rows than before. Nothing is written; `--accept-shrink` loads it
 * anyway.
 */
export class FewerRowsError extends LedgerError {
  override readonly name = 'FewerRowsError';

  /** @param report what is to be loaded, as the start of a sentence */
  constructor(report: string, losses: readonly Loss[], hint: string) {
    const lost = losses.reduce((total, { before, after }) => total + before - after, 0);
    const listed = losses.slice(0, 5).map(({ day, before, after }) => {
      return `${day ?? 'rows without a day'}: ${formatCount(before)} before, ${formatCount(after)} after`;
    });
    const others = losses.length - listed.length;
    if (others > 0) listed.push(`${formatCount(others)} more days`);
    super(`${report} would leave ${formatCount(lost)} fewer rows (${listed.join('; ')}). Nothing was changed.`, {
      hint,
    });
  }
}
