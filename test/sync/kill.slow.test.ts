import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { seed } from '../support/seed.js';
import { finishNightly, killNightly, randomFrom } from './support/kills.js';
import { account, openLedger } from './support/ledger.js';
import { watchRuns } from './support/watch-runs.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('runs killed repeatedly store the same as undisturbed ones, without rereading pages', async (t) => {
  const random = randomFrom(seed);
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 3000, seed: 4 }, pageSize: 200 });
  const watch = watchRuns(ledger);
  const pagesOfANight = 2 * (3000 / 200);

  for (let n = 0; n < 4; n += 1) {
    t.true(await killNightly(t, ledger, { request: 1 + random(6), answered: random(2) === 0 }));
  }
  t.true(await killNightly(t, ledger, { table: 'telephone_numbers' }));
  t.true(await killNightly(t, ledger, { table: 'number_status_history' }));
  t.deepEqual(await ledger.query('select 1 from telephone_numbers'), []);
  await finishNightly(t, ledger);
  await watch.compare(t);
  const lists = ledger.sandbox.requests.filter(
    ({ path, query }) => /accounts\/\d+\/inserviceNumbers$|api\/tns$/.test(path) && query.page !== undefined,
  );
  // Each kill loses at most the current page and the prefetched one.
  t.true(lists.length <= pagesOfANight + 2 * 6, `${lists.length} pages were asked for`);

  ledger.sandbox.account(account).churn(300, 8);
  t.true(await killNightly(t, ledger, { request: 1 + random(30), answered: random(2) === 0 }));
  t.true(await killNightly(t, ledger, { table: 'number_status_history_superseded' }));
  await finishNightly(t, ledger);
  await watch.compare(t);

  const runs = await ledger.query('select status, count(*)::int from sync_runs group by 1 order by 1');
  t.deepEqual(
    runs.map(({ status }) => status),
    ['interrupted', 'succeeded'],
  );
});
