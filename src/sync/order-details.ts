import type { OrderDetailResource } from '../dashboard/resource.js';
import { InterruptedError } from '../errors.js';
import type { JobContext } from '../run/job.js';
import { budgetSetting } from '../run/request-budget.js';
import { applyOrderDetails, type DetailBatch } from './apply-order-details.js';
import { inFlight } from './in-flight.js';
import { type ListedOrders, noListedOrders } from './listed-orders.js';
import { toDetailRows } from './order-detail-row.js';
import type { OrderToRead } from './order-numbers.js';
import { countOrdersToRead, ordersToRead } from './orders-to-read.js';
import { mostRequests, type OrderReading, readOrder } from './read-order.js';
import { collectWarnings, type ValueWarnings } from './value-warnings.js';

/** A batch is applied when it has this many orders or numbers, or is this old. */
const batchOrders = 200;
const batchNumbers = 20_000;
const batchAgeMs = 2000;

/** After this many consecutive orders without a response, the API is considered down. */
const failuresInARow = 5;

/** The abort reason when the run's time limit for details is reached. */
const limitReached = Symbol('TN_LEDGER_NIGHT_LIMIT was reached');

/** The settings that limit how many orders a run reads. */
type LimitSetting = 'TN_LEDGER_NIGHT_LIMIT' | typeof budgetSetting;

/**
 * Reads the orders of a kind by id whose details are missing or may have changed: those never read, those that changed since, and
 * all open ones, however old. Reads the newest first, several at a time, and commits in batches.
 *
 * When the run's time limit for details is reached, it ends normally with a warning that says how many orders still lack details;
 * the next run continues. An order that can't be read stays as it is, with `details_error`, and the next run tries it again.
 *
 * @param listed what this run's lists returned of whole orders
 * @throws InterruptedError after the current batch, if the run is asked to stop
 */
export async function readOrderDetails(
  context: JobContext,
  resource: OrderDetailResource,
  listed: ListedOrders = noListedOrders(),
): Promise<void> {
  const { account, client, log, run, signal } = context;
  const { all: total } = await countOrdersToRead(context, resource, listed.current);
  if (total === 0) return;
  const remaining = context.detailsUntil - performance.now();
  if (remaining <= 0) return warnOfLimit(context, resource, 'TN_LEDGER_NIGHT_LIMIT', listed);
  const { requestsLeft = () => Number.POSITIVE_INFINITY } = context.options;
  const each = mostRequests(resource);
  const available = requestsLeft();
  if (available < each) return warnOfLimit(context, resource, budgetSetting, listed);
  const most = Math.min(total, available);
  log.info(`${resource.title} of account ${account}: ${most} to read by id`);
  run.expect(run.counts.rowsRead + most);

  const stop = new AbortController();
  const forwardAbort = () => stop.abort(signal.reason);
  if (signal.aborted) forwardAbort();
  signal.addEventListener('abort', forwardAbort, { once: true });
  const timer = setTimeout(() => stop.abort(limitReached), Math.min(remaining, longestTimer));
  const outcome = createOutcome();
  let [isCut, begun, inProgress] = [false, 0, 0];
  /** Whether another order fits, even if the others take as many requests as an order may. */
  const hasRoom = () =>
    requestsLeft() > 0 && (each * (begun + 1) <= available || each * (inProgress + 1) <= requestsLeft());
  const onLimit = () => {
    isCut = true;
  };
  try {
    const readings = inFlight(
      whileRoom(ordersToRead(context, resource, listed.current), { hasRoom, onLimit }),
      async (order) => {
        begun += 1;
        inProgress += 1;
        const answer = listed.answers.get(order.orderId);
        try {
          return await readOrder(context, resource, order, { listed: answer, signal: stop.signal });
        } finally {
          inProgress -= 1;
        }
      },
      // The client limits concurrent requests. Twice as many are queued so that it never runs idle.
      { atOnce: 2 * client.concurrencyFor(account), waiting: 2 * batchNumbers, weight },
      (error) => stop.abort(error),
    );
    await applyReadings(context, resource, readings, outcome);
    if (isCut) await warnOfLimit(context, resource, budgetSetting, listed);
  } catch (error) {
    if (signal.aborted && error === signal.reason) throw interrupted(resource, account);
    if (error !== limitReached) throw error;
    await warnOfLimit(context, resource, 'TN_LEDGER_NIGHT_LIMIT', listed);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', forwardAbort);
    for (const sentence of outcome.sentences()) run.warn(`${resource.title}: ${sentence}`);
  }
}

/** Yields orders while there is room for another one. */
async function* whileRoom<T>(
  orders: AsyncIterable<T>,
  { hasRoom, onLimit }: { hasRoom: () => boolean; onLimit: () => void },
): AsyncGenerator<T> {
  for await (const order of orders) {
    if (!hasRoom()) return onLimit();
    yield order;
  }
}

/** The maximum of `setTimeout`, about 24 days. A longer timer fires immediately. */
const longestTimer = 2 ** 31 - 1;

/** How much a reading counts toward the limit of waiting results, in telephone numbers. */
function weight(reading: OrderReading): number {
  return batchNumbers / batchOrders + ('reported' in reading ? reading.reported.numbers.length : 0);
}

/** Applies readings to the tables as they arrive. If they end with an error, those already made are still committed. */
async function applyReadings(
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
      'reported' in reading
        ? [toDetailRows(resource, reading.order.orderId, reading.answer, reading.reported, warnings)]
        : [],
    ),
    failed: readings.flatMap((reading) =>
      'reason' in reading ? [{ orderId: reading.order.orderId, reason: reading.reason }] : [],
    ),
  };
}

/** Collects failures and invalid values for the run's warnings. */
interface Outcome {
  values: ValueWarnings;
  note(reading: OrderReading): void;
  /** @throws the last error, after too many consecutive orders without a response */
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

const maxNamed = 5;

function describeFailed(reason: string, orders: readonly OrderToRead[]): string {
  const named = orders.slice(0, maxNamed).map(({ orderId }) => JSON.stringify(orderId));
  const more = orders.length > named.length ? ` and ${orders.length - named.length} more` : '';
  const count = orders.length === 1 ? '1 order' : `${orders.length} orders`;
  return `the details of ${count} could not be read: ${reason}. The data from the list was kept, and the next run tries again: ${named.join(', ')}${more}`;
}

async function warnOfLimit(
  context: JobContext,
  resource: OrderDetailResource,
  setting: LimitSetting,
  listed: ListedOrders,
): Promise<void> {
  const { lacking } = await countOrdersToRead(context, resource, listed.current);
  context.run.warn(
    `${resource.title}: ${setting} was reached; ${lacking} orders still lack details, and open orders may not have ` +
      'been refreshed. The next run continues with the newest.',
  );
}

function interrupted(resource: OrderDetailResource, account: string): InterruptedError {
  return new InterruptedError(
    `Stopped on request while reading ${resource.title} of account ${account} by id. The orders read so far were committed.`,
    { hint: 'Run it again to read the others.' },
  );
}
