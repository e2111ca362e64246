import anyTest, { type TestFn } from 'ava';
import { createRequestLeases } from '../../src/database/request-leases.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { size } from '../support/sizes.js';
import { openAssigning } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('at the rate limit, all orders are placed before they are polled, and no request gets a 429', async (t) => {
  const orders = size({ test: 3, soak: 9 });
  const numbers = 5000 * orders;
  const world = await openAssigning(t, t.context.server, {
    sandbox: { numbers: numbers + 1000, assignmentPace: { ms: 1 } },
  });
  const path = await world.write('numbers.csv', world.numbers.slice(0, numbers));
  // A limit for three seconds, reached by placing the orders, stands in for a limit per minute.
  const permits = createRequestLeases(async () => world.database, 3000);
  const client = world.openClient({ requestsPerMinute: 1 + orders, permits });
  t.teardown(() => client.close());
  const { summary } = await world.assign(path, {}, { client });
  t.is(summary.accepted, numbers);
  const log = world.sandbox.requests.filter(({ path: asked }) => !asked.endsWith('/token'));
  // The account's features, then one request to place and one to poll each order.
  t.is(log.length, 1 + 2 * orders);
  t.deepEqual(
    log.slice(1, 1 + orders).map(({ method }) => method),
    Array(orders).fill('POST'),
  );
  t.true(log.every(({ status }) => status !== 429));
});
