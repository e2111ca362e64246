import type { Database } from '../database/connect.js';
import { inTransaction } from '../sync/transaction.js';

/**
 * Brings the copy of the histories that counting reads up to date, so that it is fast; without it the answers are the same. The
 * first time takes as long as reading both histories does, later ones only as long as what changed.
 */
export async function refreshIntervals(database: Database, signal?: AbortSignal): Promise<void> {
  await inTransaction(database, signal === undefined ? {} : { signal }, (client) =>
    client.query('select tn_ledger.nruf_refresh()'),
  );
}
