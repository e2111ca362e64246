import type { AssignContext } from './assign-context.js';
import { type BatchSummary, settleBatch } from './batches.js';
import { openChunks } from './chunks.js';
import { awaitOrders } from './poll.js';
import { type PlacedOrder, submitChunks } from './submit.js';

export interface RunBatchOptions {
  /** Wait for the ends of the orders after the last one was placed. */
  wait: boolean;
  /** How long. */
  timeoutMs: number;
}

/** The statuses of a chunk whose order is still to be placed, or to be looked for. */
const unplaced = new Set(['prepared', 'submitting', 'unknown']);

/**
 * Brings a recorded batch on: places what is not placed, waits for what is not at its end. It can be ended at any moment,
 * by whatever means, and goes on from there the next time. Only the holder of the batch's lock may call it.
 */
export async function runBatch(
  context: AssignContext,
  batchId: string,
  options: RunBatchOptions,
): Promise<BatchSummary> {
  const { database } = context;
  try {
    const chunks = await openChunks(database.pool, batchId);
    const earlier = chunks.flatMap(({ chunkNumber, orderId, status, submittedAt }): PlacedOrder[] =>
      orderId === undefined ? [] : [{ chunkNumber, orderId, status, submittedAt: submittedAt?.getTime() ?? 0 }],
    );
    const toPlace = chunks.filter(({ status, orderId }) => unplaced.has(status) && orderId === undefined);
    context.expect(toPlace.reduce((sum, { numberCount }) => sum + numberCount, 0));
    const placed = await submitChunks(context, batchId, toPlace);
    if (options.wait) await awaitOrders(context, batchId, [...earlier, ...placed], Date.now() + options.timeoutMs);
  } catch (error) {
    // What was reached is told by the tables even where the run failed.
    await settleBatch(database.pool, batchId).catch(() => undefined);
    throw error;
  }
  return settleBatch(database.pool, batchId);
}
