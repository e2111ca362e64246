import { lidbs } from '../src/dashboard/resources/lidbs.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Orders that change the calling names (LIDB) of numbers. */
export const syncLidbs = orderJob(lidbs);
