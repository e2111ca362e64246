import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { finishNight, killNight, type Moment, randomFrom } from '../sync/support/kills.js';
import { account, openLedger } from '../sync/support/ledger.js';
import { watchNights } from '../sync/support/nights.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const tables = ['telephone_numbers', 'number_status_history', 'number_status_history_superseded', 'sync_cursors'];

test('killed at 20 random moments and run again, nights leave the tables that undisturbed ones leave', async (t) => {
  t.timeout(15 * 60_000);
  const seed = Number(process.env.TN_LEDGER_TEST_SEED ?? Date.now() % 1_000_000);
  t.log(`TN_LEDGER_TEST_SEED=${seed}`);
  const random = randomFrom(seed);
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 30_000 }, pageSize: 500 });
  const watch = watchNights(ledger);
  const kills: Moment[] = [];
  let nights = 1;
  while (kills.length < 20) {
    const moment: Moment =
      random(3) > 0
        ? { request: 1 + random(60), answered: random(2) === 0 }
        : { table: tables[random(tables.length)] as string };
    if (await killNight(t, ledger, moment)) {
      kills.push(moment);
    } else {
      // The night was over before its moment came; the next one has work again.
      await watch.compare(t);
      ledger.sandbox.account(account).churn(1500, nights);
      nights += 1;
    }
  }
  await finishNight(t, ledger);
  await watch.compare(t);
  t.log(`${kills.length} kills in ${nights} nights: ${JSON.stringify(kills)}`);
});
