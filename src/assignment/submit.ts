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
import { type AssignContext, usualTiming } from './assign-context.js';
import { type Chunk, type ChunkState, loadChunk, markPlaced, markSubmitting, markUnknown } from './chunks.js';
import { findOrder } from './find-order.js';
import { recordOutcome, recordRefusal } from './record-outcome.js';

/** Chunks whose numbers are in memory at a time; the client's own limit decides how many are under way. */
const chunksAtOnce = 4;

/** What is asked about a lost answer goes before new orders: until it is answered, nothing is known of a chunk. */
const lookupPriority = 1;

/** An order that Bandwidth took and has not ended yet. */
export interface PlacedOrder {
  chunkNumber: number;
  orderId: string;
  /** Bandwidth's word, as last heard. */
  status: string;
  /** Epoch milliseconds by this machine's clock. */
  submittedAt: number;
}

/**
 * Places the orders of chunks that have none yet, each exactly once, and answers with those that are not at their end. A chunk that
 * may have been sent before is looked for first. One that Bandwidth refuses is noted as failed, one of which nobody can
 * tell as unknown; the others go on.
 *
 * @throws the error that keeps every order from being placed: the API is down, the credentials are refused, the run was asked to stop
 */
export async function submitChunks(
  context: AssignContext,
  batchId: string,
  states: readonly ChunkState[],
): Promise<PlacedOrder[]> {
  const placed: PlacedOrder[] = [];
  const queue = new PQueue({ concurrency: chunksAtOnce });
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
  const { settleMs } = { ...usualTiming, ...context.timing };
  const find = () => findOrder(client, chunk, { account, signal, priority: lookupPriority, settleMs });
  const mayBeThere = state.status !== 'prepared';
  await markSubmitting(database.pool, chunk);
  const submittedAt = Date.now();
  try {
    const found = mayBeThere ? await lookBeforePosting(find) : undefined;
    const order =
      found ??
      (await placeAssignmentOrder(client, {
        account,
        customerOrderId: chunk.customerOrderId,
        action: chunk.action,
        telephoneNumbers: chunk.telephoneNumbers,
        retry: { findOutcome: find },
        signal,
      }));
    context.onPlaced(chunk.telephoneNumbers.length);
    return await keep(context, chunk, order, submittedAt);
  } catch (error) {
    await noteFailure(context, chunk, error);
    return undefined;
  }
}

async function lookBeforePosting(
  find: () => Promise<AssignmentOrder | undefined>,
): Promise<AssignmentOrder | undefined> {
  try {
    return await find();
  } catch (cause) {
    if (isGeneral(cause)) throw cause;
    throw new OutcomeUnknownError('what became of an earlier request could not be found out', { cause });
  }
}

async function keep(
  { account, database, warn }: AssignContext,
  chunk: Chunk,
  order: AssignmentOrder,
  submittedAt: number,
): Promise<PlacedOrder | undefined> {
  if (isEndOfAssignment(order.status)) {
    for (const warning of await recordOutcome(database, account, chunk, order)) warn(warning);
    return undefined;
  }
  await markPlaced(database.pool, chunk, order);
  return { chunkNumber: chunk.chunkNumber, orderId: order.orderId, status: order.status, submittedAt };
}

/** Notes what a failure says about the chunk; throws it again where it is about all of them. */
async function noteFailure({ database, warn, signal }: AssignContext, chunk: Chunk, error: unknown): Promise<void> {
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
    await markUnknown(database.pool, chunk, why);
    warn(
      `What became of order ${chunk.chunkNumber} of batch ${chunk.batchId} is unknown; the next run looks for it again: ${why}`,
    );
    if (!isGeneral(error.cause)) return;
  }
  throw error;
}

/** A 400 is about the order; 401, 403 and 404 are about the account, and so about all orders. */
function isRefusal({ status }: ApiError): boolean {
  return status >= 400 && status !== 403 && status !== 404;
}

/** What keeps any other request from being answered, too. */
function isGeneral(error: unknown): boolean {
  return error instanceof UnavailableError || error instanceof RateLimitedError || error instanceof BrokenBodyError;
}
