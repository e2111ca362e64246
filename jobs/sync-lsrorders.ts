import { lsrorders } from '../src/dashboard/resources/lsrorders.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Requests by API to port numbers out of Bandwidth's network (LSR). */
export const syncLsrorders = orderJob(lsrorders);
