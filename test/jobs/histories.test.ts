import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { movableDatabaseClock } from '../sync/support/database-clock.js';
import type { KnownLife } from '../sync/support/expected-histories.js';
import { watchHistories } from '../sync/support/history-nights.js';
import { account, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const day = 86_400_000;

test('ten nights of orders of all kinds leave the histories that follow from what really happened', async (t) => {
  const amounts = { numbers: 400, orders: 50, disconnects: 25, portins: 25, portouts: 15, assignments: 25, open: 0.1 };
  const ledger = await openLedger(t, t.context.server, { sandbox: { ...amounts, seed: 11 } });
  const advanceDatabase = await movableDatabaseClock(t.context.server, ledger);
  const held = ledger.sandbox.account(account);
  const watch = watchHistories(ledger);
  await watch.night(t);
  for (let night = 1; night <= 10; night += 1) {
    held.night(night);
    // Some of what was given back last, and is not on its way out once more, is ordered again.
    const leaving = new Set(
      held
        .disconnects()
        .flatMap(({ numbers }) =>
          numbers.filter(({ outcome }) => outcome === 'PENDING').map(({ telephoneNumber }) => telephoneNumber),
        ),
    );
    const gone = held.disconnectedNumbers().filter(({ telephoneNumber }) => !leaving.has(telephoneNumber));
    const latest = gone.sort((a, b) => +b.disconnectedAt - +a.disconnectedAt).slice(0, 3);
    const numbers = latest.map(({ telephoneNumber }) => telephoneNumber);
    held.placeOrder({ numbers, done: night % 2 === 0 });
    ledger.sandbox.clock.advance(day);
    await advanceDatabase(day);
    await watch.night(t);
  }
  const lives = watch.lives();
  const count = (of: (each: KnownLife[]) => boolean) => lives.filter(of).length;
  t.true(count((each) => each.length > 1 && each.every(({ seen }) => seen.size > 0)) >= 5, 'came back');
  t.true(count((each) => each.some(({ seen }) => seen.size === 0)) >= 20, 'gone before the first night');
  t.true(count((each) => each.some(({ seen }) => [...seen.values()].includes('Aging'))) >= 10, 'aging');
  t.true(count((each) => each.some(({ declared }) => declared.length > 1)) >= 10, 'declared more than once');
});
