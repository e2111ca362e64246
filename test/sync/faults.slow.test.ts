import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { recordProof } from '../support/proof.js';
import { runsWithFaults } from './support/fault-runs.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('runs with 5 % of each kind of fault store the same as runs without faults', async (t) => {
  const options = { numbers: 2400, changes: 200, pageSize: 100, seed: 11 };
  const points = await runsWithFaults(t, t.context.server, options);
  recordProof({
    promise: 'A nightly run loads all numbers and their histories, whatever goes wrong with responses',
    faults: '5 % of each kind of faulty response',
    points,
    lost: 0,
    command: 'npm run test:slow -- dist/test/sync/faults.slow.test.js',
  });
});
