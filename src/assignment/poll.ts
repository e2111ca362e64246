import PQueue from 'p-queue';
import { ApiError } from '../dashboard/errors.js';
import { type AssignmentOrder, isEndOfAssignment, readAssignmentOrder } from '../dashboard/number-assignments.js';
import { sleep, unlessAborted } from '../retry.js';
import { type AssignContext, defaultTiming } from './assign-context.js';
import { loadChunk, markPlaced } from './chunks.js';
import { recordOutcome } from './record-outcome.js';
import type { PlacedOrder } from './submit.js';

/** Polls run after requests that place orders. */
const pollPriority = -1;
const maxConcurrentPolls = 4;
/** Final orders recorded at a time: each one loads all of its numbers into memory. */
const maxConcurrentRecordings = 3;
const maxPollIntervalMs = 60_000;

interface Waiting extends PlacedOrder {
  /** When the next poll is due, on the monotonic clock; undefined for an order that hasn't been polled yet. */
  nextAt: number | undefined;
}

/**
 * Polls orders until they reach a final status, and records each one as it does. Returns the orders that are still
 * open at the deadline.
 *
 * Bandwidth doesn't document how long an order takes. So only the oldest order is polled, at growing intervals,
 * until it finishes. Its age at that point is when the others are polled for the first time: most orders cost one
 * request.
 *
 * @param deadline on the monotonic clock, in milliseconds
 */
export async function awaitOrders(
  context: AssignContext,
  batchId: string,
  placed: readonly PlacedOrder[],
  deadline: number,
): Promise<PlacedOrder[]> {
  const waiting = new Set<Waiting>(placed.map((order) => ({ ...order, nextAt: undefined })));
  const inFlight = new Map<Waiting, Promise<void>>();
  const { firstAgeMs: firstAge } = { ...defaultTiming, ...context.timing };
  let expectedAge = firstAge;
  let hasEnded = false;
  const failed = new AbortController();
  const stopped = AbortSignal.any([context.signal, failed.signal]);
  const fail = (error: unknown) => failed.abort(error);
  // Recording is separate from polling: a poll that waited for a recording would be late, and so would every poll after
  // it.
  const recording = new PQueue({ concurrency: maxConcurrentRecordings });
  const record = (order: Waiting, response: AssignmentOrder) => {
    const task = async () => {
      stopped.throwIfAborted();
      await recordEnd(context, batchId, order, response);
    };
    recording.add(task).catch(fail);
  };

  const dueAt = (order: Waiting) => order.nextAt ?? order.submittedAt + expectedAge;
  const nextDue = () =>
    [...waiting]
      .filter((order) => !inFlight.has(order))
      .reduce<Waiting | undefined>(
        (first, order) => (first === undefined || dueAt(order) < dueAt(first) ? order : first),
        undefined,
      );
  const poll = async (order: Waiting) => {
    const end = await pollOnce({ ...context, signal: stopped }, batchId, order);
    const now = performance.now();
    const age = now - order.submittedAt;
    if (end !== undefined) {
      waiting.delete(order);
      record(order, end);
      expectedAge = hasEnded ? Math.min(expectedAge, age) : Math.max(firstAge, Math.min(age, expectedAge));
      hasEnded = true;
      return;
    }
    order.nextAt = now + Math.min(maxPollIntervalMs, Math.max(firstAge, age / 2));
    if (!hasEnded) expectedAge = Math.max(expectedAge, age * 1.5);
  };

  try {
    while (waiting.size > 0) {
      stopped.throwIfAborted();
      const now = performance.now();
      if (now >= deadline && inFlight.size === 0) break;
      const next = nextDue();
      const mayPoll = now < deadline && inFlight.size < (hasEnded ? maxConcurrentPolls : 1);
      if (next !== undefined && mayPoll && dueAt(next) <= now) {
        const request = poll(next)
          .catch(fail)
          .finally(() => inFlight.delete(next));
        inFlight.set(next, request);
        continue;
      }
      const wait = mayPoll && next !== undefined ? Math.min(dueAt(next), deadline) - now : undefined;
      await waitForAny([...inFlight.values()], wait, stopped);
    }
  } finally {
    // Finish what has started, even if everything else is abandoned.
    await Promise.all(inFlight.values());
    await recording.onIdle();
  }
  failed.signal.throwIfAborted();
  return [...waiting];
}

/** Returns the order if its status is final, without its numbers, which are already known. */
async function pollOnce(context: AssignContext, batchId: string, order: Waiting): Promise<AssignmentOrder | undefined> {
  const { account, client, database, signal, log } = context;
  const { orderId, chunkNumber } = order;
  let response: AssignmentOrder;
  try {
    response = await readAssignmentOrder(client, orderId, { account, signal, priority: pollPriority });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.warn(`Order ${orderId} of batch ${batchId} can't be read and will be polled again: ${error.message}`);
    return undefined;
  }
  if (isEndOfAssignment(response.status)) return { ...response, telephoneNumbers: [] };
  if (response.status !== order.status) await markPlaced(database, { batchId, chunkNumber }, response);
  order.status = response.status;
  return undefined;
}

async function recordEnd(
  { account, database, warn }: AssignContext,
  batchId: string,
  { chunkNumber }: Waiting,
  response: AssignmentOrder,
): Promise<void> {
  const chunk = await loadChunk(database.pool, batchId, chunkNumber);
  for (const warning of await recordOutcome(database, account, chunk, response)) warn(warning);
}

/** Waits until one of the requests completes or the time is up, whichever comes first. */
async function waitForAny(
  requests: readonly Promise<void>[],
  ms: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const timer = ms === undefined ? [] : [sleep(Math.max(1, ms), stop.signal).catch(() => undefined)];
  try {
    await unlessAborted(Promise.race([...requests, ...timer]), signal);
  } finally {
    stop.abort();
  }
}
