import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { movableDatabaseClock } from '../sync/support/database-clock.js';
import { orderDifferences } from '../sync/support/expected-orders.js';
import { account, openLedger } from '../sync/support/ledger.js';
import { watchHistories } from '../sync/support/watch-histories.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const day = 86_400_000;

test('orders and histories are correct for 100,000 numbers and 43,500 orders after eleven runs', async (t) => {
  t.timeout(30 * 60_000);
  const amounts = { orders: 30_000, disconnects: 8000, portins: 3000, portouts: 1000, assignments: 1500 };
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 100_000, ...amounts, seed: 31 } });
  const advanceDatabase = await movableDatabaseClock(t.context.server, ledger);
  const held = ledger.sandbox.account(account);
  const watch = watchHistories(ledger);
  const compareOrders = async (night: number) => {
    for (const resource of orderDetailResources) {
      t.deepEqual((await orderDifferences(ledger, resource)).slice(0, 3), [], `run ${night}`);
    }
  };
  for (let night = 0; night <= 10; night += 1) {
    if (night > 0) {
      held.busyDay(night);
      ledger.sandbox.clock.advance(day);
      await advanceDatabase(day);
    }
    const startedAt = Date.now();
    await watch.night(t);
    t.log(`run ${night}: ${((Date.now() - startedAt) / 1000).toFixed(1)} s including the comparison`);
    await compareOrders(night);
  }
});
