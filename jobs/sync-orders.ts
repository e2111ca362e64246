import { orders } from '../src/dashboard/resources/orders.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Orders of new numbers. The list has everything but the numbers, which are read from each order. */
export const syncOrders = orderJob(orders);
