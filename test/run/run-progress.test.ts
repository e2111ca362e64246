import test from 'ava';
import { takeJobLock } from '../../src/database/advisory-locks.js';
import { createRunRecord, insertRun, recordProgress } from '../../src/run/run-record.js';
import { cli, until } from '../end-to-end/support.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres } from '../support/postgres.js';

test('while a job runs, status shows how far it is, and its row how many requests it has sent', async (t) => {
  const server = await startPostgres();
  t.teardown(server.stop);
  const { database, url } = await openLedgerDatabase(t, server);
  const lock = await takeJobLock(database, 'sync-orders', '9900000');
  t.teardown(() => lock.release());
  const listener = { expect: () => undefined, advance: () => undefined };
  const key = await insertRun(database, 'sync-orders', '9900000');
  const run = createRunRecord(key, listener, { countRequests: () => 7 });
  t.teardown(recordProgress(database, run, { everyMs: 1, onError: (error) => t.fail(String(error)) }));
  run.expect(12_000);
  run.add({ pages: 3, rowsRead: 3_000, rowsWritten: 20 });
  await until(
    async () =>
      (await database.pool.query('select from sync_runs where rows_read = 3000 and requests = 7')).rowCount === 1,
  );
  const { stdout } = await cli(t, ['status'], { env: { DATABASE_URL: url } });
  t.regex(stdout, /^sync-orders +9900000 +running +\S.* ago +3 +3,000 of 12,000 +20 +0$/m);
});
