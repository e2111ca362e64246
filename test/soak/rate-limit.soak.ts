import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { averageDuration, maxWithin, requestTimes } from '../sync/support/rate-limit.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('at 100 requests per minute, no 60 seconds have more, and at least 95 are used under load', async (t) => {
  t.timeout(10 * 60_000);
  const ceiling = 100;
  const times = await requestTimes(t, t.context.server, { numbers: 6500, pageSize: 50, rateLimit: ceiling });
  t.true(times.length > 250, `only ${times.length} requests`);
  t.true(maxWithin(times, 60_000) <= ceiling, `${maxWithin(times, 60_000)} requests in 60 s`);
  const turn = averageDuration(times, ceiling);
  t.log(`${times.length} requests; ${ceiling} took ${(turn / 1000).toFixed(2)} s on average`);
  t.true((60_000 / turn) * ceiling >= 0.95 * ceiling);
});
