import { disconnects } from '../src/dashboard/resources/disconnects.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Disconnect orders. */
export const syncDisconnects = orderJob(disconnects);
