import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { finishNight, killNight, randomFrom } from './support/kills.js';
import { account, openLedger } from './support/ledger.js';
import { watchNights } from './support/nights.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('nights killed again and again come to the same tables as undisturbed ones, and no page is read again for it', async (t) => {
  const seed = Number(process.env.TN_LEDGER_TEST_SEED ?? Date.now() % 1_000_000);
  t.log(`TN_LEDGER_TEST_SEED=${seed}`);
  const random = randomFrom(seed);
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 3000, seed: 4 }, pageSize: 200 });
  const watch = watchNights(ledger);
  const pagesOfANight = 2 * (3000 / 200);

  for (let n = 0; n < 4; n += 1) {
    t.true(await killNight(t, ledger, { request: 1 + random(6), answered: random(2) === 0 }));
  }
  t.true(await killNight(t, ledger, { table: 'telephone_numbers' }));
  t.true(await killNight(t, ledger, { table: 'number_status_history' }));
  t.deepEqual(await ledger.query('select 1 from telephone_numbers'), []);
  await finishNight(t, ledger);
  await watch.compare(t);
  const lists = ledger.sandbox.requests.filter(
    ({ path, query }) => /\/(inserviceNumbers|tns)$/.test(path) && query.page !== undefined,
  );
  // At most the page in hand and the one ahead of it are lost to each kill.
  t.true(lists.length <= pagesOfANight + 2 * 6, `${lists.length} pages were asked for`);

  ledger.sandbox.account(account).churn(300, 8);
  t.true(await killNight(t, ledger, { request: 1 + random(30), answered: random(2) === 0 }));
  t.true(await killNight(t, ledger, { table: 'number_status_history_superseded' }));
  await finishNight(t, ledger);
  await watch.compare(t);

  const runs = await ledger.query('select status, count(*)::int from sync_runs group by 1 order by 1');
  t.deepEqual(
    runs.map(({ status }) => status),
    ['interrupted', 'succeeded'],
  );
});
