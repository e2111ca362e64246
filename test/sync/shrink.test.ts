import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, leftovers, openLedger, versionsOf } from './support/ledger.js';
import { watchNights } from './support/nights.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

for (const { closing, allowed } of [
  { closing: 19, allowed: true },
  { closing: 20, allowed: true },
  { closing: 21, allowed: false },
]) {
  for (const job of ['sync-inservice-numbers', 'sync-number-details', 'nightly']) {
    test(`${job} ${allowed ? 'closes' : 'refuses to close'} ${closing} of 100 numbers at a limit of 20 %`, async (t) => {
      const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 100 } });
      const watch = watchNights(ledger);
      t.is((await ledger.run('nightly')).result, 'succeeded');
      await watch.compare(t);
      const held = ledger.sandbox.account(account);
      held.disconnect([...held.numbers()].slice(0, closing).map(({ telephoneNumber }) => telephoneNumber));
      const { telephone_numbers: before } = await versionsOf(ledger);
      const report = await ledger.run(job);
      if (allowed) {
        t.is(report.result, 'succeeded', report.error?.message);
        await watch.compare(t);
        return;
      }
      t.is(report.result, 'failed');
      t.regex(
        report.error?.message ?? '',
        /would close 21 of its 100 numbers \(21\.0 %\), more than the 20\.0 % that TN_LEDGER_MAX_SHRINK allows\. Nothing was closed or changed/,
      );
      t.deepEqual((await versionsOf(ledger)).telephone_numbers, before);
      // It stays so until somebody accepts it, and then the listing is not read again.
      t.is((await ledger.run(job)).result, 'failed');
      ledger.sandbox.clearRequests();
      const accepted = await ledger.run(job, { acceptShrink: true });
      t.is(accepted.result, 'succeeded', accepted.error?.message);
      await watch.compare(t);
      t.deepEqual(
        ledger.sandbox.requests.filter(
          ({ method, path }) => method === 'GET' && /\/(inserviceNumbers|tns)$/.test(path),
        ),
        [],
      );
    });
  }
}

test('numbers of another status count for the share, and a night that shrinks is held whole', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 100 } });
  t.is((await ledger.run('nightly')).result, 'succeeded');
  const held = ledger.sandbox.account(account);
  const numbers = [...held.numbers()].map(({ telephoneNumber }) => telephoneNumber);
  // Aging numbers leave the in-service list and stay in the details: 30 of them close nothing.
  held.disconnect(numbers.slice(0, 15), { aging: true });
  const aging = await ledger.run('sync-number-details');
  t.is(aging.result, 'succeeded', aging.error?.message);
  held.disconnect(numbers.slice(0, 15));
  held.disconnect(numbers.slice(15, 25));
  const night = await ledger.run('nightly');
  t.is(night.result, 'failed');
  t.deepEqual(
    night.parts.slice(0, 2).map(({ result }) => result),
    ['succeeded', 'failed'],
  );
  t.regex(night.parts[1]?.error?.message ?? '', /number details of account 9900000 would close 25 of its 100 numbers/);
  const [row] = await ledger.query('select count(*)::int as count from telephone_numbers where removed_at is not null');
  // The in-service list by itself was within the limit, and was brought in when the details were held.
  t.deepEqual(row, { count: 10 });
  t.is((await ledger.run('nightly', { acceptShrink: true })).result, 'succeeded');
  t.deepEqual(await leftovers(ledger), []);
});

test('the first night of an account has nothing to shrink', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 30 } });
  const report = await ledger.run('nightly', { maxShrink: 0 });
  t.is(report.result, 'succeeded', report.error?.message);
});
