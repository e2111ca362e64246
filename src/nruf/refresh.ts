import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';

/**
 * Brings the intervals that make NRUF counts fast up to date; the counts are the same without it. The first refresh of an account
 * reads all its numbers; later ones take time in proportion to what changed.
 *
 * @param accounts undefined: all accounts in the ledger
 */
export async function refreshIntervals(
  database: Database,
  accounts: readonly string[] | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const all = async () => (await database.pool.query('select a from nruf_accounts() a')).rows.map(({ a }) => a);
  // One transaction per account: each holds the account's lock.
  for (const account of accounts ?? (await all())) {
    await inTransaction(database, { repeatable: true, ...(signal !== undefined && { signal }) }, (client) =>
      client.query('select nruf_refresh($1)', [account]),
    );
  }
}
