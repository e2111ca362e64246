import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { openReconciling, ordersOf } from './reconcile-support.js';
import { type Assigning, resultLines, run } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'submit-number-assignments';

async function drop(world: Assigning, path: string, lines: readonly string[]): Promise<void> {
  const full = join(world.dataDir, 'inbox', path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, `${lines.join('\n')}\n`);
  const time = new Date(Date.now() - 60_000);
  await utimes(full, time, time);
}

async function filesIn(world: Assigning, folder: string): Promise<string[]> {
  const names = await readdir(join(world.dataDir, folder)).catch(() => []);
  return names.map((name) => name.replace(/^\d{8}T\d{6}Z/, 'STAMP')).sort();
}

async function find(world: Assigning, folder: string, end: string): Promise<string> {
  const names = await readdir(join(world.dataDir, folder));
  return join(world.dataDir, folder, names.find((name) => name.endsWith(end)) ?? `no file ${end}`);
}

test('files in inbox/reconcile assign; only those in inbox/reconcile-prune unassign, within the limit', async (t) => {
  const world = await openReconciling(t, t.context.server);
  const numbers = world.numbers.slice(0, 20);
  await drop(world, 'reconcile/monday.csv', numbers);
  t.is((await world.run(job)).result, 'succeeded');
  await drop(world, 'reconcile/tuesday.csv', numbers.slice(0, 5));
  t.is((await world.run(job)).result, 'succeeded');
  t.deepEqual(ordersOf(world), [['ASSIGN', ...numbers]]);
  t.deepEqual(await filesIn(world, 'done'), [
    'STAMP-monday.csv',
    'STAMP-monday.results.csv',
    'STAMP-tuesday.csv',
    'STAMP-tuesday.results.csv',
  ]);

  await drop(world, 'reconcile-prune/wednesday.csv', numbers.slice(0, 18));
  t.is((await world.run(job)).result, 'succeeded');
  t.deepEqual(ordersOf(world)[1], ['UNASSIGN', ...numbers.slice(18)]);
  const pruned = await find(world, 'done', '-wednesday.unassigned.results.csv');
  t.is((await resultLines(pruned)).length, 2);

  await drop(world, 'reconcile-prune/thursday.csv', numbers.slice(0, 9));
  const guarded = await world.run(job);
  t.is(guarded.result, 'succeeded');
  t.is(guarded.rejected, 1);
  const why = 'The plan marks 9 of 18 ASSIGNED numbers UNASSIGNED (50%), more than 10% (--max-change).';
  t.regex(guarded.warnings[0] ?? '', /thursday\.csv was rejected \(batch \d+\): The plan marks 9 of 18 /);
  t.is(ordersOf(world).length, 2);
  t.deepEqual(await filesIn(world, 'failed'), ['STAMP-thursday.csv', 'STAMP-thursday.error.txt']);
  const moved = await find(world, 'failed', '-thursday.csv');
  const text = await readFile(await find(world, 'failed', '-thursday.error.txt'), 'utf8');
  t.true(text.includes(`apply it: tn-ledger reconcile ${moved} --max-change 50% --apply --prune\n`), text);
  const status = await run(t, world, ['status']);
  t.true(status.stdout.includes(why), status.output);

  // The operator confirms it, which resolves the rejection.
  const applied = await run(t, world, ['reconcile', moved, '--max-change', '50%', '--apply', '--prune']);
  t.is(applied.status, 0, applied.output);
  t.deepEqual(ordersOf(world)[2], ['UNASSIGN', ...numbers.slice(9, 18)]);
  t.false((await run(t, world, ['status'])).stdout.includes(why));
});

test('a run that is stopped before a file is put away puts it away next time, without a second order', async (t) => {
  const world = await openReconciling(t, t.context.server);
  const numbers = world.numbers.slice(0, 3);
  await world.assign(await world.write('before.csv', numbers));
  await drop(world, 'reconcile-prune/list.csv', [world.numbers[3] as string, ...numbers.slice(1)]);
  // As a run that was killed once the orders had ended: the file is still in the inbox.
  await world.reconcile(join(world.dataDir, 'inbox/reconcile-prune/list.csv'), {
    ...{ prune: true, maxChange: { percent: 100 }, wait: false, fromInbox: true },
  });
  t.is(ordersOf(world).length, 3);
  t.is((await world.run(job)).result, 'succeeded');
  t.is(ordersOf(world).length, 3);
  t.deepEqual(await filesIn(world, 'done'), [
    'STAMP-list.csv',
    'STAMP-list.results.csv',
    'STAMP-list.unassigned.results.csv',
  ]);
  t.deepEqual(
    await world.query(`select from assignment_batches where purpose = 'reconcile' and reported_at is null`),
    [],
  );
});

test('submit --reconcile stores a file for the next run, with its results in the database', async (t) => {
  const world = await openReconciling(t, t.context.server);
  const numbers = world.numbers.slice(0, 20);
  await world.reconcile(await world.write('before.csv', numbers));
  const path = await world.write('list.csv', [...numbers.slice(0, 18), world.numbers[20] as string]);
  const refused = await run(t, world, ['submit', path, '--reconcile', '--prune', '--max-change', '2']);
  t.is(refused.status, 1, refused.output);
  t.regex(refused.stderr, /The plan changes 3 numbers, more than 2 \(--max-change\)/);
  const submitted = await run(t, world, ['submit', path, '--reconcile', '--prune']);
  t.is(submitted.status, 0, submitted.output);
  t.regex(submitted.stdout, /list\.csv, reconcile \(with --prune\), account 9900000/);
  t.regex(submitted.stdout, /to be submitted +3\n/);
  t.is((await world.run(job)).result, 'succeeded');
  t.deepEqual(ordersOf(world).slice(1), [
    ['ASSIGN', world.numbers[20]],
    ['UNASSIGN', ...numbers.slice(18)],
  ]);
  t.deepEqual(
    await world.query(
      `select f.state, r.kind, r.file_name from submitted_files f
         join result_files r on r.account_id = f.account_id and r.submitted_file_id = f.file_id order by r.kind`,
    ),
    [
      { state: 'done', kind: 'results', file_name: 'list.results.csv' },
      { state: 'done', kind: 'unassigned', file_name: 'list.unassigned.results.csv' },
    ],
  );
  const mixed = await run(t, world, ['submit', path, '--reconcile', '--action', 'ASSIGN']);
  t.is(mixed.status, 2, mixed.output);
});
