import type pg from 'pg';
import type { Declaration } from './assignment-intervals.js';
import type { Sighting } from './claims.js';
import type { OrderEvent } from './status-intervals.js';

// Times are microseconds since 1970, as PostgreSQL keeps them: a JavaScript Date would cut the night's times to milliseconds, and
// an interval read and written again would differ from itself. Up to the year 2255 they are safe integers.

/**
 * The column as microseconds since 1970. Seconds as a double are exact to a fraction of a microsecond in these centuries, so that
 * rounding gives the very one; `extract` computes in numeric, which takes ten times as long.
 */
export const micros = (column: string) => `round(date_part('epoch', ${column}) * 1000000)`;

/** The microseconds as a timestamp. */
export const timestamp = (expression: string) => `timestamptz 'epoch' + ${expression} * interval '1 microsecond'`;

/** All that is known about one number. */
export interface Evidence {
  /** What the nights saw of it, oldest first; none for a number that was gone before the first night. */
  sightings: Sighting[];
  /** By date. */
  events: OrderEvent[];
  /** By date. */
  declarations: Declaration[];
  /** As the row in telephone_numbers has it now; undefined where there is no row. */
  assignmentStatus: string | null | undefined;
}

// Each look-up is one by number on purpose: the planner knows nothing of tables that were filled a moment ago, and whatever else it
// chooses (a scan of the table, a join over the whole of it) takes minutes whenever it misjudges their size. "offset 0" keeps it
// from choosing.

/** The rows of a table about each number of `$2`, as `row`; locked as they are found, if that is said how. */
export const rowsOf = (table: string, locking = '') => `
  unnest($2::text[]) as asked (number)
  cross join lateral (
    select * from ${table} where account_id = $1 and telephone_number = asked.number offset 0 ${locking}) as row`;

/** The rows of `…_numbers` of each number of `$2` that satisfy a condition on `n`, each with its order `o`, if that satisfies another. */
const ordersOfNumbers = (numbers: string, orders: string, conditions: { named?: string; order: string }) => `
  unnest($2::text[]) as asked (number)
  cross join lateral (
    select n.order_id from ${numbers} n
     where n.account_id = $1 and n.telephone_number = asked.number and ${conditions.named ?? 'true'} offset 0) as n
  cross join lateral (
    select o.* from ${orders} o where o.account_id = $1 and o.order_id = n.order_id and ${conditions.order} offset 0) as o`;

const rowsOfNumbers = (locking: string) => `
  select asked.number, ${micros('first_seen_at')} as at, status, assignment_status,
    ${micros('in_service_date')} as in_service_date, ${micros('last_modified')} as last_modified, removed_at is null as present
  from ${rowsOf('telephone_numbers', locking)}`;

const versionsOfNumbers = `
  select asked.number, ${micros('replaced_at')} as at, status,
    ${micros('in_service_date')} as in_service_date, ${micros('last_modified')} as last_modified, removed_at is null as present
  from ${rowsOf('telephone_number_versions')}
  order by asked.number, replaced_at`;

/**
 * How each kind of order moves its numbers, and when: the event's date, as far as the order tells it. What failed or was
 * cancelled moved nothing; of port-ins, port-outs, imports and removals only completed ones did, for these name their numbers from the
 * beginning.
 */
const movements = [
  {
    kind: 'orders',
    direction: 'in',
    at: 'coalesce(o.order_date, o.last_modified_date)',
    counts: `coalesce(upper(o.status), '') not in ('FAILED', 'CANCELLED')`,
  },
  {
    kind: 'portins',
    direction: 'in',
    at: 'coalesce(o.actual_foc_date, o.last_modified_date, o.order_date)',
    counts: `upper(o.status) = 'COMPLETE'`,
  },
  {
    kind: 'disconnects',
    direction: 'out',
    at: 'coalesce(o.order_date, o.last_modified_date)',
    counts: `coalesce(upper(o.status), '') not in ('FAILED', 'CANCELLED')`,
  },
  {
    kind: 'portouts',
    direction: 'out',
    at: 'coalesce(o.actual_foc_date, o.order_date, o.last_modified_date)',
    counts: `upper(o.status) = 'COMPLETE'`,
  },
  {
    kind: 'import_tn_orders',
    direction: 'in',
    at: 'coalesce(o.order_date, o.last_modified_date)',
    named: `n.outcome = 'ACCEPTED'`,
    counts: `upper(o.status) in ('COMPLETE', 'PARTIAL')`,
  },
  {
    kind: 'remove_imported_tn_orders',
    direction: 'out',
    at: 'coalesce(o.order_date, o.last_modified_date)',
    named: `n.outcome = 'ACCEPTED'`,
    counts: `upper(o.status) in ('COMPLETE', 'PARTIAL')`,
  },
] as const;

/** The kinds of orders that bring numbers or take them away. */
export type MovementKind = (typeof movements)[number]['kind'];

const eventsOfNumbers = `
  select number, kind, direction, order_id, ${micros('at')} as at from (
    ${movements
      .map(
        ({ kind, direction, at, counts, ...more }) => `
    select asked.number, '${kind}' as kind, '${direction}' as direction, o.order_id, ${at} as at
    from ${ordersOfNumbers(`${kind}_numbers`, kind, { order: counts, ...more })}`,
      )
      .join(' union all ')}
  ) as event where at is not null
  -- What leaves and comes at the same moment leaves first.
  order by at, direction desc, order_id`;

const declarationsOfNumbers = `
  select asked.number, o.order_id, o.action || 'ED' as status, ${micros('o.order_date')} as at
  from ${ordersOfNumbers('number_assignment_order_numbers', 'number_assignment_orders', {
    named: `n.outcome = 'ACCEPTED'`,
    order: `coalesce(upper(o.status), '') <> 'FAILED' and o.action is not null and o.order_date is not null`,
  })}
  order by o.order_date, o.order_id`;

interface SightingRow {
  number: string;
  at: number;
  status: string;
  in_service_date: number | null;
  last_modified: number | null;
  present: boolean;
}

/**
 * Reads what is known about each of the numbers, in four statements however many they are.
 *
 * @param lockRows keeps others from the rows in telephone_numbers, one after the other, before anything else is read
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
      declarations: [],
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
  // A version ends when it was replaced, and so what replaced it begins then: each sighting dates the next one.
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
  await read<{ number: string; order_id: string; status: Declaration['status']; at: number }>(
    declarationsOfNumbers,
    ({ declarations }, { order_id, status, at }) => declarations.push({ orderId: order_id, status, at }),
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
