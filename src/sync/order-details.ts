import type { OrderDetailResource } from '../dashboard/resource.js';
import type { JobContext } from '../run/job.js';
import { applyOrderDetails, type DetailBatch } from './apply-order-details.js';
import { type ListedOrders, noListedOrders } from './listed-orders.js';
import { toDetailRows } from './order-detail-row.js';
import type { OrderToRead } from './order-numbers.js';
import { countOrdersToRead, ordersToRead } from './orders-to-read.js';
import { type FailedReading, isFailed, type LimitSetting, readEach } from './read-each.js';
import { mostRequests, readOrder, type WholeOrder } from './read-order.js';
import { collectWarnings, type ValueWarnings } from './value-warnings.js';

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
  const { all: total } = await countOrdersToRead(context, resource, listed.current);
  const values = collectWarnings();
  await readEach<OrderToRead, { order: OrderToRead } & WholeOrder>(context, {
    title: resource.title,
    items: ordersToRead(context, resource, listed.current),
    total,
    requestsEach: mostRequests(resource),
    read: (order, signal) => readOrder(context, resource, order, { listed: listed.answers.get(order.orderId), signal }),
    rows: (reading) => (isFailed(reading) ? 0 : reading.reported.numbers.length),
    apply: (readings) => applyOrderDetails(context, resource, toBatch(resource, readings, values)),
    describeFailed: (orders) => `the details of ${orders}`,
    sentences: values.sentences,
    onLimit: (setting) => warnOfLimit(context, resource, setting, listed),
  });
}

function toBatch(
  resource: OrderDetailResource,
  readings: readonly (({ order: OrderToRead } & WholeOrder) | FailedReading)[],
  warnings: ValueWarnings,
): DetailBatch {
  const failed = readings.filter(isFailed);
  return {
    read: readings.flatMap((reading) =>
      isFailed(reading)
        ? []
        : [toDetailRows(resource, reading.order.orderId, reading.answer, reading.reported, warnings)],
    ),
    failed: failed.map(({ order, reason }) => ({ orderId: order.orderId, reason })),
  };
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
