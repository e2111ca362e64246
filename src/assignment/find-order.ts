import type { DashboardClient } from '../dashboard/client.js';
import {
  type AssignmentOrder,
  maxAssignmentsPerList,
  readAssignmentOrder,
  searchAssignmentOrders,
} from '../dashboard/number-assignments.js';
import { LedgerError } from '../errors.js';
import { sleep } from '../retry.js';
import type { Chunk } from './chunks.js';

/** Each candidate costs one request; a longer list isn't read. */
const maxCandidates = 20;

/**
 * Looks up the order of a chunk whose response was lost. An order in the API's list must match by id, action and
 * numbers. Returns undefined only if there certainly is no such order: it searches twice, because an interrupted
 * request may still be in transit.
 *
 * @throws {LedgerError} if it can't be determined
 */
export async function findOrder(
  client: DashboardClient,
  chunk: Chunk,
  options: { account: string; signal: AbortSignal; priority: number; listingDelayMs: number },
): Promise<AssignmentOrder | undefined> {
  const found = await searchOnce(client, chunk, options);
  if (found !== undefined) return found;
  await sleep(options.listingDelayMs, options.signal);
  return searchOnce(client, chunk, options);
}

async function searchOnce(
  client: DashboardClient,
  chunk: Chunk,
  options: { account: string; signal: AbortSignal; priority: number },
): Promise<AssignmentOrder | undefined> {
  const listed = await searchAssignmentOrders(client, chunk.customerOrderId, options);
  const candidates = listed.filter(
    ({ customerOrderId }) => customerOrderId === undefined || customerOrderId === chunk.customerOrderId,
  );
  if (candidates.some(({ orderId }) => orderId === undefined)) {
    throw undetermined(chunk, 'the API lists an order without its id');
  }
  if (candidates.length > maxCandidates) {
    throw undetermined(chunk, `the API lists ${candidates.length} orders that may match`);
  }
  for (const { orderId } of candidates) {
    const order = await readAssignmentOrder(client, orderId as string, options);
    if (order.customerOrderId !== undefined && order.customerOrderId !== chunk.customerOrderId) continue;
    if (isOrderOf(order, chunk)) return order;
    if (order.customerOrderId === chunk.customerOrderId) {
      throw undetermined(chunk, `order ${order.orderId} has the same id but a different action or different numbers`);
    }
  }
  if (listed.length >= maxAssignmentsPerList)
    throw undetermined(chunk, 'the API has more orders than its result limit');
  return undefined;
}

function isOrderOf(order: AssignmentOrder, { action, telephoneNumbers }: Chunk): boolean {
  if (order.action !== action || order.telephoneNumbers.length !== telephoneNumbers.length) return false;
  const listedNumbers = new Set(order.telephoneNumbers);
  return telephoneNumbers.every((number) => listedNumbers.has(number));
}

function undetermined({ customerOrderId }: Chunk, why: string): LedgerError {
  return new LedgerError(`can't determine whether order ${customerOrderId} was placed: ${why}`);
}
