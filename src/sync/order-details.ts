import type { OrderDetailResource } from '../dashboard/order-details.js';
import { InterruptedError, LedgerError } from '../errors.js';
import { applyOrderDetails, type DetailBatch } from './apply-order-details.js';
import { inFlight } from './in-flight.js';
import type { JobContext } from './job.js';
import { toDetailRows } from './order-detail-row.js';
import type { OrderToRead } from './order-numbers.js';
import { countOrdersToRead, ordersToRead } from './orders-to-read.js';
import { type OrderReading, readOrder } from './read-order.js';
import { collectWarnings, type ValueWarnings } from './value-warnings.js';

/** Readings are brought into the tables when there are so many orders or numbers, or so long after the last ones. */
const batchOrders = 200;
const batchNumbers = 20_000;
const batchAgeMs = 2000;

/** So many orders in a row that nobody answers are no matter of these orders. */
const failuresInARow = 5;

/** The reason for which requests end when the night's time for details is over. */
const limitReached = Symbol('TN_LEDGER_NIGHT_LIMIT was reached');

/**
 * Reads by id the orders of a kind whose numbers and fields are not known yet or may have changed: those never read, those that
 * changed since, and those that are open, however old; newest first, several at once, committed in batches.
 *
 * When the night's time for details is over it ends well, warns how many orders still lack theirs, and the next night goes on.
 * An order that can't be read stays as it is, with `details_error`, and is tried again the next night.
 *
 * @throws InterruptedError after the batch in hand, when the run is asked to stop
 */
export async function readOrderDetails(context: JobContext, resource: OrderDetailResource): Promise<void> {
  const { account, client, log, run, signal } = context;
  const { all: total } = await countOrdersToRead(context, resource);
  if (total === 0) return;
  const remaining = context.detailsUntil - performance.now();
  if (remaining <= 0) return warnOfLimit(context, resource);
  log.info(`${resource.title} of account ${account}: ${total} to read by id`);
  run.expect(run.counts.rowsRead + total);

  const stop = new AbortController();
  const follow = () => stop.abort(signal.reason);
  if (signal.aborted) follow();
  signal.addEventListener('abort', follow, { once: true });
  const timer = setTimeout(() => stop.abort(limitReached), Math.min(remaining, longestTimer));
  const outcome = createOutcome();
  try {
    const readings = inFlight(
      ordersToRead(context, resource),
      (order) => readOrder(context, resource, order, stop.signal),
      // The client's lane limits what is sent; twice as many handed to it keep it from running dry.
      { atOnce: 2 * client.concurrency, waiting: 2 * batchNumbers, weight },
      (error) => stop.abort(error),
    );
    await bringIn(context, resource, readings, outcome);
  } catch (error) {
    if (signal.aborted && error === signal.reason && !isLoss(error)) throw interrupted(resource, account);
    if (error !== limitReached) throw error;
    await warnOfLimit(context, resource);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', follow);
    for (const sentence of outcome.sentences()) run.warn(`${resource.title}: ${sentence}`);
  }
}

/** Of `setTimeout`, some 24 days; a longer one fires at once. */
const longestTimer = 2 ** 31 - 1;

/** What a reading takes of the room for those that wait to be brought in, in numbers. */
function weight(reading: OrderReading): number {
  return batchNumbers / batchOrders + ('told' in reading ? reading.told.numbers.length : 0);
}

/** Brings readings into the tables as they come. Whatever ends them, those that were made are committed. */
async function bringIn(
  context: JobContext,
  resource: OrderDetailResource,
  readings: AsyncIterable<OrderReading[]>,
  outcome: Outcome,
): Promise<void> {
  let batch: OrderReading[] = [];
  let begun = performance.now();
  const commit = async () => {
    const rows = toBatch(resource, batch, outcome.values);
    const count = batch.length;
    batch = [];
    begun = performance.now();
    if (count === 0) return;
    context.run.add({ rowsWritten: await applyOrderDetails(context, resource, rows) });
  };
  try {
    for await (const ready of readings) {
      for (const reading of ready) {
        outcome.note(reading);
        batch.push(reading);
      }
      context.run.add({ pages: ready.length, rowsRead: ready.length });
      outcome.check();
      if (isDue(batch, begun)) await commit();
    }
  } catch (error) {
    await commit();
    throw error;
  }
  await commit();
}

function isDue(batch: readonly OrderReading[], begun: number): boolean {
  const filled = batch.reduce((sum, reading) => sum + weight(reading), 0);
  return filled >= batchNumbers || performance.now() - begun >= batchAgeMs;
}

function toBatch(
  resource: OrderDetailResource,
  readings: readonly OrderReading[],
  warnings: ValueWarnings,
): DetailBatch {
  return {
    read: readings.flatMap((reading) =>
      'told' in reading ? [toDetailRows(resource, reading.order.orderId, reading.answer, reading.told, warnings)] : [],
    ),
    failed: readings.flatMap((reading) =>
      'reason' in reading ? [{ orderId: reading.order.orderId, reason: reading.reason }] : [],
    ),
  };
}

/** What the readings were like, for the run's warnings. */
interface Outcome {
  values: ValueWarnings;
  note(reading: OrderReading): void;
  /** @throws what befell the last of too many orders in a row that nobody answers */
  check(): void;
  sentences(): string[];
}

function createOutcome(): Outcome {
  const values = collectWarnings();
  const failed = new Map<string, OrderToRead[]>();
  let inARow = 0;
  let last: Error | undefined;
  return {
    values,
    note(reading) {
      if (!('reason' in reading)) {
        inARow = 0;
        return;
      }
      const alike = failed.get(reading.reason);
      if (alike === undefined) failed.set(reading.reason, [reading.order]);
      else alike.push(reading.order);
      inARow = reading.error === undefined ? 0 : inARow + 1;
      last = reading.error;
    },
    check() {
      if (inARow >= failuresInARow && last !== undefined) throw last;
    },
    sentences: () => [...values.sentences(), ...[...failed].map(([reason, orders]) => describeFailed(reason, orders))],
  };
}

const namedAtMost = 5;

function describeFailed(reason: string, orders: readonly OrderToRead[]): string {
  const named = orders.slice(0, namedAtMost).map(({ orderId }) => JSON.stringify(orderId));
  const more = orders.length > named.length ? ` and ${orders.length - named.length} more` : '';
  const count = orders.length === 1 ? '1 order' : `${orders.length} orders`;
  return `the details of ${count} could not be read: ${reason}; what the list says is kept, and the next night tries again: ${named.join(', ')}${more}`;
}

async function warnOfLimit(context: JobContext, resource: OrderDetailResource): Promise<void> {
  const { lacking } = await countOrdersToRead(context, resource);
  context.run.warn(
    `${resource.title}: TN_LEDGER_NIGHT_LIMIT was reached; ${lacking} orders still lack their details, and open ones may not have ` +
      'been looked at again. The next night goes on with the newest.',
  );
}

/** A run may also be ended because it lost its lock, which has words of its own. */
function isLoss(reason: unknown): boolean {
  return reason instanceof LedgerError && !(reason instanceof InterruptedError);
}

function interrupted(resource: OrderDetailResource, account: string): InterruptedError {
  return new InterruptedError(
    `Asked to stop while reading ${resource.title} of account ${account} by id: those read so far were committed.`,
    { hint: 'Run it again and it goes on with the others.' },
  );
}
