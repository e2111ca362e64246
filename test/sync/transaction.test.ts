import test from 'ava';
import { inTransaction } from '../../src/sync/transaction.js';
import { openCountingLedger } from '../nruf/support/ledger.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

test('what a snapshot reads is all of one moment, whatever others commit meanwhile, and it cannot write', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const count = 'select count(*)::int as count from sync_runs';
  const write = `insert into sync_runs (job, account_id, status) values ('nightly', '1', 'running')`;
  await inTransaction(ledger.database, { snapshot: true }, async (client) => {
    t.deepEqual((await client.query(count)).rows, [{ count: 0 }]);
    await ledger.query(write);
    t.deepEqual((await client.query(count)).rows, [{ count: 0 }]);
  });
  await t.throwsAsync(
    inTransaction(ledger.database, { snapshot: true }, (client) => client.query(write)),
    { message: /read-only transaction/ },
  );
  t.deepEqual(await ledger.query(count), [{ count: 1 }]);
});
