import { portins } from '../src/dashboard/resources/portins.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Port-ins. The API lists drafts only on request, so they are read as a separate list. */
export const syncPortins = orderJob(portins);
