import type { DashboardClient } from '../dashboard/client.js';
import {
  type AssignmentOrder,
  maxAssignmentsPerList,
  readAssignmentOrder,
  searchAssignmentOrders,
} from '../dashboard/number-assignments.js';
import { sleep } from '../dashboard/retry.js';
import { LedgerError } from '../errors.js';
import type { Chunk } from './chunks.js';

/** A list of candidates longer than this is not read through, one request each. */
const mostCandidates = 20;

/**
 * Looks for the order of a chunk whose answer was lost. What the API lists is compared by id, action and numbers before it
 * is believed. Answers undefined only where there certainly is no such order: it is looked for twice, since a request that was
 * cut off may still be on its way.
 *
 * @throws {LedgerError} where that can't be told
 */
export async function findOrder(
  client: DashboardClient,
  chunk: Chunk,
  options: { account: string; signal: AbortSignal; priority: number; settleMs: number },
): Promise<AssignmentOrder | undefined> {
  const found = await lookOnce(client, chunk, options);
  if (found !== undefined) return found;
  await sleep(options.settleMs, options.signal);
  return lookOnce(client, chunk, options);
}

async function lookOnce(
  client: DashboardClient,
  chunk: Chunk,
  options: { account: string; signal: AbortSignal; priority: number },
): Promise<AssignmentOrder | undefined> {
  const listed = await searchAssignmentOrders(client, chunk.customerOrderId, options);
  const candidates = listed.filter(
    ({ customerOrderId }) => customerOrderId === undefined || customerOrderId === chunk.customerOrderId,
  );
  if (candidates.some(({ orderId }) => orderId === undefined)) {
    throw cannotTell(chunk, 'the API lists an order without its id');
  }
  if (candidates.length > mostCandidates) {
    throw cannotTell(chunk, `the API lists ${candidates.length} orders that may be it`);
  }
  for (const { orderId } of candidates) {
    const order = await readAssignmentOrder(client, orderId as string, options);
    if (order.customerOrderId !== undefined && order.customerOrderId !== chunk.customerOrderId) continue;
    if (isOrderOf(order, chunk)) return order;
    if (order.customerOrderId === chunk.customerOrderId) {
      throw cannotTell(chunk, `order ${order.orderId} has its id, but another action or other numbers`);
    }
  }
  if (listed.length >= maxAssignmentsPerList) throw cannotTell(chunk, 'the API lists more orders than fit its list');
  return undefined;
}

function isOrderOf(order: AssignmentOrder, { action, telephoneNumbers }: Chunk): boolean {
  if (order.action !== action || order.telephoneNumbers.length !== telephoneNumbers.length) return false;
  const named = new Set(order.telephoneNumbers);
  return telephoneNumbers.every((number) => named.has(number));
}

function cannotTell({ customerOrderId }: Chunk, why: string): LedgerError {
  return new LedgerError(`whether the order ${customerOrderId} was placed can't be told: ${why}`);
}
