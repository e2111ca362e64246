import type { LedgerError } from '../errors.js';
import { keySql } from './lock-connection.js';

/**
 * Keeps a process that lost a lock from writing: it may have been frozen, and go on as if nothing had happened after
 * another process took the lock over.
 *
 * A transaction takes the shared lock `writesKey`, and then checks that the session that took the lock is still there.
 * The next holder (`takeLock`) begins after that session ended, and ends the transactions that share `writesKey`. So a
 * transaction that checked before the session ended is ended by the next holder, and one that checks later fails. These
 * locks live in the server's memory: unlike a lock on a row, they cost no write, and the check needs no round trip.
 */
export interface WriteGuard {
  writesKey: string;
  /** The session that took the lock holds this lock exclusively. */
  sessionKey: string;
  /** As in `JobLock`. */
  lost: AbortSignal;
  /** Treats the lock as lost, and returns the error that says so. */
  lose(): LedgerError;
}

/**
 * How long a transaction of a job may be idle, so that one whose host is frozen doesn't block others forever. None of
 * them waits for the API or a person: between two statements they read a page in memory or some kilobytes of a local
 * file. A COPY isn't idle, however slowly its file is read.
 */
const idleInTransactionMs = 5 * 60_000;

/** SQL that starts a guarded transaction, after `begin`; the last result is for `checkGuards`. */
export function guardStatements(guards: readonly WriteGuard[], { readOnly = false } = {}): string[] {
  if (guards.length === 0) return [];
  const limit = `set local idle_in_transaction_session_timeout = ${idleInTransactionMs}`;
  if (readOnly) return [limit];
  const writes = guards.map(({ writesKey }) => `pg_advisory_xact_lock_shared(${keySql(writesKey)})`);
  const ended = guards.map(({ sessionKey }) => `pg_try_advisory_xact_lock_shared(${keySql(sessionKey)})`);
  // Two statements, because the order within one is not defined.
  return [limit, `select ${writes.join(', ')}`, `select array[${ended.join(', ')}] as ended`];
}

/** @throws {LedgerError} if one of the guards' locks is lost */
export function checkGuards(guards: readonly WriteGuard[], ended: readonly boolean[]): void {
  const lost = guards.find((_, index) => ended[index]);
  if (lost !== undefined) throw lost.lose();
}
