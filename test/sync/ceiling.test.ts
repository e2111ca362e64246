import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { averageTurn, mostWithin, requestTimes } from './support/ceiling.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('a night never exceeds its ceiling of requests, and uses it up while there is work', async (t) => {
  const [ceiling, windowMs] = [20, 2000];
  const times = await requestTimes(t, t.context.server, { numbers: 2000, pageSize: 40, ceiling, windowMs });
  t.true(times.length > 5 * ceiling - 5);
  // Starts are what is limited, and arrivals what is seen here: on a busy machine one comes a little later than it started.
  t.true(mostWithin(times, windowMs * 0.95) <= ceiling, `${mostWithin(times, windowMs * 0.95)} requests in a window`);
  const turn = averageTurn(times, ceiling);
  t.log(`${times.length} requests, ${ceiling} of them in ${turn.toFixed(0)} ms on average`);
  t.true(turn <= windowMs / 0.95, `${ceiling} requests took ${turn} ms on average`);
});
