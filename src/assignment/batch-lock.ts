import { type JobLock, takeLock } from '../database/advisory-locks.js';
import type { AssignContext } from './assign-context.js';

/** Locks all batches of a file's content, including the one being recorded, against other processes. */
export function takeBatchLock({ account, database }: AssignContext, sha256: string, name: string): Promise<JobLock> {
  return takeLock(database, `tn-ledger/assignment/${account}/${sha256}`, {
    busy: `${name} is already being submitted for account ${account} by another process. This one did nothing.`,
    busyHint: 'Wait for the other process to finish; `tn-ledger assignments` shows its progress.',
    lost: `while ${name} was being submitted for account ${account}.`,
  });
}

/** The context for the work under a batch's lock: when the lock is lost, it stops, writes nothing and sends nothing. */
export function underLock(context: AssignContext, lock: JobLock): AssignContext {
  return {
    ...context,
    database: lock.guard(context.database),
    signal: AbortSignal.any([context.signal, lock.lost]),
    assertLocked: lock.assertHeld,
  };
}
