import type pg from 'pg';
import { lockNumbers, shareNumbers } from '../lock.js';
import type { MovementKind } from './evidence.js';
import { reconcileNumbers } from './reconcile.js';

/** The kinds of orders that make history. */
export type HistoryOrderKind = MovementKind | 'number_assignments';

/**
 * Brings the histories of numbers, `telephone_numbers.assignment_status` and `disconnected_numbers` in line with what is stored
 * about these orders, within the client's transaction. Numbers that an order named before and names no more are put right too.
 * Other transactions that work on the account's numbers wait until this one ends. Whoever calls it has written the orders before, and
 * writes none afterwards: two that took orders and numbers in different turns would wait for each other for ever.
 *
 * @returns how many rows were written: none when it is called again
 */
export async function applyOrderEvents(
  client: pg.ClientBase,
  account: string,
  kind: HistoryOrderKind,
  orderIds: readonly string[],
): Promise<number> {
  if (orderIds.length === 0) return 0;
  await lockNumbers(client, account);
  const query = { text: numbersOf[kind], values: [account, orderIds] };
  // A declaration moves no number: what state it was in when follows from the nights and from other orders.
  return reconcileNumbers(client, account, query, kind === 'number_assignments' ? 'declarations' : 'all');
}

/**
 * The same for one order that declared numbers, all of which the account holds. Several of these work side by side: a bulk assignment
 * ends hundreds at a time.
 */
export async function applyDeclarations(client: pg.ClientBase, account: string, orderId: string): Promise<number> {
  await shareNumbers(client, account);
  // In one order, so that two that have numbers in common don't wait for each other.
  const text = `${numbersOf.number_assignments} order by telephone_number`;
  return reconcileNumbers(client, account, { text, values: [account, [orderId]] }, 'declarations', { lockRows: true });
}

const named = (table: string) => `select telephone_number from ${table} where account_id = $1 and order_id = any($2)`;
const dated = (column: string) =>
  `select telephone_number from number_status_history where account_id = $1 and ${column} = any($2)`;

/** Numbers that orders name, and those whose histories say that they did. */
const numbersOf: Record<HistoryOrderKind, string> = {
  orders: `${named('orders_numbers')} union ${dated('from_order_id')}`,
  portins: `${named('portins_numbers')} union ${dated('from_order_id')}`,
  disconnects: `${named('disconnects_numbers')} union ${dated('from_order_id')} union ${dated('to_order_id')}
    union ${named('disconnected_numbers')}`,
  portouts: `${named('portouts_numbers')} union ${dated('from_order_id')} union ${dated('to_order_id')}`,
  import_tn_orders: `${named('import_tn_orders_numbers')} union ${dated('from_order_id')}`,
  remove_imported_tn_orders: `${named('remove_imported_tn_orders_numbers')} union ${dated('from_order_id')}
    union ${dated('to_order_id')}`,
  number_assignments: `${named('number_assignment_order_numbers')} union ${named('number_assignment_history')}`,
};
