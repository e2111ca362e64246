import { ApiError } from '../dashboard/errors.js';
import { type AssignmentOrder, isEndOfAssignment, readAssignmentOrder } from '../dashboard/number-assignments.js';
import { sleep } from '../dashboard/retry.js';
import { type AssignContext, usualTiming } from './assign-context.js';
import { loadChunk, markPlaced } from './chunks.js';
import { recordOutcome } from './record-outcome.js';
import type { PlacedOrder } from './submit.js';

/** Orders are asked for after those that are still to be placed. */
const pollPriority = -1;
const pollsAtOnce = 4;
/** The longest wait between two questions about an order, in milliseconds. */
const longestWait = 60_000;

interface Waiting extends PlacedOrder {
  /** Epoch milliseconds of the next question; undefined for an order that was not asked for yet. */
  nextAt: number | undefined;
}

/**
 * Asks for orders until they are at their end, and records each as it gets there. Answers with those that are not when the time
 * is over.
 *
 * How long Bandwidth takes nobody says, so one order, the oldest, is asked for at growing intervals until one has ended. The age at
 * which it had is when all others are asked for the first time: most orders cost one request.
 *
 * @param deadline epoch milliseconds
 */
export async function awaitOrders(
  context: AssignContext,
  batchId: string,
  placed: readonly PlacedOrder[],
  deadline: number,
): Promise<PlacedOrder[]> {
  const waiting = new Set<Waiting>(placed.map((order) => ({ ...order, nextAt: undefined })));
  const asked = new Map<Waiting, Promise<void>>();
  const { firstAgeMs: firstAge } = { ...usualTiming, ...context.timing };
  let expectedAge = firstAge;
  let hasEnded = false;
  let failure: { error: unknown } | undefined;

  const dueAt = (order: Waiting) => order.nextAt ?? order.submittedAt + expectedAge;
  const nextDue = () =>
    [...waiting]
      .filter((order) => !asked.has(order))
      .reduce<Waiting | undefined>(
        (first, order) => (first === undefined || dueAt(order) < dueAt(first) ? order : first),
        undefined,
      );
  const ask = async (order: Waiting) => {
    const isEnded = await askOnce(context, batchId, order);
    const now = Date.now();
    const age = now - order.submittedAt;
    if (isEnded) {
      waiting.delete(order);
      expectedAge = hasEnded ? Math.min(expectedAge, age) : Math.max(firstAge, Math.min(age, expectedAge));
      hasEnded = true;
      return;
    }
    order.nextAt = now + Math.min(longestWait, Math.max(firstAge, age / 2));
    if (!hasEnded) expectedAge = Math.max(expectedAge, age * 1.5);
  };

  while (waiting.size > 0 && failure === undefined) {
    const now = Date.now();
    if (now >= deadline && asked.size === 0) break;
    const next = nextDue();
    const mayAsk = now < deadline && asked.size < (hasEnded ? pollsAtOnce : 1);
    if (next !== undefined && mayAsk && dueAt(next) <= now) {
      const question = ask(next)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => asked.delete(next));
      asked.set(next, question);
      continue;
    }
    const wait = mayAsk && next !== undefined ? Math.min(dueAt(next), deadline) - now : undefined;
    await firstOf([...asked.values()], wait, context.signal);
  }
  await Promise.all(asked.values());
  if (failure !== undefined) throw failure.error;
  return [...waiting];
}

/** True where the order is at its end, which is then recorded. */
async function askOnce(context: AssignContext, batchId: string, order: Waiting): Promise<boolean> {
  const { account, client, database, signal, warn, log } = context;
  const { orderId, chunkNumber } = order;
  let answer: AssignmentOrder;
  try {
    answer = await readAssignmentOrder(client, orderId, { account, signal, priority: pollPriority });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.warn(`Order ${orderId} of batch ${batchId} can't be read; it is asked for again: ${error.message}`);
    return false;
  }
  if (!isEndOfAssignment(answer.status)) {
    if (answer.status !== order.status) await markPlaced(database.pool, { batchId, chunkNumber }, answer);
    order.status = answer.status;
    return false;
  }
  const chunk = await loadChunk(database.pool, batchId, chunkNumber);
  for (const warning of await recordOutcome(database, account, chunk, answer)) warn(warning);
  return true;
}

/** Waits for the first of several questions, or for so long, whichever ends first. */
async function firstOf(
  questions: readonly Promise<void>[],
  ms: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const timer =
    ms === undefined ? [] : [sleep(Math.max(1, ms), AbortSignal.any([signal, stop.signal])).catch(() => undefined)];
  await Promise.race([...questions, ...timer]);
  stop.abort();
  signal.throwIfAborted();
}
