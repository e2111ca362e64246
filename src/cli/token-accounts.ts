import type { DashboardClient } from '../dashboard/client.js';
import { UsageError } from '../errors.js';
import { isAccountId } from '../setting-rules.js';

const hint = 'Set BANDWIDTH_ACCOUNT_ID to the account IDs, separated by commas.';

/**
 * The accounts listed in the client's access token, sorted. The client keeps using the same token.
 *
 * @throws {UsageError} the token lists no accounts, is opaque, or lists an invalid account ID
 */
export async function readTokenAccounts(client: DashboardClient): Promise<string[]> {
  const accounts = (await client.tokenClaims())?.accounts;
  if (accounts === undefined) {
    throw new UsageError('BANDWIDTH_ACCOUNT_ID is not set, and the access token does not list its accounts.', {
      hint,
    });
  }
  if (accounts.length === 0) {
    throw new UsageError(
      'BANDWIDTH_ACCOUNT_ID is not set, and the access token lists no accounts because its credentials are system-wide.',
      { hint },
    );
  }
  const wrong = accounts.find((id) => !isAccountId(id));
  if (wrong !== undefined) {
    throw new UsageError(
      `BANDWIDTH_ACCOUNT_ID is not set, and the access token lists ${JSON.stringify(wrong.slice(0, 60))}, which is not a valid account ID.`,
      { hint },
    );
  }
  return [...new Set(accounts)].sort();
}
