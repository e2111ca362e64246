import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { size } from '../support/sizes.js';
import { movableDatabaseClock } from '../sync/support/database-clock.js';
import type { KnownLife } from '../sync/support/expected-histories.js';
import { account, openLedger } from '../sync/support/ledger.js';
import { watchHistories } from '../sync/support/watch-histories.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const day = 86_400_000;

const runs = size({ test: 5, soak: 10 });

test('runs with orders of all kinds leave histories that match what really happened', async (t) => {
  const amounts = size({
    test: { numbers: 250, orders: 20, disconnects: 15, portins: 12, portouts: 8, assignments: 15 },
    soak: { numbers: 400, orders: 50, disconnects: 25, portins: 25, portouts: 15, assignments: 25 },
  });
  const ledger = await openLedger(t, t.context.server, { sandbox: { ...amounts, open: 0.1, seed: 11 } });
  const advanceDatabase = await movableDatabaseClock(t.context.server, ledger);
  const held = ledger.sandbox.account(account);
  const watch = watchHistories(ledger);
  await watch.night(t);
  for (let night = 1; night <= runs; night += 1) {
    held.busyDay(night);
    // Some recently disconnected numbers that aren't leaving again are reordered.
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
  t.true(count((each) => each.length > 1 && each.every(({ seen }) => seen.size > 0)) >= runs / 2, 'came back');
  t.true(count((each) => each.some(({ seen }) => seen.size === 0)) >= 2 * runs, 'gone before the first run');
  t.true(count((each) => each.some(({ seen }) => [...seen.values()].includes('Aging'))) >= runs, 'aging');
  t.true(count((each) => each.some(({ marks }) => marks.length > 1)) >= runs, 'marked more than once');
});
