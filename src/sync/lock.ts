import type { Database } from '../database/connect.js';
import { AlreadyRunningError, LedgerError, messageOf } from '../errors.js';

export interface JobLock {
  /** Aborted when the connection that holds the lock is lost: somebody else may hold it by now. */
  lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the advisory lock of a job and account, which keeps a second run out, on this machine or another, and which the server
 * frees when the connection ends, however the process ended. Throws an AlreadyRunningError when another run holds it.
 */
export async function takeJobLock(database: Database, job: string, account: string): Promise<JobLock> {
  const client = await database.pool.connect();
  const lost = new AbortController();
  const onError = (error: Error) =>
    lost.abort(
      new LedgerError(
        `The connection to ${database.describe} was lost (${messageOf(error)}) while ${job} ran for account ${account}. It stopped after the last page committed.`,
        { hint: 'Run it again when the database is back: it goes on from there.' },
      ),
    );
  client.on('error', onError);
  const key = `tn-ledger/${job}/${account}`;
  try {
    const { rows } = await client.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as taken', [key]);
    if (!rows[0].taken) {
      throw new AlreadyRunningError(
        `${job} is running already for account ${account}: another run holds its lock in ${database.describe}. This one did nothing.`,
        { hint: 'Wait for the other run to end; `tn-ledger status` shows it.' },
      );
    }
  } catch (error) {
    client.off('error', onError);
    client.release(error instanceof Error && !(error instanceof LedgerError));
    throw error;
  }
  return {
    lost: lost.signal,
    async release() {
      client.off('error', onError);
      if (lost.signal.aborted) {
        client.release(true);
        return;
      }
      await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [key]);
      client.release();
    },
  };
}
