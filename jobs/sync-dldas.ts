import { dldas } from '../src/dashboard/resources/dldas.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Orders that set directory listings (DL/DA) of numbers. */
export const syncDldas = orderJob(dldas);
