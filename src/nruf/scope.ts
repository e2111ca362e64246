import type pg from 'pg';
import { LedgerError, UsageError } from '../errors.js';
import type { Day } from '../sync/days.js';

type Queryable = pg.ClientBase | pg.Pool;

/** What a count is confined to. */
export interface Scope {
  asOf: Day;
  /** Undefined: all accounts of the ledger, together. */
  accounts: readonly string[] | undefined;
  /** A two-letter state; undefined: all. */
  state: string | undefined;
}

/** `accounts` as the SQL functions take them. */
export function accountsArgument(accounts: readonly string[] | undefined): string | null {
  return accounts === undefined ? null : accounts.join(',');
}

/** Accounts given as `--account A --account B,C`; undefined where none was. */
export function splitAccounts(values: readonly string[]): string[] | undefined {
  const accounts = [
    ...new Set(
      values
        .flatMap((value) => value.split(','))
        .map((each) => each.trim())
        .filter((each) => each !== ''),
    ),
  ];
  if (accounts.length > 0) return accounts;
  if (values.length === 0) return undefined;
  throw new UsageError('--account names no account.', { hint: 'Give the id of one, or several with commas.' });
}

/**
 * Makes sure that the ledger has numbers of the accounts (undefined: of any), and answers with those that it has numbers of.
 *
 * @throws {UsageError} an account that it doesn't know
 * @throws {LedgerError} it holds no history at all
 */
export async function checkAccounts(db: Queryable, accounts: readonly string[] | undefined): Promise<string[]> {
  const known: string[] = (await db.query('select a from nruf_accounts() a order by 1')).rows.map(({ a }) => a);
  if (known.length === 0) {
    throw new LedgerError('The ledger holds no numbers yet: there is nothing to count.', {
      hint: 'Bring them in first: tn-ledger run nightly.',
    });
  }
  const unknown = accounts?.filter((account) => !known.includes(account)) ?? [];
  if (unknown.length === 0) return known;
  throw new UsageError(
    `The ledger has no numbers of account ${unknown.join(', ')}. It has those of ${known.join(', ')}.`,
    { hint: 'Name one of these, or bring the numbers in first: tn-ledger run nightly.' },
  );
}

/**
 * Makes sure that the ledger can answer for the accounts and the day.
 *
 * @throws {UsageError} an account that it doesn't know, or a day before its history begins
 * @throws {LedgerError} it holds no history at all
 */
export async function checkScope(db: Queryable, { asOf, accounts }: Pick<Scope, 'asOf' | 'accounts'>): Promise<void> {
  const known = await checkAccounts(db, accounts);
  const { rows } = await db.query(
    `select nruf_day(min(valid_from))::text as first from number_status_history where account_id = any($1)`,
    [accounts ?? known],
  );
  const first: Day = rows[0].first;
  if (asOf < first) {
    throw new UsageError(
      `The ledger can't answer for ${asOf}: its history of ${describeAccounts(accounts)} begins on ${first}.`,
      {
        hint: `Ask for ${first} or later. \`tn-ledger run nightly --since DATE\` reads older orders, where Bandwidth still has them.`,
      },
    );
  }
}

/**
 * Makes sure that the state is one of those in which the day's numbers are.
 *
 * @throws {UsageError} it is not
 */
export function checkState(state: string, states: Iterable<string | null>): void {
  const known = [...new Set(states)].filter((each) => each !== null).sort();
  if (known.includes(state)) return;
  throw new UsageError(`No numbers are in a state ${JSON.stringify(state)} on that day.`, {
    hint: known.length === 0 ? 'No number has a state.' : `States with numbers: ${known.join(', ')}.`,
  });
}

export function describeAccounts(accounts: readonly string[] | undefined): string {
  if (accounts === undefined) return 'all accounts';
  return `${accounts.length === 1 ? 'account' : 'accounts'} ${accounts.join(', ')}`;
}
