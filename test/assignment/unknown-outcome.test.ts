import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { cli, makeFolder } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account } from '../sync/support/ledger.js';
import { type Assigning, openAssigning, resultLines } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'sync-number-assignments';

async function run(t: ExecutionContext, world: Assigning, ...args: string[]) {
  const env = { ...world.env, TN_LEDGER_DATA_DIR: world.dataDir, TN_LEDGER_LOG_LEVEL: 'error' };
  return cli(t, args, { cwd: await makeFolder(t), env });
}

const today = () => new Date().toISOString().slice(0, 10);

/** Returns the numbers of all assignment orders with their outcomes. */
const outcomesOf = async (world: Assigning) =>
  (await world.query('select * from number_assignment_order_numbers order by telephone_number')).map((row) =>
    [row.telephone_number, row.outcome, row.error_code].join(' ').trim(),
  );

const declared = async (world: Assigning) =>
  (await world.query('select telephone_number from number_assignment_history order by 1')).map(
    ({ telephone_number }) => telephone_number,
  );

test('an order that counts failures but lists none changes nothing until a later read lists them', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a, b, c] = world.numbers as [string, string, string];
  world.sandbox.account(account).disconnect([c], { aging: true });
  world.sandbox.oddities = { 'partial-without-failures': 1 };
  const order = world.sandbox.account(account).placeAssignment({ action: 'ASSIGN', numbers: [a, b, c], done: true });
  const first = await world.run(job);
  t.is(first.result, 'succeeded', first.error?.message);
  t.regex(first.warnings.join(), new RegExp(`${order.orderId}: 0 listed as failed, but the failed count is 1`));
  t.deepEqual(await outcomesOf(world), [`${a} UNKNOWN`, `${b} UNKNOWN`, `${c} UNKNOWN`].sort());
  t.deepEqual(await declared(world), []);

  const audit = await run(t, world, 'audit', '--as-of', today(), '--json');
  t.is(audit.status, 0, audit.output);
  const finding = JSON.parse(audit.stdout).findings.find(({ id }: { id: string }) => id === 'unknown-outcome');
  t.is(finding.count, 3, audit.output);
  t.like(finding.examples[0], { order_id: order.orderId, batch_id: null });
  t.truthy(finding.examples[0].unknown_since);
  const [{ unknown_since: since } = {}] = await world.query('select unknown_since from number_assignment_orders');
  await world.run(job);
  t.deepEqual(await world.query('select unknown_since from number_assignment_orders'), [{ unknown_since: since }]);

  // The sandbox lists the failures a day after the first request.
  world.sandbox.clock.advance(24 * 3_600_000 + 1000);
  const last = await world.run(job);
  t.deepEqual(last.warnings, []);
  t.deepEqual(await outcomesOf(world), [`${a} ACCEPTED`, `${b} ACCEPTED`, `${c} FAILED 5131`].sort());
  t.deepEqual(await declared(world), [a, b].sort());
  t.deepEqual(await world.query('select unknown_since, unknown_reason from number_assignment_orders'), [
    { unknown_since: null, unknown_reason: null },
  ]);
  world.requests();
  await world.run(job);
  t.deepEqual(
    world.requests().filter((line) => line.includes(order.orderId)),
    [],
  );
});

