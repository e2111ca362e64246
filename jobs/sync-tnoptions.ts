import { tnoptions } from '../src/dashboard/resources/tnoptions.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Orders that set line features of numbers. */
export const syncTnoptions = orderJob(tnoptions);
