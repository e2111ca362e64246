import type pg from 'pg';
import { inTransaction } from '../../../src/database/transaction.js';
import { applyOrderEvents } from '../../../src/sync/history/apply-order-events.js';
import type { Ledger } from './ledger.js';

/** An order that tests write without the jobs. Its date is the one that matters for its kind. */
export interface OrderRow {
  /** The name of its resource description. */
  kind: string;
  id: string;
  /** Microseconds since 1970. */
  at: bigint;
  numbers: readonly string[];
  status?: string;
  action?: 'ASSIGN' | 'UNASSIGN';
  /** For assignment orders: numbers that failed. */
  failed?: readonly string[];
}

const time = (parameter: string) => `timestamptz 'epoch' + ${parameter}::bigint * interval '1 microsecond'`;

/** Replaces the stored orders, as the jobs do, and applies them to the histories. */
export function learn(ledger: Pick<Ledger, 'database'>, account: string, orders: readonly OrderRow[]): Promise<number> {
  return inTransaction(ledger.database, {}, async (client) => {
    for (const order of orders) await store(client, account, order);
    let written = 0;
    for (const kind of new Set(orders.map((order) => order.kind))) {
      const ids = orders.filter((order) => order.kind === kind).map(({ id }) => id);
      written += await applyOrderEvents(client, account, kind, ids);
    }
    return written;
  });
}

async function store(client: pg.ClientBase, account: string, order: OrderRow): Promise<void> {
  const { kind, id, at, numbers, status = 'COMPLETE', action = null, failed = [] } = order;
  const isAssignment = kind === 'number_assignments';
  const table = isAssignment ? 'number_assignment_orders' : kind;
  const numbersTable = isAssignment ? 'number_assignment_order_numbers' : `${kind}_numbers`;
  await client.query(`delete from ${table} where account_id = $1 and order_id = $2`, [account, id]);
  await client.query(`delete from ${numbersTable} where account_id = $1 and order_id = $2`, [account, id]);
  // For ports the FOC date matters; other dates must be ignored.
  const ports = kind === 'portins' || kind === 'portouts';
  const dates = ports ? 'actual_foc_date, order_date, last_modified_date' : 'order_date, last_modified_date';
  const values = ports ? `${time('$4')}, now(), now()` : `${time('$4')}, now()`;
  await client.query(
    `insert into ${table} (account_id, order_id, status, ${dates}${isAssignment ? ', action' : ''})
     values ($1, $2, $3, ${values}${isAssignment ? ', $5' : ''})`,
    [account, id, status, at.toString(), ...(isAssignment ? [action] : [])],
  );
  const hasOutcome = isAssignment || kind === 'import_tn_orders' || kind === 'remove_imported_tn_orders';
  const outcome = hasOutcome ? ', outcome' : '';
  const insert = (of: readonly string[], word: string) =>
    client.query(
      `insert into ${numbersTable} (account_id, order_id, telephone_number${outcome})
       select $1, $2, number${hasOutcome ? ', $4' : ''} from unnest($3::text[]) as n (number)`,
      [account, id, of, ...(hasOutcome ? [word] : [])],
    );
  await insert(numbers, 'ACCEPTED');
  if (failed.length > 0) await insert(failed, 'FAILED');
}
