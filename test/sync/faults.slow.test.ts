import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { runsWithFaults } from './support/fault-runs.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('runs with 5 % of each kind of fault store the same as runs without faults', async (t) => {
  await runsWithFaults(t, t.context.server, { numbers: 2400, changes: 200, pageSize: 100, seed: 11 });
});
