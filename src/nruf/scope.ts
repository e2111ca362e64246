import type pg from 'pg';
import type { Day } from '../days.js';
import { LedgerError, UsageError } from '../errors.js';

type Queryable = pg.ClientBase | pg.Pool;

/** The scope of a count. */
export interface Scope {
  asOf: Day;
  /** Undefined: all accounts in the ledger, combined. */
  accounts: readonly string[] | undefined;
  /** A two-letter state; undefined: all. */
  state: string | undefined;
}

/** `accounts` as an argument of the SQL functions. */
export function accountsArgument(accounts: readonly string[] | undefined): string | null {
  return accounts === undefined ? null : accounts.join(',');
}

/** Splits `--account A --account B,C` into accounts; undefined if none were given. */
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
  throw new UsageError('--account is empty.', { hint: 'Give one account id, or several separated by commas.' });
}

/**
 * Checks that the ledger has numbers for the accounts (undefined: for any account). Returns all accounts that have numbers.
 *
 * @throws {UsageError} the ledger has no numbers for an account
 * @throws {LedgerError} the ledger has no history
 */
export async function checkAccounts(db: Queryable, accounts: readonly string[] | undefined): Promise<string[]> {
  const known: string[] = (await db.query('select a from nruf_accounts() a order by 1')).rows.map(({ a }) => a);
  if (known.length === 0) {
    throw new LedgerError('The ledger has no numbers yet, so there is nothing to count.', {
      hint: 'Load them first: tn-ledger run nightly.',
    });
  }
  const unknown = accounts?.filter((account) => !known.includes(account)) ?? [];
  if (unknown.length === 0) return known;
  throw new UsageError(`The ledger has no numbers for account ${unknown.join(', ')}, only for ${known.join(', ')}.`, {
    hint: 'Use one of these accounts, or load the numbers first: tn-ledger run nightly.',
  });
}

/**
 * Checks that the ledger has history for the accounts on the day. Returns all accounts that have numbers.
 *
 * @throws {UsageError} the ledger has no numbers for an account, or the day is before its history begins
 * @throws {LedgerError} the ledger has no history
 */
export async function checkScope(
  db: Queryable,
  { asOf, accounts }: Pick<Scope, 'asOf' | 'accounts'>,
): Promise<string[]> {
  const known = await checkAccounts(db, accounts);
  const { rows } = await db.query(
    `select nruf_day(min(valid_from))::text as first from number_status_history where account_id = any($1)`,
    [accounts ?? known],
  );
  const first: Day = rows[0].first;
  if (asOf < first) {
    throw new UsageError(
      `The ledger has no history for ${asOf}: its history for ${describeAccounts(accounts)} begins on ${first}.`,
      {
        hint: `Use ${first} or later, or read older orders with \`tn-ledger run nightly --since DATE\` if Bandwidth still has them.`,
      },
    );
  }
  return known;
}

/**
 * Checks that at least one of the day's numbers is in the state.
 *
 * @throws {UsageError} none is
 */
export function checkState(state: string, states: Iterable<string | null>): void {
  const known = [...new Set(states)].filter((each) => each !== null).sort();
  if (known.includes(state)) return;
  throw new UsageError(`No numbers are in state ${JSON.stringify(state)} on that day.`, {
    hint: known.length === 0 ? 'No number has a state.' : `States with numbers: ${known.join(', ')}.`,
  });
}

export function describeAccounts(accounts: readonly string[] | undefined): string {
  if (accounts === undefined) return 'all accounts';
  return `${accounts.length === 1 ? 'account' : 'accounts'} ${accounts.join(', ')}`;
}
