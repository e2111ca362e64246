import pg from 'pg';
import type { JoinMemory } from '../database/join-memory.js';
import { setLocal } from '../database/transaction.js';
import type { Day } from '../days.js';
import { type DayCounts, dayOfRow, type RecordsTable } from './records-table.js';
import { shapeOf } from './report-type.js';

interface Report {
  account: string;
  reportId: string;
}

/**
 * Estimates for rows that were just loaded are far too low, so that the planner would look up each number by itself and use one
 * process.
 */
const planning = {
  enable_nestloop: 'off',
  enable_mergejoin: 'off',
  min_parallel_table_scan_size: '0',
  min_parallel_index_scan_size: '0',
  parallel_setup_cost: '0',
  parallel_tuple_cost: '0',
};

async function withPlanning<T>(client: pg.ClientBase, joinMemory: JoinMemory, work: () => Promise<T>): Promise<T> {
  const memory = joinMemory.take();
  try {
    const settings = { ...planning, work_mem: memory.workMem };
    await setLocal(client, settings);
    const result = await work();
    await client.query(
      Object.keys(settings)
        .map((name) => `set local ${name} to default`)
        .join('; '),
    );
    return result;
  } finally {
    memory.release();
  }
}

/**
 * Adds up a report's rows in these partitions, in the client's transaction, for `insertRolledUp`.
 *
 * @returns how many rows each day has; undefined if records of the type aren't rolled up
 */
export async function rollUp(
  client: pg.ClientBase,
  table: RecordsTable,
  partitions: readonly string[],
  { account, reportId }: Report,
  joinMemory: JoinMemory,
): Promise<DayCounts | undefined> {
  if (shapeOf(table.type).rollUp === undefined) return undefined;
  const id = pg.escapeLiteral(account);
  const records = partitions.map(
    (partition) =>
      `select ${dayOfRow(table)} as day, ${rollUpColumn(table, 'source', 'text')} as source,
              ${rollUpColumn(table, 'destination', 'text')} as destination,
              tn_ledger.billing_is_inbound(${rollUpColumn(table, 'kind', 'text')}) as inbound,
              ${rollUpColumn(table, 'seconds', 'integer')} as seconds, ${rollUpColumn(table, 'amount', 'numeric')} as amount
         from ${partition} where account_id = ${id} and report_id = ${pg.escapeLiteral(reportId)}`,
  );
  if (records.length === 0) records.push(emptyRecords);
  await withPlanning(client, joinMemory, () =>
    // A table of its own, because only this kind of statement runs on several processors. The end that a record is billed to by its
    // kind is left as it is spelled, to look up every number once and not with every record.
    client.query(
      `create temp table rolled_up on commit drop as
       select r.day, r.inbound, case when r.inbound then r.destination else r.source end as spelling,
              other.telephone_number as other_number,
              count(*) as records, coalesce(sum(r.seconds), 0)::bigint as seconds, coalesce(sum(r.amount), 0) as amount
         from (${records.join(' union all ')}) as r
         left join tn_ledger.telephone_numbers other
           on other.account_id = ${id}
          and other.telephone_number = tn_ledger.ledger_number(case when r.inbound then r.source else r.destination end)
        group by 1, 2, 3, 4`,
    ),
  );
  const { rows } = await client.query<{ day: Day | null; count: string }>(
    'select day::text, sum(records) as count from pg_temp.rolled_up group by 1',
  );
  return new Map(rows.map(({ day, count }) => [day, Number(count)]));
}

/**
 * Writes what `rollUp` added up. The report must have no rows in `billing_daily` for these days.
 *
 * Every record is billed to one number: by its kind (`billing_is_inbound`) to its source or its destination, but to the other end if
 * the account has, or had, only that number. If it has both, the other end is counted too, without records or amount. So the
 * records and amounts of all numbers add up to those of the report, whatever its numbers are.
 *
 * @param days leaves out other days; rows without a day are written
 */
export async function insertRolledUp(
  client: pg.ClientBase,
  { type }: RecordsTable,
  { account, reportId }: Report,
  joinMemory: JoinMemory,
  days?: { from: Day; to: Day },
): Promise<void> {
  const counts = (count: 'calls' | 'messages') => (shapeOf(type).rollUp?.count === count ? 'sum(counted)' : '0');
  await withPlanning(client, joinMemory, () =>
    // In the order of the index.
    client.query(
      `with found as materialized (
         select r.day, r.inbound, tn_ledger.ledger_number(r.spelling) as telephone_number, n.telephone_number is not null as own,
                r.other_number, r.records, r.seconds, r.amount
           from pg_temp.rolled_up r
           left join tn_ledger.telephone_numbers n
             on n.account_id = $1 and n.telephone_number = tn_ledger.ledger_number(r.spelling)
          where $3::date is null or r.day is null or r.day between $3 and $4
       )
       insert into tn_ledger.billing_daily
         (account_id, telephone_number, day, direction, report_id, records, calls, seconds, amount, messages)
       select $1, telephone_number, day, case when inbound then 'inbound' else 'outbound' end, $2,
              sum(records), ${counts('calls')}, sum(seconds), sum(amount), ${counts('messages')}
         from (
           select telephone_number, day, inbound, records, records as counted, seconds, amount
             from found where own or other_number is null
           union all
           select other_number, day, not inbound, case when own then 0 else records end, records, seconds,
                  case when own then 0 else amount end
             from found where other_number is not null
         ) as ends
        group by telephone_number, day, inbound
        order by telephone_number collate "C", day`,
      [account, reportId, days?.from ?? null, days?.to ?? null],
    ),
  );
}

/**
 * Removes what reports were rolled up to: all of it, or only the days that `replaceRows` replaces.
 *
 * @returns the records by day of those reports of which some were pruned: nothing else shows how many there were
 */
export async function removeRolledUp(
  client: pg.ClientBase,
  {
    account,
    reportIds,
    days,
  }: { account: string; reportIds: readonly string[]; days?: { from: Day; to: Day } | undefined },
): Promise<DayCounts> {
  if (reportIds.length === 0) return new Map();
  const { rows } = await client.query<{ day: Day | null; count: string }>(
    `with removed as (
     delete from tn_ledger.billing_daily d using tn_ledger.billing_reports r
      where d.account_id = $1 and d.report_id = any($2) and r.account_id = d.account_id and r.report_id = d.report_id
        and ($3::date is null or greatest(least(coalesce(d.day, r.start_date), r.end_date), r.start_date) between $3 and $4)
     returning d.day, d.records, r.pruned_count)
     select day::text, sum(records) as count from removed where pruned_count is not null group by 1`,
    [account, reportIds, days?.from ?? null, days?.to ?? null],
  );
  return new Map(rows.map(({ day, count }) => [day, Number(count)]));
}

/** SQL: a column that `billing_daily` is rolled up from; null if no file of the type had it yet. */
export function rollUpColumn(
  { type, columns }: RecordsTable,
  part: 'source' | 'destination' | 'kind' | 'seconds' | 'amount',
  sqlType: string,
): string {
  const name = shapeOf(type).rollUp?.[part];
  return name !== undefined && columns.has(name) ? name : `null::${sqlType}`;
}

const emptyRecords =
  'select null::date as day, null::text as source, null::text as destination, false as inbound, null::integer as seconds, null::numeric as amount where false';
