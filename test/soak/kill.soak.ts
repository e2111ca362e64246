import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { seed } from '../support/seed.js';
import { orderDifferences } from '../sync/support/expected-orders.js';
import { finishNightly, killNightly, type Moment, randomFrom } from '../sync/support/kills.js';
import { account, openLedger } from '../sync/support/ledger.js';
import { watchHistories } from '../sync/support/watch-histories.js';
import { watchRuns } from '../sync/support/watch-runs.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const tables = ['telephone_numbers', 'number_status_history', 'number_status_history_superseded', 'sync_cursors'];

const orderTables = [
  'orders',
  'disconnects',
  'portins',
  'portouts',
  'number_assignment_orders',
  'disconnected_numbers',
];

test('runs killed at 20 random moments and repeated leave the same tables as undisturbed runs', async (t) => {
  t.timeout(15 * 60_000);
  const random = randomFrom(seed);
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 30_000 }, pageSize: 500 });
  const watch = watchRuns(ledger);
  const kills: Moment[] = [];
  let nights = 1;
  while (kills.length < 20) {
    const moment: Moment =
      random(3) > 0 ? { request: 1 + random(60), answered: random(2) === 0 } : { table: pick(random, tables) };
    if (await killNightly(t, ledger, moment)) {
      kills.push(moment);
    } else {
      // The run ended before the moment came; the changes give the next run work.
      await watch.compare(t);
      ledger.sandbox.account(account).churn(1500, nights);
      nights += 1;
    }
  }
  await finishNightly(t, ledger);
  await watch.compare(t);
  t.log(`${kills.length} kills in ${nights} runs: ${JSON.stringify(kills)}`);
});

test('runs of all jobs killed at 30 random moments and repeated leave correct orders and histories', async (t) => {
  t.timeout(20 * 60_000);
  const random = randomFrom(seed);
  const amounts = { orders: 250, disconnects: 80, portins: 40, portouts: 20, assignments: 40, open: 0.15 };
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 2000, ...amounts, seed: 5 },
    pageSize: 100,
  });
  const held = ledger.sandbox.account(account);
  const watch = watchHistories(ledger);
  const kills: Moment[] = [];
  // The first run reads every order, so it can be killed more often than the later ones.
  for (const [night, kill] of [14, 8, 8].entries()) {
    if (night > 0) held.busyDay(night);
    await watch.night(t, async () => {
      for (let killed = 0; killed < kill; ) {
        const moment: Moment =
          random(4) > 0
            ? { request: 1 + random(night === 0 ? 300 : 60), answered: random(2) === 0 }
            : { table: pick(random, [...tables.slice(0, 1), 'sync_cursors', 'sync_watermarks', ...orderTables]) };
        if (!(await killNightly(t, ledger, moment))) continue;
        kills.push(moment);
        killed += 1;
      }
    });
    for (const resource of orderDetailResources) {
      t.deepEqual((await orderDifferences(ledger, resource)).slice(0, 3), [], `run ${night}`);
    }
  }
  t.log(`${kills.length} kills: ${JSON.stringify(kills)}`);
});

function pick<T>(random: (bound: number) => number, from: readonly T[]): T {
  return from[random(from.length)] as T;
}
