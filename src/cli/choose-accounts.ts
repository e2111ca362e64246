import { UsageError } from '../errors.js';

/** The accounts that a command works on: all that there are, or the one of them that `--account` names. */
export function chooseAccounts(configured: readonly string[], wanted: string | undefined): readonly string[] {
  if (wanted === undefined) return configured;
  if (configured.includes(wanted)) return [wanted];
  throw new UsageError(`Account ${wanted} is not one of those configured (${configured.join(', ')}).`, {
    hint: 'Name one of them, or add it to BANDWIDTH_ACCOUNT_ID (without it, the accounts are those that the access token names).',
  });
}

/** The account of a command that works on one: the only one configured, or the one that `--account` names. */
export function chooseOneAccount(configured: readonly string[], wanted: string | undefined): string {
  const [account, ...others] = chooseAccounts(configured, wanted);
  if (account !== undefined && others.length === 0) return account;
  throw new UsageError(`Several accounts are configured (${configured.join(', ')}), and this works on one.`, {
    hint: 'Name it: --account ID.',
  });
}
