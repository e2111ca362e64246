import { promisify } from 'node:util';
import {
  accountId,
  call,
  type ListedOrder,
  nextPage,
  type OrderDetails,
  openClient,
  openKnex,
  rowsPerInsert,
  sdk,
  toDate,
} from './client.js';

/** Copies an account's number orders with Bandwidth's client and knex: the list page by page, and each order with its numbers in turn. */
const client = openClient();
const database = openKnex();
const list = promisify(sdk.Order.list);

/** Years in the two digits that this list reads: without dates, it has the last two years only. */
const ever = { startdate: '00-01-01', enddate: '69-12-31' };

let page: string | undefined = '1';
while (page !== undefined) {
  const { listOrderIdUserIdDate: answer }: Awaited<ReturnType<typeof list>> = await list(client, {
    page,
    size: 1000,
    ...ever,
  });
  const orders = [answer.orderIdUserIdDate].flat();
  const numbers = [];
  for (const { orderId } of orders) {
    const { completedNumbers } = await call<OrderDetails>((done) => sdk.Order.get(client, orderId, done));
    for (const { fullNumber } of [completedNumbers?.telephoneNumber ?? []].flat()) {
      numbers.push({ account_id: accountId, order_id: orderId, telephone_number: fullNumber });
    }
  }
  await database.batchInsert('public.rival_orders', orders.map(toRow), rowsPerInsert);
  await database.batchInsert('public.rival_orders_numbers', numbers, rowsPerInsert);
  page = nextPage(answer);
}
await database.destroy();

function toRow(order: ListedOrder) {
  return {
    account_id: accountId,
    order_id: order.orderId,
    customer_order_id: order.customerOrderId,
    order_type: order.orderType,
    status: order.orderStatus,
    order_date: toDate(order.orderDate),
    last_modified_date: toDate(order.lastModifiedDate),
    count_of_tns: order.countOfTNs,
    user_id: order.userId,
  };
}
