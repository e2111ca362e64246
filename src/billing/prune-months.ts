import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { addDays, type Day, dayOf } from '../days.js';
import { messageOf } from '../errors.js';
import { sleep } from '../retry.js';
import {
  findRecordsTable,
  loadSettings,
  lockRecords,
  monthEnd,
  monthsAmong,
  partitionsOf,
  type RecordsTable,
} from './records-table.js';
import { rolledUpTypes } from './report-type.js';
import { rollUpColumn } from './roll-up.js';

export interface PrunedMonths {
  /** Partitions that were dropped, or would be, such as `tn_ledger.billing_bdr__2024_01`. */
  dropped: string[];
  /** Partitions that are old enough and stay, each with the reason. */
  kept: { partition: string; reason: string }[];
}

/** Lock timeout for dropping a month: the longest that new readers wait. */
const dropLockTimeout = '1s';
const dropPauseMs = 2000;
const maxDropTries = 30;

/**
 * Drops the months of records whose last day is more than `keepDays` ago, after verifying that `billing_daily` has what they add
 * up to. Types that aren't rolled up stay. Each month is a transaction of its own.
 *
 * @param options.dryRun only lists them, without verifying
 */
export async function pruneMonths(
  database: Database,
  keepDays: number,
  { now, dryRun, signal }: { now: Date; dryRun: boolean; signal: AbortSignal },
): Promise<PrunedMonths> {
  const before = addDays(dayOf(now), -keepDays);
  const pruned: PrunedMonths = { dropped: [], kept: [] };
  for (const type of rolledUpTypes) {
    for (const { name: partition, month } of await oldMonths(database, type, before)) {
      signal.throwIfAborted();
      const reason = dryRun ? undefined : await tryToDrop(database, type, { partition, month }, signal);
      if (reason === undefined) pruned.dropped.push(partition);
      else pruned.kept.push({ partition, reason });
    }
  }
  return pruned;
}

function oldMonths(database: Database, type: string, before: Day) {
  return inTransaction(database, { snapshot: true }, async (client) => {
    const table = await findRecordsTable(client, type);
    return table === undefined
      ? []
      : monthsAmong(await partitionsOf(client, table)).filter(({ month }) => monthEnd(month) < before);
  });
}

/** Like `dropMonth`, but a month that others use for too long also stays: what else is pruned doesn't depend on it. */
function tryToDrop(...args: Parameters<typeof dropMonth>): Promise<string | undefined> {
  return dropMonth(...args).catch((error: unknown) => {
    if ((error as { code?: string }).code !== '55P03') throw error;
    return messageOf(error);
  });
}

/** Returns why a month stays; undefined: it is dropped. */
async function dropMonth(
  database: Database,
  type: string,
  { partition, month }: { partition: string; month: Day },
  signal: AbortSignal,
): Promise<string | undefined> {
  return inTransaction(database, { settings: loadSettings, signal }, async (client) => {
    await lockRecords(client, type);
    const table = (await findRecordsTable(client, type)) as RecordsTable;
    // Another process may have dropped it.
    if (!(await partitionsOf(client, table)).includes(partition)) return undefined;
    const amount = rollUpColumn(table, 'amount', 'numeric');
    const { rows } = await client.query<{ days: string | null }>(
      `with records as (
         select account_id, report_id, ${table.partitionedBy}::date as day, count(*) as records, coalesce(sum(${amount}), 0) as amount
           from ${partition} group by 1, 2, 3
       ), daily as (
         select account_id, report_id, day, sum(records) as records, sum(amount) as amount
           from tn_ledger.billing_daily
          where (account_id, report_id) in (select account_id, report_id from records) and day between $1 and $2
          group by 1, 2, 3
       )
       select string_agg(distinct day::text, ', ') as days
         from records left join daily using (account_id, report_id, day)
        where daily.records is distinct from records.records or daily.amount is distinct from records.amount`,
      [month, monthEnd(month)],
    );
    if (rows[0]?.days != null) {
      return `billing_daily doesn't have what the records of ${rows[0].days} add up to. To roll them up: tn-ledger rollup --full`;
    }
    await client.query(
      `update tn_ledger.billing_reports r set pruned_count = coalesce(pruned_count, 0) + p.rows
         from (select account_id, report_id, count(*) as rows from ${partition} group by 1, 2) as p
        where r.account_id = p.account_id and r.report_id = p.report_id`,
    );
    // New readers wait behind a waiting lock request: so it is requested with a short timeout, repeatedly.
    for (let tries = 1; ; tries += 1) {
      await client.query('savepoint before_drop');
      try {
        await client.query("select set_config('lock_timeout', $1, true)", [dropLockTimeout]);
        await client.query(`drop table ${partition}`);
        return undefined;
      } catch (error) {
        if ((error as { code?: string }).code !== '55P03' || tries === maxDropTries) throw error;
      }
      await client.query('rollback to savepoint before_drop');
      await sleep(dropPauseMs, signal);
    }
  });
}
