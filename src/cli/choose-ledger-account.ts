import { accountNamed } from '../config.js';
import type { Database } from '../database/connect.js';
import { checkAccounts } from '../nruf/scope.js';
import { chooseOneAccount } from './choose-accounts.js';
import type { Session } from './session.js';

/** The account of a command without the API: chooses among the configured accounts or, if none are configured, the accounts in the ledger. */
export async function chooseLedgerAccount(
  session: Session,
  database: Database,
  wanted: string | undefined,
): Promise<string> {
  const named = wanted === undefined ? undefined : [accountNamed(session.config, wanted)];
  const known = await checkAccounts(database.pool, named);
  const { accounts } = session.config;
  const account = chooseOneAccount(accounts.length > 0 ? accounts : known, { config: session.config, wanted });
  await checkAccounts(database.pool, [account]);
  return account;
}
