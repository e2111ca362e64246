import type pg from 'pg';
import { effectsOf, orderDescriptions } from '../../dashboard/registry.js';
import type { OrderDescription } from '../../dashboard/resource.js';
import { disconnectedNumbers } from '../../dashboard/resources/disconnected-numbers.js';
import { disconnects } from '../../dashboard/resources/disconnects.js';
import { numberAssignments } from '../../dashboard/resources/number-assignments.js';
import { lockNumbers, lockNumbersShared } from '../../database/advisory-locks.js';
import { reconcileNumbers } from './reconcile.js';

/**
 * Updates the number histories, `telephone_numbers.assignment_status` and `disconnected_numbers` from what is stored about these
 * orders, in the client's transaction. This includes numbers that were removed from an order. Other transactions that write the
 * account's numbers wait until this one ends. Write orders before the call, never after it in the same transaction: two transactions
 * that lock orders and numbers in a different order would deadlock.
 *
 * @param kind the name of the orders' description; kinds that neither move nor mark numbers change nothing
 * @returns how many rows were written: 0 when called again
 */
export async function applyOrderEvents(
  client: pg.ClientBase,
  account: string,
  kind: string,
  orderIds: readonly string[],
): Promise<number> {
  const orders = orderDescriptions.find(({ name }) => name === kind);
  const [first] = orders === undefined ? [] : effectsOf(orders);
  if (orders === undefined || first === undefined || orderIds.length === 0) return 0;
  await lockNumbers(client, account);
  const query = { text: numbersOf(orders), values: [account, orderIds] };
  // Marks don't move numbers: their status follows from the runs and from other orders.
  return reconcileNumbers(client, account, query, first.effect === 'mark' ? 'assignments' : 'all');
}

/**
 * Does the same for one assignment order, all of whose numbers are on the account. Several of these can run concurrently: a bulk
 * assignment finishes hundreds at a time.
 */
export async function applyAssignmentOrder(client: pg.ClientBase, account: string, orderId: string): Promise<number> {
  await lockNumbersShared(client, account);
  // Sorted, so that two orders with common numbers can't deadlock.
  const text = `${numbersOf(numberAssignments)} order by telephone_number`;
  return reconcileNumbers(client, account, { text, values: [account, [orderId]] }, 'assignments', { lockRows: true });
}

const named = (table: string) => `select telephone_number from ${table} where account_id = $1 and order_id = any($2)`;
const dated = (column: string) =>
  `select telephone_number from number_status_history where account_id = $1 and ${column} = any($2)`;

/** The numbers of the orders, and the numbers whose histories refer to them. */
function numbersOf(orders: OrderDescription): string {
  const parts = [named(orders.numbersTable)];
  const effects = effectsOf(orders).map(({ effect }) => effect);
  if (effects.includes('mark')) parts.push(named('number_assignment_history'));
  else parts.push(dated('from_order_id'));
  if (effects.includes('out')) parts.push(dated('to_order_id'));
  if (orders.name === disconnects.name) parts.push(named(disconnectedNumbers.table));
  return parts.join(' union ');
}
