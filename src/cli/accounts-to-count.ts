import { accountNamed, type Config } from '../config.js';
import { UsageError } from '../errors.js';
import { splitAccounts } from '../nruf/scope.js';

/**
 * The accounts that a command counts: those selected with `--account`, by ID or label, or with `--ocn`; undefined: all in the
 * ledger.
 *
 * @throws {UsageError} both are given, or no account has the OCN
 */
export function accountsToCount(
  config: Pick<Config, 'accountSettings'>,
  { account, ocn }: { account: readonly string[]; ocn?: string },
): string[] | undefined {
  const named = splitAccounts(account)?.map((each) => accountNamed(config, each));
  if (ocn === undefined) return named;
  if (named !== undefined) throw new UsageError('--account and --ocn cannot be combined.');
  const settings = [...config.accountSettings];
  const chosen = settings.filter(([, each]) => each.ocn === ocn.trim().toUpperCase()).map(([id]) => id);
  if (chosen.length > 0) return chosen;
  const known = [...new Set(settings.flatMap(([, each]) => each.ocn ?? []))].sort();
  throw new UsageError(`No account has the OCN ${JSON.stringify(ocn)}.`, {
    hint:
      known.length > 0
        ? `OCNs of the accounts: ${known.join(', ')}.`
        : 'Set the ocn of each account in the file in TN_LEDGER_ACCOUNTS_FILE, or select accounts with --account.',
  });
}
