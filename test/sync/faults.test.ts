import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { nightsWithFaults } from './support/fault-nights.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('with 5 % of each kind of fault, nights come to the same tables as without', async (t) => {
  await nightsWithFaults(t, t.context.server, { numbers: 2400, changes: 200, pageSize: 100, seed: 11 });
});
