import { externalTns } from '../src/dashboard/resources/external-tns.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Orders that added numbers of other carriers, which the customer provided, or removed them. */
export const syncExternalTns = orderJob(externalTns);
