import type pg from 'pg';
import { historyDescriptions } from '../../dashboard/registry.js';
import type { AssignmentMark } from './assignment-intervals.js';
import type { Sighting } from './observed-statuses.js';
import type { OrderEvent } from './status-intervals.js';

// Times are microseconds since 1970, PostgreSQL's precision. A JavaScript Date would truncate the runs' times to milliseconds, and
// an interval that is read and written back would differ from itself. They are safe integers up to the year 2255.

/**
 * The column as microseconds since 1970. In this era, seconds as a double are exact to a fraction of a microsecond, so rounding
 * restores the exact value. `extract` computes in numeric, which takes ten times as long.
 */
export const micros = (column: string) => `round(date_part('epoch', ${column}) * 1000000)`;

/** The microseconds as a timestamp. */
export const timestamp = (expression: string) => `timestamptz 'epoch' + ${expression} * interval '1 microsecond'`;

/** Everything known about one number. */
export interface Evidence {
  /** What the runs saw, oldest first; empty for a number that was gone before the first run. */
  sightings: Sighting[];
  /** By date. */
  events: OrderEvent[];
  /** By date. */
  marks: AssignmentMark[];
  /** The current value in telephone_numbers; undefined if there is no row. */
  assignmentStatus: string | null | undefined;
}

// Each lookup is by number on purpose. The planner has no statistics for tables that were just filled, and if it misjudges their
// size, any other plan (a table scan, a join over the whole table) takes minutes. "offset 0" forces the lookup by number.

/**
 * The account `$1` beside each element of the array `$2`, and of further ones, as `name`. A constant account would allow an index
 * on the account alone: if the statistics are older than the account's rows, the planner expects one row of it, and would read all
 * of them once per number. "offset 0" hides the constant.
 */
export const askedFor = (name: string, columns: Readonly<Record<string, string>>) => `
  (select $1::text as account, ${Object.keys(columns).join(', ')}
     from unnest(${Object.values(columns)
       .map((type, index) => `$${index + 2}::${type}[]`)
       .join(', ')}) as given (${Object.keys(columns).join(', ')}) offset 0) as ${name}`;

const askedNumbers = askedFor('asked', { number: 'text' });

/** The rows of a table for each number in `$2`, as `row`. `locking`: an optional locking clause. */
export const rowsOf = (table: string, locking = '') => `
  ${askedNumbers}
  cross join lateral (
    select * from ${table} where account_id = asked.account and telephone_number = asked.number offset 0 ${locking}) as row`;

/** Orders of a kind that affect the history of each number in `$2`, as `o`. */
const ordersOfNumbers = ({ table, numbersTable, history }: (typeof historyDescriptions)[number]) => `
  ${askedNumbers}
  cross join lateral (
    select n.order_id from ${numbersTable} n
     where n.account_id = asked.account and n.telephone_number = asked.number and ${history.numbers ?? 'true'} offset 0) as n
  cross join lateral (
    select o.* from ${table} o where o.account_id = asked.account and o.order_id = n.order_id and ${history.orders} offset 0) as o`;

const rowsOfNumbers = (locking: string) => `
  select asked.number, ${micros('first_seen_at')} as at, status, assignment_status,
    ${micros('in_service_date')} as in_service_date, ${micros('last_modified')} as last_modified, removed_at is null as present
  from ${rowsOf('telephone_numbers', locking)}`;

const versionsOfNumbers = `
  select asked.number, ${micros('replaced_at')} as at, status,
    ${micros('in_service_date')} as in_service_date, ${micros('last_modified')} as last_modified, removed_at is null as present
  from ${rowsOf('telephone_number_versions')}
  order by asked.number, replaced_at`;

const eventsOfNumbers = `
  select number, kind, direction, order_id, ${micros('at')} as at from (
    ${historyDescriptions
      .filter(({ history }) => history.effect !== 'mark')
      .map(
        (orders) => `
    select asked.number, '${orders.name}' as kind, '${orders.history.effect}' as direction, o.order_id, ${orders.history.at} as at
    from ${ordersOfNumbers(orders)}`,
      )
      .join(' union all ')}
  ) as event where at is not null
  -- At the same time, out comes before in.
  order by at, direction desc, order_id`;

const marksOfNumbers = `
  select number, order_id, status, ${micros('at')} as at from (
    ${historyDescriptions
      .filter(({ history }) => history.effect === 'mark')
      .map(
        (orders) => `
    select asked.number, o.order_id, ${orders.history.status} as status, ${orders.history.at} as at
    from ${ordersOfNumbers(orders)}`,
      )
      .join(' union all ')}
  ) as marked
  order by at, order_id`;

interface SightingRow {
  number: string;
  at: number;
  status: string;
  in_service_date: number | null;
  last_modified: number | null;
  present: boolean;
}

/**
 * Reads everything known about the numbers, in four statements regardless of their count.
 *
 * @param lockRows lock the rows in telephone_numbers, in the given order, before reading anything else
 */
export async function readEvidence(
  client: pg.ClientBase,
  account: string,
  numbers: readonly string[],
  { lockRows = false }: { lockRows?: boolean } = {},
): Promise<Map<string, Evidence>> {
  const all = new Map<string, Evidence>();
  for (const number of numbers) {
    all.set(number, {
      sightings: [],
      events: [],
      marks: [],
      assignmentStatus: undefined,
    });
  }
  const read = async <Row extends { number: string }>(sql: string, take: (evidence: Evidence, row: Row) => void) => {
    const { rows } = await client.query<Row>(sql, [account, numbers]);
    for (const row of rows) {
      const evidence = all.get(row.number);
      if (evidence !== undefined) take(evidence, row);
    }
  };
  // A version ends when it was replaced, and its replacement starts then: each sighting dates the next one.
  const seenSince = new Map<Evidence, number>();
  const current = new Map<Evidence, SightingRow>();
  await read<SightingRow & { assignment_status: string | null }>(
    rowsOfNumbers(lockRows ? 'for no key update' : ''),
    (evidence, row) => {
      evidence.assignmentStatus = row.assignment_status;
      seenSince.set(evidence, row.at);
      current.set(evidence, row);
    },
  );
  await read<SightingRow>(versionsOfNumbers, (evidence, row) => {
    evidence.sightings.push(toSighting(row, seenSince.get(evidence) ?? row.at));
    seenSince.set(evidence, row.at);
  });
  for (const [evidence, row] of current) {
    evidence.sightings.push(toSighting(row, seenSince.get(evidence) ?? row.at));
  }
  await read<{ number: string } & Omit<OrderEvent, 'orderId'> & { order_id: string }>(
    eventsOfNumbers,
    ({ events }, { kind, direction, order_id, at }) => events.push({ kind, direction, orderId: order_id, at }),
  );
  await read<{ number: string; order_id: string; status: AssignmentMark['status']; at: number }>(
    marksOfNumbers,
    ({ marks }, { order_id, status, at }) => marks.push({ orderId: order_id, status, at }),
  );
  return all;
}

function toSighting(row: SightingRow, at: number): Sighting {
  return {
    at,
    present: row.present,
    status: row.status,
    inServiceDate: row.in_service_date ?? undefined,
    lastModified: row.last_modified ?? undefined,
  };
}
