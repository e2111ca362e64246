import pg from 'pg';
import type { HeldLocks } from '../database/advisory-locks.js';

/** The scope of a report, and the transaction that it reads in. */
export interface Scope {
  /** The client of the report's transaction. */
  client: pg.ClientBase;
  /** The account to report; undefined: all accounts in the ledger, combined. */
  account: string | undefined;
  /** The configured accounts; empty if none are named. */
  configured: readonly string[];
  /** Read before the transaction. They distinguish runs that are running from runs whose process is gone. */
  locks: HeldLocks;
  /** The start of the transaction, which is the time of the report. */
  time: Date;
  /** The UTC day of that time, `yyyy-MM-dd`. */
  day: string;
}

/** The account condition of the SQL that the report shows: `where account_id = '…'`, or empty for all accounts. */
export function shownCondition({ account }: Scope, keyword: 'where' | 'and' = 'where'): string {
  return account === undefined ? '' : ` ${keyword} account_id = ${pg.escapeLiteral(account)}`;
}

/** The call of a counting function, such as `nruf_utilization`, in the SQL that the report shows. */
export function shownCall({ account, day }: Scope, name: string): string {
  return account === undefined ? `${name}('${day}')` : `${name}('${day}', ${pg.escapeLiteral(account)})`;
}

/** The column with the account, if the report covers all accounts. */
export function accountColumn<Row>(
  { account }: Scope,
  of: (row: Row) => string,
): { title: string; cell(row: Row): string } | undefined {
  return account === undefined ? { title: 'Account', cell: of } : undefined;
}
