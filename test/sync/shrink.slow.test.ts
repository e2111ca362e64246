import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, leftovers, openLedger, versionsOf } from './support/ledger.js';
import { watchRuns } from './support/watch-runs.js';

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
      const watch = watchRuns(ledger);
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
      // It stays held until it is accepted, and then the listing is not read again.
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

test('numbers with another status count toward the share, and a shrinking run is held completely', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 100 } });
  t.is((await ledger.run('nightly')).result, 'succeeded');
  const held = ledger.sandbox.account(account);
  const numbers = [...held.numbers()].map(({ telephoneNumber }) => telephoneNumber);
  // Aging numbers leave the in-service list but stay in the details, so 30 of them close nothing.
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
  // The in-service list alone was within the limit, and was applied when the details were held.
  t.deepEqual(row, { count: 10 });
  t.is((await ledger.run('nightly', { acceptShrink: true })).result, 'succeeded');
  t.deepEqual(await leftovers(ledger), []);
});

test('the first run of an account cannot shrink it', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 30 } });
  const report = await ledger.run('nightly', { maxShrink: 0 });
  t.is(report.result, 'succeeded', report.error?.message);
});
