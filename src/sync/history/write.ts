import type pg from 'pg';
import type { AssignmentInterval } from './assignment-intervals.js';
import { askedFor, micros, rowsOf, timestamp } from './evidence.js';
import type { StatusInterval } from './status-intervals.js';

/** How the intervals of a history are stored: the table, and its columns besides the number and the dates. */
interface HistoryTable<Interval> {
  name: string;
  own: readonly string[];
  valuesOf(interval: Interval): readonly (string | null)[];
}

export const statusHistory: HistoryTable<StatusInterval> = {
  name: 'number_status_history',
  own: ['status', 'from_order_id', 'to_order_id'],
  valuesOf: ({ status, fromOrderId, toOrderId }) => [status, fromOrderId ?? null, toOrderId ?? null],
};

export const assignmentHistory: HistoryTable<AssignmentInterval> = {
  name: 'number_assignment_history',
  own: ['assignment_status', 'order_id'],
  valuesOf: ({ status, orderId }) => [status, orderId],
};

type Row = readonly (string | number | null)[];

/**
 * Makes the table's intervals of these numbers equal to `wanted`. Writes only differences. Replaced rows are kept in
 * `…_superseded`, unless this same transaction wrote them.
 *
 * @returns how many intervals were added, changed or removed
 */
export async function writeHistory<Interval extends { from: number; to: number | undefined }>(
  client: pg.ClientBase,
  account: string,
  table: HistoryTable<Interval>,
  wanted: ReadonlyMap<string, readonly Interval[]>,
): Promise<number> {
  const stored = await readRows(client, account, table, [...wanted.keys()]);
  const removed: Row[] = [];
  const added: Row[] = [];
  let changes = 0;
  for (const [number, intervals] of wanted) {
    const known = stored.get(number);
    if (known === undefined && intervals.length === 0) continue;
    const surplus = new Map(known?.map((row) => [JSON.stringify(row), row]));
    let begun = 0;
    for (const interval of intervals) {
      const row = [number, interval.from, interval.to ?? null, ...table.valuesOf(interval)];
      if (surplus.size > 0 && surplus.delete(JSON.stringify(row))) continue;
      added.push(row);
      begun += 1;
    }
    removed.push(...surplus.values());
    changes += Math.max(begun, surplus.size);
  }
  if (removed.length > 0) await remove(client, account, table, removed);
  if (added.length > 0) await insert(client, account, table, added);
  return changes;
}

async function readRows(
  client: pg.ClientBase,
  account: string,
  table: Pick<HistoryTable<never>, 'name' | 'own'>,
  numbers: readonly string[],
): Promise<Map<string, Row[]>> {
  const columns = ['telephone_number', micros('valid_from'), micros('valid_to'), ...table.own].join(', ');
  const { rows } = await client.query<(string | number | null)[]>({
    text: `select ${columns} from ${rowsOf(table.name)}`,
    values: [account, numbers],
    rowMode: 'array',
  });
  const byNumber = new Map<string, Row[]>();
  for (const row of rows) {
    const number = row[0] as string;
    const known = byNumber.get(number);
    if (known === undefined) byNumber.set(number, [row]);
    else known.push(row);
  }
  return byNumber;
}

async function remove(
  client: pg.ClientBase,
  account: string,
  { name, own }: Pick<HistoryTable<never>, 'name' | 'own'>,
  rows: readonly Row[],
): Promise<void> {
  const kept = `account_id, telephone_number, ${own.join(', ')}, valid_from, valid_to`;
  await client.query(
    `with gone as (
       delete from ${name} h using ${askedFor('g', { number: 'text', valid_from: 'float8' })}
        where h.account_id = g.account and h.telephone_number = g.number and h.valid_from = ${timestamp('g.valid_from')}
       returning h.*
     )
     insert into ${name}_superseded (${kept}, recorded_from, recorded_to)
     select ${kept}, recorded_from, now() from gone where recorded_from < now()`,
    [account, column(rows, 0), column(rows, 1)],
  );
}

async function insert(
  client: pg.ClientBase,
  account: string,
  { name, own }: Pick<HistoryTable<never>, 'name' | 'own'>,
  rows: readonly Row[],
): Promise<void> {
  await client.query(
    `insert into ${name} (account_id, telephone_number, valid_from, valid_to, ${own.join(', ')})
     select $1, number, ${timestamp('valid_from')}, ${timestamp('valid_to')}, ${own.join(', ')}
     from unnest($2::text[], $3::float8[], $4::float8[], ${own.map((_, index) => `$${index + 5}::text[]`).join(', ')})
       as r (number, valid_from, valid_to, ${own.join(', ')})`,
    [account, column(rows, 0), column(rows, 1), column(rows, 2), ...own.map((_, index) => column(rows, index + 3))],
  );
}

function column(rows: readonly Row[], index: number): (string | number | null)[] {
  return rows.map((row) => row[index] ?? null);
}
