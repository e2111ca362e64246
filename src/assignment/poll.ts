import PQueue from 'p-queue';
import { ApiError } from '../dashboard/errors.js';
import { type AssignmentOrder, isEndOfAssignment, readAssignmentOrder } from '../dashboard/number-assignments.js';
import { sleep, unlessAborted } from '../dashboard/retry.js';
import { type AssignContext, usualTiming } from './assign-context.js';
import { loadChunk, markPlaced } from './chunks.js';
import { recordOutcome } from './record-outcome.js';
import type { PlacedOrder } from './submit.js';

/** Orders are asked for after those that are still to be placed. */
const pollPriority = -1;
const pollsAtOnce = 4;
/** Ends of orders that are being recorded, each with all that is known of its numbers in memory. */
const recordedAtOnce = 3;
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
  const failed = new AbortController();
  const stopped = AbortSignal.any([context.signal, failed.signal]);
  const fail = (error: unknown) => failed.abort(error);
  // Apart from the questions: a question that waited for it would come later in its minute, and so would those of all minutes after.
  const recording = new PQueue({ concurrency: recordedAtOnce });
  const record = (order: Waiting, answer: AssignmentOrder) => {
    const task = async () => {
      stopped.throwIfAborted();
      await recordEnd(context, batchId, order, answer);
    };
    recording.add(task).catch(fail);
  };

  const dueAt = (order: Waiting) => order.nextAt ?? order.submittedAt + expectedAge;
  const nextDue = () =>
    [...waiting]
      .filter((order) => !asked.has(order))
      .reduce<Waiting | undefined>(
        (first, order) => (first === undefined || dueAt(order) < dueAt(first) ? order : first),
        undefined,
      );
  const ask = async (order: Waiting) => {
    const end = await askOnce({ ...context, signal: stopped }, batchId, order);
    const now = Date.now();
    const age = now - order.submittedAt;
    if (end !== undefined) {
      waiting.delete(order);
      record(order, end);
      expectedAge = hasEnded ? Math.min(expectedAge, age) : Math.max(firstAge, Math.min(age, expectedAge));
      hasEnded = true;
      return;
    }
    order.nextAt = now + Math.min(longestWait, Math.max(firstAge, age / 2));
    if (!hasEnded) expectedAge = Math.max(expectedAge, age * 1.5);
  };

  try {
    while (waiting.size > 0) {
      stopped.throwIfAborted();
      const now = Date.now();
      if (now >= deadline && asked.size === 0) break;
      const next = nextDue();
      const mayAsk = now < deadline && asked.size < (hasEnded ? pollsAtOnce : 1);
      if (next !== undefined && mayAsk && dueAt(next) <= now) {
        const question = ask(next)
          .catch(fail)
          .finally(() => asked.delete(next));
        asked.set(next, question);
        continue;
      }
      const wait = mayAsk && next !== undefined ? Math.min(dueAt(next), deadline) - now : undefined;
      await firstOf([...asked.values()], wait, stopped);
    }
  } finally {
    // What has begun is brought to its end, also where all the rest is given up.
    await Promise.all(asked.values());
    await recording.onIdle();
  }
  failed.signal.throwIfAborted();
  return [...waiting];
}

/** The answer where the order is at its end, without its numbers: those are known. */
async function askOnce(context: AssignContext, batchId: string, order: Waiting): Promise<AssignmentOrder | undefined> {
  const { account, client, database, signal, log } = context;
  const { orderId, chunkNumber } = order;
  let answer: AssignmentOrder;
  try {
    answer = await readAssignmentOrder(client, orderId, { account, signal, priority: pollPriority });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.warn(`Order ${orderId} of batch ${batchId} can't be read; it is asked for again: ${error.message}`);
    return undefined;
  }
  if (isEndOfAssignment(answer.status)) return { ...answer, telephoneNumbers: [] };
  if (answer.status !== order.status) await markPlaced(database.pool, { batchId, chunkNumber }, answer);
  order.status = answer.status;
  return undefined;
}

async function recordEnd(
  { account, database, warn }: AssignContext,
  batchId: string,
  { chunkNumber }: Waiting,
  answer: AssignmentOrder,
): Promise<void> {
  const chunk = await loadChunk(database.pool, batchId, chunkNumber);
  for (const warning of await recordOutcome(database, account, chunk, answer)) warn(warning);
}

/** Waits for the first of several questions, or for so long, whichever ends first. */
async function firstOf(
  questions: readonly Promise<void>[],
  ms: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const timer = ms === undefined ? [] : [sleep(Math.max(1, ms), stop.signal).catch(() => undefined)];
  try {
    await unlessAborted(Promise.race([...questions, ...timer]), signal);
  } finally {
    stop.abort();
  }
}
