import pg from 'pg';
import type { HeldLocks } from '../sync/lock.js';

/** What a report is about. */
export interface Scope {
  /** Reads within the report's transaction. */
  client: pg.ClientBase;
  /** The only account; undefined: all that the ledger knows, together. */
  account: string | undefined;
  /** The accounts configured now; empty where none are named. */
  configured: readonly string[];
  /** Read before the transaction: they tell runs that go on from runs whose process is gone. */
  locks: HeldLocks;
  /** When the transaction began, which is the report's time. */
  time: Date;
  /** The day (UTC) of that time, `yyyy-MM-dd`. */
  day: string;
}

/** A condition for SQL that people are shown, to run it themselves: `where account_id = '…'`, and nothing for all accounts. */
export function shownCondition({ account }: Scope, keyword: 'where' | 'and' = 'where'): string {
  return account === undefined ? '' : ` ${keyword} account_id = ${pg.escapeLiteral(account)}`;
}

/** The call of `nruf_utilization` that people are shown. */
export function shownUtilization({ account, day }: Scope): string {
  return account === undefined
    ? `nruf_utilization('${day}')`
    : `nruf_utilization('${day}', ${pg.escapeLiteral(account)})`;
}
