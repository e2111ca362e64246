import { e911s } from '../src/dashboard/resources/e911s.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Orders that set or delete emergency addresses (E911) of numbers. */
export const syncE911s = orderJob(e911s);
