import anyTest, { type TestFn } from 'ava';
import { preciseNow } from '../../src/sandbox/clock.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { requestTimes } from './support/rate-limit.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('a run never exceeds the rate limit', async (t) => {
  const [rateLimit, windowMs] = [20, 1000];
  const startedAt = preciseNow();
  const times = await requestTimes(t, t.context.server, { numbers: 2000, pageSize: 40, rateLimit, windowMs });
  t.true(times.length > 5 * rateLimit - 5);
  // A busy machine delays requests but makes none early. The soak, alone on its machine, measures how close they come.
  for (const [index, time] of times.entries()) {
    const earliest = Math.floor(index / rateLimit) * windowMs * 0.99;
    t.true(time - startedAt >= earliest, `request ${index + 1} after ${time - startedAt} ms`);
  }
});
