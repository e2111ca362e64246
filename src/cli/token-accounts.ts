import { isAccountId } from '../config.js';
import type { DashboardClient } from '../dashboard/client.js';
import { UsageError } from '../errors.js';

const hint = 'Set BANDWIDTH_ACCOUNT_ID to the account ids, separated by commas.';

/**
 * The accounts that the client's access token names, sorted; the client keeps using the same token.
 *
 * @throws {UsageError} it names none, is opaque, or names what can't be an account id
 */
export async function accountsOfToken(client: DashboardClient): Promise<string[]> {
  const accounts = (await client.tokenClaims())?.accounts;
  if (accounts === undefined) {
    throw new UsageError(
      'BANDWIDTH_ACCOUNT_ID is not set, and the access token does not say which accounts it is for.',
      {
        hint,
      },
    );
  }
  if (accounts.length === 0) {
    throw new UsageError(
      'BANDWIDTH_ACCOUNT_ID is not set, and the access token names no account: its credentials are system-wide.',
      { hint },
    );
  }
  const wrong = accounts.find((id) => !isAccountId(id));
  if (wrong !== undefined) {
    throw new UsageError(
      `BANDWIDTH_ACCOUNT_ID is not set, and the access token names ${JSON.stringify(wrong.slice(0, 60))}, which can't be an account id.`,
      { hint },
    );
  }
  return [...new Set(accounts)].sort();
}
