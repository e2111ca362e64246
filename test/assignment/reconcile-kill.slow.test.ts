import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { cli, makeFolder } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { seed } from '../support/seed.js';
import { size } from '../support/sizes.js';
import { killRun, type Moment, randomFrom } from '../sync/support/kills.js';
import { openReconciling, ordersOf } from './reconcile-support.js';
import { resultLines } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('a reconciliation that is killed repeatedly sends every number in one order', async (t) => {
  const { kills } = size({ test: { kills: 4 }, soak: { kills: 12 } });
  const random = randomFrom(seed);
  const sandbox = { numbers: 5600, seed: 3, assignmentPace: { reads: 1 } };
  const world = await openReconciling(t, t.context.server, { sandbox });
  const gone = world.numbers.slice(5200, 5300);
  await world.assign(await world.write('before.csv', gone));
  const placedBefore = world.placed().length;
  world.sandbox.faults = { 'lost-answer': 0.6 };
  const wanted = world.numbers.slice(0, 5100);
  const path = await world.write('customers.csv', ['tn', ...wanted]);
  const out = join(world.dataDir, 'killed');
  const args = ['reconcile', path, '--apply', '--prune', '--max-change', '100%', '--out', out];
  for (let killed = 0; killed < kills; killed += 1) {
    const isRecorded = (await world.query(`select from assignment_batches where status = 'open'`)).length > 0;
    const table = random(2) === 0 ? 'assignment_orders' : 'assignment_numbers';
    const moment: Moment =
      isRecorded && random(2) === 0 ? { table } : { request: 1 + random(6), answered: random(2) === 0 };
    if (!(await killRun(t, world, moment, args, [0]))) break;
  }
  const cwd = await makeFolder(t);
  const last = await cli(t, args, { cwd, env: { ...world.env, TN_LEDGER_DATA_DIR: `${cwd}/data` } });
  t.is(last.status, 0, last.output);
  const orders = ordersOf(world).slice(placedBefore);
  t.deepEqual(orders.map(([action, ...numbers]) => [action, numbers.length]).sort(), [
    ['ASSIGN', 100],
    ['ASSIGN', 5000],
    ['UNASSIGN', 100],
  ]);
  const sent = (action: string) => orders.flatMap(([each, ...numbers]) => (each === action ? numbers : [])).sort();
  t.deepEqual(sent('ASSIGN'), [...wanted].sort());
  t.deepEqual(sent('UNASSIGN'), [...gone].sort());
  const outcomes = await world.query(
    `select outcome, count(*)::int from assignment_numbers join assignment_batches using (batch_id)
      where purpose = 'reconcile' group by 1`,
  );
  t.deepEqual(outcomes, [{ outcome: 'ACCEPTED', count: 5200 }]);
  t.true((await resultLines(join(out, 'customers.unassigned.results.csv'))).length <= 100);
  const { plan } = await world.plan(path, { prune: true });
  t.like(plan.counts, { toAssign: 0, toUnassign: 0 });
});
