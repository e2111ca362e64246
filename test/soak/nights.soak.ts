import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { nightsWithFaults } from '../sync/support/fault-nights.js';
import { account, openLedger, versionsOf } from '../sync/support/ledger.js';
import { watchNights } from '../sync/support/nights.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('100,000 numbers: equal after a night, untouched by a second, and after 5,000 changes those and no others', async (t) => {
  t.timeout(15 * 60_000);
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 100_000 } });
  const watch = watchNights(ledger);
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
    const night = await ledger.run('nightly');
    t.is(night.result, 'succeeded', night.error?.message);
    await watch.compare(t);
    const [row] = await ledger.query(
      'select count(*)::int as count from telephone_numbers where changed_at = (select max(changed_at) from telephone_numbers)',
    );
    t.deepEqual(row, { count: 5000 });
    // Its work is about the same; a statement that goes through the account for each changed number takes twenty times as long.
    t.true(night.seconds < 5 * first.seconds, `${night.seconds} s, where the first night took ${first.seconds} s`);
  }
});

test('50,000 numbers with 5 % of each kind of fault come to the same tables as without', async (t) => {
  t.timeout(15 * 60_000);
  await nightsWithFaults(t, t.context.server, { numbers: 50_000, changes: 2000, pageSize: 500, seed: 23 });
});
