import type pg from 'pg';
import { disconnectedNumbers } from '../../dashboard/resources/disconnected-numbers.js';
import { disconnects } from '../../dashboard/resources/disconnects.js';
import { readInBatches } from '../../database/cursor.js';
import { assignmentIntervalsOf } from './assignment-intervals.js';
import { askedFor, type Evidence, micros, readEvidence, rowsOf, timestamp } from './evidence.js';
import { observedStatusesOf } from './observed-statuses.js';
import { statusIntervalsOf } from './status-intervals.js';
import { assignmentHistory, statusHistory, writeHistory } from './write.js';

/**
 * Numbers per batch: enough that the cost per statement is negligible, few enough that the evidence of several transactions fits in
 * memory.
 */
const numbersAtOnce = 2500;

/** What may have changed: everything, or only the assignment status. */
export type ReconcileScope = 'all' | 'assignments';

/**
 * Updates both histories of the numbers, their `assignment_status` and their row in `disconnected_numbers` from everything stored
 * about them: what runs saw, and the orders. It recomputes them from that evidence, so that the result doesn't depend on what was
 * known first, and writes only differences.
 *
 * @param query returns the numbers, once each, in its first column
 * @param lockRows lock the numbers' rows, in the query's order, until the transaction ends; needed if it does not hold the
 *   exclusive lock on the account's numbers
 * @returns how many rows were written
 */
export async function reconcileNumbers(
  client: pg.ClientBase,
  account: string,
  query: { text: string; values: readonly unknown[] },
  scope: ReconcileScope = 'all',
  { lockRows = false }: { lockRows?: boolean } = {},
): Promise<number> {
  let written = 0;
  const batches = { ...query, name: 'numbers_to_reconcile', size: numbersAtOnce, rowMode: 'array' } as const;
  for await (const rows of readInBatches<[string]>(client, batches)) {
    const numbers = rows.map(([number]) => number);
    const evidence = await readEvidence(client, account, numbers, { lockRows });
    written += await reconcile(client, account, evidence, scope);
  }
  return written;
}

async function reconcile(
  client: pg.ClientBase,
  account: string,
  evidence: ReadonlyMap<string, Evidence>,
  scope: ReconcileScope,
): Promise<number> {
  const statuses = new Map(
    [...evidence].map(([number, { sightings, events }]) => [
      number,
      statusIntervalsOf(observedStatusesOf(sightings), events),
    ]),
  );
  const assignments = new Map(
    [...evidence].map(([number, { marks, events }]) => [
      number,
      assignmentIntervalsOf(marks, statuses.get(number) ?? [], events),
    ]),
  );
  const isAll = scope === 'all';
  const intervals = isAll ? await writeHistory(client, account, statusHistory, statuses) : 0;
  const marked = await writeHistory(client, account, assignmentHistory, assignments);
  const latest = new Map(
    [...assignments].map(([number, of]) => [number, of.at(-1)?.to === undefined ? (of.at(-1)?.status ?? null) : null]),
  );
  const statusesChanged = await writeAssignmentStatus(client, account, evidence, latest);
  const disconnects = isAll ? await writeDisconnects(client, account, evidence) : 0;
  return intervals + marked + statusesChanged + disconnects;
}

async function writeAssignmentStatus(
  client: pg.ClientBase,
  account: string,
  evidence: ReadonlyMap<string, Evidence>,
  latest: ReadonlyMap<string, string | null>,
): Promise<number> {
  const changed = [...evidence].flatMap(([number, { assignmentStatus }]) =>
    assignmentStatus !== undefined && assignmentStatus !== latest.get(number) ? [number] : [],
  );
  if (changed.length === 0) return 0;
  // Sets telephone_number to itself: see apply-numbers.ts.
  const { rowCount } = await client.query(
    `update telephone_numbers t set telephone_number = t.telephone_number, assignment_status = c.status, changed_at = now()
       from ${askedFor('c', { number: 'text', status: 'text' })}
      where t.account_id = c.account and t.telephone_number = c.number`,
    [account, changed, changed.map((number) => latest.get(number) ?? null)],
  );
  return rowCount ?? 0;
}

/** Stores the latest disconnect order of each number. If there no longer is one, the number keeps its row without an order. */
async function writeDisconnects(
  client: pg.ClientBase,
  account: string,
  evidence: ReadonlyMap<string, Evidence>,
): Promise<number> {
  const stored = await readDisconnects(client, account, [...evidence.keys()]);
  const numbers: string[] = [];
  const times: (number | null)[] = [];
  const orders: (string | null)[] = [];
  for (const [number, { events }] of evidence) {
    const last = events.findLast(({ kind }) => kind === disconnects.name);
    const known = stored.get(number);
    if (last?.orderId === (known?.order_id ?? undefined) && (last === undefined || last.at === known?.at)) continue;
    numbers.push(number);
    times.push(last?.at ?? null);
    orders.push(last?.orderId ?? null);
  }
  if (numbers.length === 0) return 0;
  const { rowCount } = await client.query(
    `insert into ${disconnectedNumbers.table} (account_id, telephone_number, disconnected_at, order_id)
     select $1, number, ${timestamp('at')}, order_id
     from unnest($2::text[], $3::float8[], $4::text[]) as d (number, at, order_id)
     on conflict (account_id, telephone_number) do update
        set disconnected_at = excluded.disconnected_at, order_id = excluded.order_id, changed_at = now()`,
    [account, numbers, times, orders],
  );
  return rowCount ?? 0;
}

interface StoredDisconnect {
  number: string;
  order_id: string | null;
  at: number | null;
}

async function readDisconnects(
  client: pg.ClientBase,
  account: string,
  numbers: readonly string[],
): Promise<Map<string, StoredDisconnect>> {
  const { rows } = await client.query<StoredDisconnect>(
    `select asked.number, order_id, ${micros('disconnected_at')} as at from ${rowsOf(disconnectedNumbers.table)}`,
    [account, numbers],
  );
  return new Map(rows.map((row) => [row.number, row]));
}
