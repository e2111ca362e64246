import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { openAssigning } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('at a ceiling, orders are placed first and asked for later, once each, and nothing is answered 429', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { numbers: 46_000, assignmentPace: { ms: 1 } } });
  const path = await world.write('numbers.csv', world.numbers.slice(0, 45_000));
  // A ceiling of ten requests in three seconds stands for one of so many a minute.
  const rateWindowMs = 3000;
  const client = world.openClient({ requestsPerMinute: 10, rateWindowMs });
  t.teardown(() => client.close());
  const { summary } = await world.assign(path, {}, { client });
  t.is(summary.accepted, 45_000);
  const log = world.sandbox.requests.filter(({ path: asked }) => !asked.endsWith('/token'));
  // The account's features, nine orders, nine ends.
  t.is(log.length, 19);
  t.deepEqual(
    log.slice(1, 10).map(({ method }) => method),
    Array(9).fill('POST'),
  );
  t.true(log.every(({ status }) => status !== 429));
});