test('an outcome that the nightly run resolves updates the batch, its counts and its results', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const outbox = join(world.dataDir, 'outbox');
  const [a, b, c] = world.numbers as [string, string, string];
  world.sandbox.account(account).disconnect([c], { aging: true });
  world.sandbox.oddities = { 'partial-without-failures': 5 };
  const path = await world.write('numbers.csv', [a, b, c]);
  const { summary, results } = await world.assign(path, { resultsFolder: outbox });
  t.deepEqual([summary.batch.status, summary.unknown, summary.accepted], ['finished', 3, 0]);
  t.deepEqual(await outcomesOf(world), [`${a} UNKNOWN`, `${b} UNKNOWN`, `${c} UNKNOWN`].sort());
  t.deepEqual(await declared(world), []);
  t.true((await resultLines(results)).every((line) => line.includes('|UNKNOWN|')));
  const list = await run(t, world, 'assignments');
  t.regex(list.stdout, /Batch 1 has 3 numbers .*count as unassigned.*checks again/s);
  t.regex((await run(t, world, 'assignments', '1')).stdout, /3 unknown[\s\S]*checks again/);
  const audit = JSON.parse((await run(t, world, 'audit', '--as-of', today(), '--json')).stdout).findings;
  const finding = audit.find(({ id }: { id: string }) => id === 'unknown-outcome');
  t.like(finding, { count: 3 });
  t.is(String(finding.examples[0].batch_id), '1');

  // No new information yet: nothing changes.
  await world.run(job);
  t.deepEqual(await world.query('select unknown_count from assignment_batches'), [{ unknown_count: 3 }]);
  world.sandbox.oddities = {};
  const report = await world.run(job);
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(
    await world.query(
      'select b.unknown_count, b.accepted_count, b.failed_count, o.failed_quantity, o.error_description from assignment_batches b join assignment_orders o using (batch_id)',
    ),
    [{ unknown_count: 0, accepted_count: 2, failed_count: 1, failed_quantity: 1, error_description: null }],
  );
  t.deepEqual(
    (await resultLines(results)).map((line) => line.split('|').slice(2, 5).join('|')),
    [`${a}|ACCEPTED|`, `${b}|ACCEPTED|`, `${c}|FAILED|5131`],
  );
  t.deepEqual(await declared(world), [a, b].sort());
});

test('an outcome that the nightly run resolves updates the stored results of a submitted file', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a, b, c] = world.numbers as [string, string, string];
  world.sandbox.account(account).disconnect([c], { aging: true });
  world.sandbox.oddities = { 'partial-without-failures': 5 };
  const submitted = await run(t, world, 'submit', await world.write('numbers.csv', [a, b, c]), '--action', 'ASSIGN');
  t.is(submitted.status, 0, submitted.output);
  t.is((await world.run('submit-number-assignments')).result, 'succeeded');
  const outcomes = async () => {
    const { stdout } = await run(t, world, 'files', 'get', 'numbers.results.csv', '--out', '-');
    return stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[3]);
  };
  t.deepEqual(await outcomes(), ['UNKNOWN', 'UNKNOWN', 'UNKNOWN']);
  world.sandbox.oddities = {};
  const report = await world.run(job);
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(await outcomes(), ['ACCEPTED', 'ACCEPTED', 'FAILED']);
  t.deepEqual(await readdir(world.dataDir), ['inbox', 'numbers.csv', 'submitted']);
});

test('an order without FailedQuantity that lists its failures is consistent', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { oddities: { 'lost-failed-quantity': 1 } } });
  const [a, b] = world.numbers as [string, string];
  world.sandbox.account(account).disconnect([b], { aging: true });
  const { summary } = await world.assign(await world.write('numbers.csv', [a, b]));
  t.deepEqual([summary.accepted, summary.failed, summary.unknown], [1, 1, 0]);
  world.sandbox.account(account).placeAssignment({ action: 'UNASSIGN', numbers: [a, b], done: true });
  await world.run(job);
  t.deepEqual(
    await world.query(
      `select action, n.telephone_number = '${a}' as good, outcome from number_assignment_orders join number_assignment_order_numbers n using (account_id, order_id) order by 1, 2`,
    ),
    [
      { action: 'ASSIGN', good: false, outcome: 'FAILED' },
      { action: 'ASSIGN', good: true, outcome: 'ACCEPTED' },
      { action: 'UNASSIGN', good: false, outcome: 'FAILED' },
      { action: 'UNASSIGN', good: true, outcome: 'ACCEPTED' },
    ],
  );
});
