import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { runsWithFaults } from '../sync/support/fault-runs.js';
import { account, openLedger, versionsOf } from '../sync/support/ledger.js';
import { watchRuns } from '../sync/support/watch-runs.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('100,000 numbers: correct after a run, unchanged by a second, and only 5,000 changes applied', async (t) => {
  t.timeout(15 * 60_000);
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 100_000 } });
  const watch = watchRuns(ledger);
  const first = await ledger.run('nightly');
  t.is(first.result, 'succeeded', first.error?.message);
  await watch.compare(t);

  const before = await versionsOf(ledger);
  const second = await ledger.run('nightly');
  t.is(second.result, 'succeeded', second.error?.message);
  t.is(second.counts.rowsWritten, 0);
  t.deepEqual(await versionsOf(ledger), before);

  for (const seed of [1, 2]) {
    ledger.sandbox.account(account).churn(5000, seed);
    const next = await ledger.run('nightly');
    t.is(next.result, 'succeeded', next.error?.message);
    await watch.compare(t);
    const [row] = await ledger.query(
      'select count(*)::int as count from telephone_numbers where changed_at = (select max(changed_at) from telephone_numbers)',
    );
    t.deepEqual(row, { count: 5000 });
    // The work is similar; a statement that scans the account for each changed number takes twenty times as long.
    t.true(next.seconds < 5 * first.seconds, `${next.seconds} s, but the first run took ${first.seconds} s`);
  }
});

test('50,000 numbers with 5% of each kind of fault lead to the same tables as without', async (t) => {
  t.timeout(15 * 60_000);
  await runsWithFaults(t, t.context.server, { numbers: 50_000, changes: 2000, pageSize: 500, seed: 23 });
});
