import { accountNamed, type Config } from '../config.js';
import { UsageError } from '../errors.js';

/** An account that the user names with `--account`, by ID or label, and where its label is found. */
export interface WantedAccount {
  config: Pick<Config, 'accountSettings'>;
  wanted: string | undefined;
}

/** The accounts a command works on: all configured accounts, or the one selected with `--account`. */
export function chooseAccounts(configured: readonly string[], { config, wanted }: WantedAccount): readonly string[] {
  if (wanted === undefined) return configured;
  const account = accountNamed(config, wanted);
  if (configured.includes(account)) return [account];
  throw new UsageError(`Account ${wanted} is not configured (configured: ${configured.join(', ')}).`, {
    hint:
      config.accountSettings.size > 0
        ? 'Choose one of these accounts, or add it to the file in TN_LEDGER_ACCOUNTS_FILE.'
        : 'Choose one of these accounts, or add it to BANDWIDTH_ACCOUNT_ID (which defaults to the accounts in the access token).',
  });
}

/** The account of a command that works on one account: the only one configured, or the one selected with `--account`. */
export function chooseOneAccount(configured: readonly string[], wanted: WantedAccount): string {
  const [account, ...others] = chooseAccounts(configured, wanted);
  if (account !== undefined && others.length === 0) return account;
  throw new UsageError(`Several accounts are configured (${configured.join(', ')}), but this command works on one.`, {
    hint: 'Select the account with --account ID.',
  });
}
