import type { AssignContext } from './assign-context.js';
import { type BatchSummary, updateBatchSummary } from './batches.js';
import { openChunks } from './chunks.js';
import { awaitOrders } from './poll.js';
import { type PlacedOrder, submitChunks } from './submit.js';

export interface RunBatchOptions {
  /** Wait for the orders to finish after the last one was placed. */
  wait: boolean;
  /** How long to wait, in milliseconds. */
  timeoutMs: number;
}

/** Statuses of a chunk whose order isn't placed, or must be looked up. */
const unplaced = new Set(['prepared', 'submitting', 'unknown']);

/**
 * Continues a recorded batch: places the orders that aren't placed, and waits for those that aren't final. It can
 * be interrupted at any time and resumes where it stopped. Only the holder of the batch's lock may call it.
 */
export async function runBatch(
  context: AssignContext,
  batchId: string,
  options: RunBatchOptions,
): Promise<BatchSummary> {
  const { database } = context;
  try {
    const chunks = await openChunks(database.pool, batchId);
    const earlier = chunks.flatMap(({ chunkNumber, orderId, status, ageMs = 0 }): PlacedOrder[] =>
      orderId === undefined ? [] : [{ chunkNumber, orderId, status, submittedAt: performance.now() - ageMs }],
    );
    const toPlace = chunks.filter(({ status, orderId }) => unplaced.has(status) && orderId === undefined);
    context.expect(toPlace.reduce((sum, { numberCount }) => sum + numberCount, 0));
    const placed = await submitChunks(context, batchId, toPlace);
    if (options.wait) {
      await awaitOrders(context, batchId, [...earlier, ...placed], performance.now() + options.timeoutMs);
    }
  } catch (error) {
    // The tables show the progress even if the run failed.
    await updateBatchSummary(database, batchId).catch(() => undefined);
    throw error;
  }
  return updateBatchSummary(database, batchId);
}
