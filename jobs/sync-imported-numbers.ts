import { importTnOrders } from '../src/dashboard/resources/import-tn-orders.js';
import { removeImportedTnOrders } from '../src/dashboard/resources/remove-imported-tn-orders.js';
import { orderJob } from '../src/sync/read-orders.js';

/** Orders that imported other carriers' numbers into the account, and orders that removed them. */
export const syncImportedNumbers = orderJob(importTnOrders, removeImportedTnOrders);
