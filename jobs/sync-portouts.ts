import { portouts } from '../src/dashboard/resources/portouts.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Port-outs. Their numbers are in the list. */
export const syncPortouts = orderJob(portouts);
