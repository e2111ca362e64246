import PQueue from 'p-queue';
import {
  ApiError,
  BrokenBodyError,
  OutcomeUnknownError,
  RateLimitedError,
  UnavailableError,
} from '../dashboard/errors.js';
import { type AssignmentOrder, isEndOfAssignment, placeAssignmentOrder } from '../dashboard/number-assignments.js';
import { messageOf } from '../errors.js';
import { type AssignContext, defaultTiming } from './assign-context.js';
import { type Chunk, type ChunkState, loadChunk, markPlaced, markSubmitting, markUnknown } from './chunks.js';
import { findOrder } from './find-order.js';
import { recordOutcome, recordRefusal } from './record-outcome.js';

/** Chunks held in memory at a time; the client's rate limit decides how many requests are in flight. */
const maxConcurrentChunks = 4;

/** Lookups after a lost response go before new orders: until then, the state of the chunk is unknown. */
const lookupPriority = 1;

/** An order that Bandwidth accepted and that isn't final yet. */
export interface PlacedOrder {
  chunkNumber: number;
  orderId: string;
  /** Bandwidth's last reported status. */
  status: string;
  /** On the monotonic clock, in milliseconds; may be below 0 for an order of an earlier process. */
  submittedAt: number;
}

/**
 * Places the orders of chunks that have none yet, each exactly once, and returns those that aren't final. Looks up
 * the order first if the chunk may have been sent before. Records a refused order as failed, and an order that may
 * or may not exist as unknown; the others continue.
 *
 * @throws the error that prevents every order: the API is down, the credentials are refused, or the run was asked
 *   to stop
 */
export async function submitChunks(
  context: AssignContext,
  batchId: string,
  states: readonly ChunkState[],
): Promise<PlacedOrder[]> {
  const placed: PlacedOrder[] = [];
  const queue = new PQueue({ concurrency: maxConcurrentChunks });
  let failure: { error: unknown } | undefined;
  for (const state of states) {
    const task = async () => {
      if (failure !== undefined || context.signal.aborted) return;
      try {
        const order = await submitChunk(
          context,
          await loadChunk(context.database.pool, batchId, state.chunkNumber),
          state,
        );
        if (order !== undefined) placed.push(order);
      } catch (error) {
        failure ??= { error };
      }
    };
    void queue.add(task);
  }
  await queue.onIdle();
  if (failure !== undefined) throw failure.error;
  context.signal.throwIfAborted();
  return placed.sort((a, b) => a.submittedAt - b.submittedAt);
}

async function submitChunk(context: AssignContext, chunk: Chunk, state: ChunkState): Promise<PlacedOrder | undefined> {
  const { account, client, database, signal } = context;
  const { listingDelayMs } = { ...defaultTiming, ...context.timing };
  const find = () => findOrder(client, chunk, { account, signal, priority: lookupPriority, listingDelayMs });
  const mayExist = state.status !== 'prepared';
  await markSubmitting(database, chunk);
  const submittedAt = performance.now();
  try {
    const found = mayExist ? await findBeforePlacing(find) : undefined;
    const order =
      found ??
      (await placeAssignmentOrder(client, {
        account,
        customerOrderId: chunk.customerOrderId,
        action: chunk.action,
        telephoneNumbers: chunk.telephoneNumbers,
        retry: { findOutcome: find },
        beforeSending: context.assertLocked,
        signal,
      }));
    context.onPlaced(chunk.telephoneNumbers.length);
    return await recordOrder(context, chunk, order, submittedAt);
  } catch (error) {
    await recordChunkFailure(context, chunk, error);
    return undefined;
  }
}

async function findBeforePlacing(
  find: () => Promise<AssignmentOrder | undefined>,
): Promise<AssignmentOrder | undefined> {
  try {
    return await find();
  } catch (cause) {
    if (affectsAllOrders(cause)) throw cause;
    throw new OutcomeUnknownError('the outcome of an earlier request could not be looked up', { cause });
  }
}

async function recordOrder(
  { account, database, warn }: AssignContext,
  chunk: Chunk,
  order: AssignmentOrder,
  submittedAt: number,
): Promise<PlacedOrder | undefined> {
  if (isEndOfAssignment(order.status)) {
    for (const warning of await recordOutcome(database, account, chunk, order)) warn(warning);
    return undefined;
  }
  await markPlaced(database, chunk, order);
  return { chunkNumber: chunk.chunkNumber, orderId: order.orderId, status: order.status, submittedAt };
}

/** Records a failure that concerns one chunk; rethrows one that concerns all of them. */
async function recordChunkFailure(
  { database, warn, signal }: AssignContext,
  chunk: Chunk,
  error: unknown,
): Promise<void> {
  signal.throwIfAborted();
  if (error instanceof ApiError && isRefusal(error)) {
    const [first] = error.codes;
    const failure = { code: first?.code || String(error.status), description: first?.description || error.message };
    await recordRefusal(database, chunk, failure);
    warn(
      `Bandwidth refused order ${chunk.chunkNumber} of batch ${chunk.batchId}: ${failure.code} ${failure.description}`,
    );
    return;
  }
  if (error instanceof OutcomeUnknownError || (error instanceof ApiError && error.status < 400)) {
    const why = error.cause instanceof Error ? `${error.message}: ${messageOf(error.cause)}` : error.message;
    await markUnknown(database, chunk, why);
    warn(
      `The outcome of order ${chunk.chunkNumber} of batch ${chunk.batchId} is unknown; the next run looks it up again: ${why}`,
    );
    if (!affectsAllOrders(error.cause)) return;
  }
  throw error;
}

/** A 400 concerns the order; 401, 403 and 404 concern the account, and so all orders. */
function isRefusal({ status }: ApiError): boolean {
  return status >= 400 && status !== 403 && status !== 404;
}

/** Whether the error would affect any other request as well. */
function affectsAllOrders(error: unknown): boolean {
  return error instanceof UnavailableError || error instanceof RateLimitedError || error instanceof BrokenBodyError;
}
