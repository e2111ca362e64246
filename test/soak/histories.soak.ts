import anyTest, { type TestFn } from 'ava';
import { orderDetailResources } from '../../src/dashboard/order-details.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { movableDatabaseClock } from '../sync/support/database-clock.js';
import { orderDifferences } from '../sync/support/expected-orders.js';
import { watchHistories } from '../sync/support/history-nights.js';
import { account, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const day = 86_400_000;

test('100,000 numbers and 43,500 orders of six years, and ten nights more: orders and histories are what really happened', async (t) => {
  t.timeout(30 * 60_000);
  const amounts = { orders: 30_000, disconnects: 8000, portins: 3000, portouts: 1000, assignments: 1500 };
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 100_000, ...amounts, seed: 31 } });
  const advanceDatabase = await movableDatabaseClock(t.context.server, ledger);
  const held = ledger.sandbox.account(account);
  const watch = watchHistories(ledger);
  const compareOrders = async (night: number) => {
    for (const resource of orderDetailResources) {
      t.deepEqual((await orderDifferences(ledger, resource)).slice(0, 3), [], `night ${night}`);
    }
  };
  for (let night = 0; night <= 10; night += 1) {
    if (night > 0) {
      held.night(night);
      ledger.sandbox.clock.advance(day);
      await advanceDatabase(day);
    }
    const begun = Date.now();
    await watch.night(t);
    t.log(`night ${night}: ${((Date.now() - begun) / 1000).toFixed(1)} s with its comparison`);
    await compareOrders(night);
  }
});
