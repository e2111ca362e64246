import type pg from 'pg';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { findRecordsTable, loadSettings, lockRecords, monthsAmong, partitionsOf } from './records-table.js';
import { rolledUpTypes } from './report-type.js';
import { insertRolledUp, rollUp } from './roll-up.js';

/** Numbers that are found later than this after they came into service don't change what the days before were rolled up to. */
const lateDays = 35;

/**
 * SQL condition on a row of `billing_reports`: it is loaded, and isn't rolled up, or was before the account's numbers were known:
 * loaded by an earlier version of tn-ledger, or before the first inventory, or numbers were found days after they came into service.
 */
const isDue = `state = 'loaded' and replaced_by is null and type = any($2) and (
  rolled_up_at is null
  or rolled_up_at < (select min(first_seen_at) from tn_ledger.telephone_numbers n where n.account_id = r.account_id)
  or exists (
    select from tn_ledger.telephone_numbers n
     where n.account_id = r.account_id and n.first_seen_at > r.rolled_up_at
       and n.in_service_date < n.first_seen_at - interval '1 day'
       and r.end_date >= n.in_service_date::date and r.end_date >= n.first_seen_at::date - ${lateDays}
       and r.start_date <= n.first_seen_at::date))`;

export interface RollUpOptions {
  /** Undefined: all accounts that have reports. */
  account: string | undefined;
  /** All loaded reports, instead of those that are due. */
  full: boolean;
  signal: AbortSignal;
  onReport?(done: number, of: number): void;
}

/** Returns how many loaded reports of an account are not rolled up into `billing_daily`, or were before its numbers were known. */
export async function countReportsToRollUp(db: pg.ClientBase | pg.Pool, account: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::integer as count from billing_reports r where account_id = $1 and ${isDue}`,
    [account, rolledUpTypes],
  );
  return rows[0]?.count ?? 0;
}

/**
 * Rolls up loaded reports into `billing_daily` from their records, each report in its own transaction. Days whose records were
 * pruned, or whose month was dropped, keep what they were rolled up to.
 *
 * @returns how many reports were rolled up
 */
export async function rollUpLoaded(database: Database, options: RollUpOptions): Promise<number> {
  const { account, full, signal, onReport } = options;
  const { rows } = await database.pool.query<{ account: string; reportId: string; type: string }>(
    `select account_id as account, report_id as "reportId", type from billing_reports r
      where ($1::text is null or account_id = $1)
        and ${full ? `state = 'loaded' and replaced_by is null and type = any($2)` : isDue}
      order by start_date, report_id`,
    [account ?? null, rolledUpTypes],
  );
  let done = 0;
  for (const report of rows) {
    signal.throwIfAborted();
    onReport?.(done, rows.length);
    await rollUpReport(database, report, signal);
    done += 1;
  }
  return done;
}

async function rollUpReport(
  database: Database,
  report: { account: string; reportId: string; type: string },
  signal: AbortSignal,
): Promise<void> {
  await inTransaction(database, { settings: loadSettings, signal, repeatable: true }, async (client) => {
    await lockRecords(client, report.type);
    const { rows } = await client.query<{ partitions: string[] }>(
      `select coalesce(partitions, '{}') as partitions from tn_ledger.billing_reports
        where account_id = $1 and report_id = $2 and state = 'loaded' and replaced_by is null`,
      [report.account, report.reportId],
    );
    const table = await findRecordsTable(client, report.type);
    // Replaced by a newer report in the meantime.
    if (rows[0] === undefined || table === undefined) return;
    const existing = await partitionsOf(client, table);
    const partitions = rows[0].partitions.filter((each) => existing.includes(each));
    await rollUp(client, table, partitions, report, database.joinMemory);
    const months = monthsAmong(existing).map(({ month }) => month);
    await client.query(
      `delete from tn_ledger.billing_daily d where account_id = $1 and report_id = $2
         and (day is null or date_trunc('month', day)::date = any($3::date[]) or exists (select from pg_temp.rolled_up r where r.day = d.day))`,
      [report.account, report.reportId, months],
    );
    await insertRolledUp(client, table, report, database.joinMemory);
    await client.query(
      'update tn_ledger.billing_reports set rolled_up_at = now() where account_id = $1 and report_id = $2',
      [report.account, report.reportId],
    );
  });
}
