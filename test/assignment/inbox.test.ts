import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account } from '../sync/support/ledger.js';
import { type Assigning, openAssigning, resultLines } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'submit-number-assignments';

/** Puts a file into the inbox, as old as a file that nobody writes to any more, unless told. */
async function drop(world: Assigning, path: string, lines: readonly string[], ageSeconds = 60): Promise<string> {
  const full = join(world.dataDir, 'inbox', path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, `${lines.join('\n')}\n`);
  const time = new Date(Date.now() - ageSeconds * 1000);
  await utimes(full, time, time);
  return full;
}

/** Files of a folder of the data folder, below it, their time stamps as STAMP. */
async function filesOf(world: Assigning, folder: string): Promise<string[]> {
  const root = join(world.dataDir, folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replace(/\d{8}T\d{6}Z/, 'STAMP'),
    )
    .sort();
}

async function findFile(world: Assigning, folder: string, end: string): Promise<string> {
  const names = await readdir(join(world.dataDir, folder));
  return join(world.dataDir, folder, names.find((name) => name.endsWith(end)) ?? `no file ${end}`);
}

function failedIn(t: ExecutionContext, report: { result: string; error?: Error }, message: RegExp): void {
  t.is(report.result, 'failed');
  t.regex(report.error?.message ?? '', message);
}

test('files of the inbox are taken in name order by their folders or their lines, and moved with their results', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a, b, c, d] = world.numbers as [string, string, string, string];
  await drop(world, 'unassign/20 gone.csv', [a]);
  await drop(world, 'assign/30.csv', [b, '911', ...world.numbers.slice(10, 20)]);
  await drop(world, 'team/10.csv', ['tn,action', `${c},ASSIGN`, `${d},UNASSIGN`]);
  const report = await world.run(job);
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(report.rejected, 1);
  t.deepEqual(
    world.placed().map(({ action, numbers }) => [action, numbers[0]?.telephoneNumber]),
    [
      ['ASSIGN', c],
      ['UNASSIGN', d],
      ['UNASSIGN', a],
      ['ASSIGN', b],
    ],
  );
  t.deepEqual(await filesOf(world, 'inbox'), []);
  t.deepEqual(await filesOf(world, 'failed'), []);
  t.deepEqual(await filesOf(world, 'done'), [
    'STAMP-10.csv',
    'STAMP-10.results.csv',
    'STAMP-20 gone.csv',
    'STAMP-20 gone.results.csv',
    'STAMP-30.csv',
    'STAMP-30.rejected.csv',
    'STAMP-30.results.csv',
  ]);
  t.is((await resultLines(await findFile(world, 'done', '30.results.csv'))).length, 12);
  t.is(await readFile(await findFile(world, 'done', '20 gone.csv'), 'utf8'), `${a}\n`);
});

test('a file that may still be being written waits', async (t) => {
  const world = await openAssigning(t, t.context.server);
  await drop(world, 'assign/fresh.csv', world.numbers.slice(0, 1), 2);
  await drop(world, 'assign/ahead.csv', world.numbers.slice(0, 1), -2);
  await drop(world, 'assign/partly.csv.part', world.numbers.slice(0, 1));
  await drop(world, 'assign/other.TMP', world.numbers.slice(0, 1));
  await drop(world, 'assign/.hidden.csv', world.numbers.slice(0, 1));
  const report = await world.run(job);
  t.is(report.result, 'succeeded');
  t.deepEqual(world.placed(), []);
  t.is((await filesOf(world, 'inbox')).length, 5);
});

test('a file that can be no batch goes to failed/ with the reason, and the others are taken all the same', async (t) => {
  const world = await openAssigning(t, t.context.server);
  await drop(world, 'assign/1 wrong.csv', [world.numbers[0] as string, '911', '912']);
  await drop(world, 'assign/2 empty.csv', ['tn']);
  await drop(world, '3 no action.csv', world.numbers.slice(1, 2));
  await drop(world, 'assign/4 good.csv', world.numbers.slice(2, 4));
  const report = await world.run(job);
  failedIn(t, report, /3 of 4 files of the inbox could not be taken: 2 of 3 lines were rejected/);
  t.deepEqual(await filesOf(world, 'inbox'), []);
  t.deepEqual(await filesOf(world, 'failed'), [
    'STAMP-1 wrong.csv',
    'STAMP-1 wrong.error.txt',
    'STAMP-1 wrong.rejected.csv',
    'STAMP-2 empty.csv',
    'STAMP-2 empty.error.txt',
    'STAMP-3 no action.csv',
    'STAMP-3 no action.error.txt',
  ]);
  t.regex(await readFile(await findFile(world, 'failed', '2 empty.error.txt'), 'utf8'), /a header and no numbers/);
  t.deepEqual(await filesOf(world, 'done'), ['STAMP-4 good.csv', 'STAMP-4 good.results.csv']);
  t.is(world.placed().length, 1);
});

test('where several accounts are configured, a file belongs to the one its folder is named after', async (t) => {
  const accounts = [account, '9900001'].map((id) => ({ id, numbers: 300 }));
  const world = await openAssigning(t, t.context.server, { sandbox: { accounts } });
  await drop(world, `${account}/assign/mine.csv`, world.numbers.slice(0, 2));
  await drop(world, '9900001/assign/theirs.csv', world.numbers.slice(2, 4));
  await drop(world, 'assign/whose.csv', world.numbers.slice(4, 6));
  const report = await world.run(job);
  t.is(report.result, 'succeeded');
  t.regex(report.warnings.join(), /1 files of the inbox were not taken, the first .*whose\.csv: several accounts/);
  t.deepEqual(await filesOf(world, 'inbox'), ['9900001/assign/theirs.csv', 'assign/whose.csv']);
  t.is(world.placed().length, 1);
});

test('a run that was ended after the orders, or between the results and the move, sends nothing again and ends alike', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const lines = world.numbers.slice(0, 3);
  await drop(world, 'assign/numbers.csv', lines);
  await world.run(job);
  const results = await readFile(await findFile(world, 'done', 'results.csv'), 'utf8');
  // As it was before the move: the file in the inbox, everything else done.
  await drop(world, 'assign/numbers.csv', lines);
  const report = await world.run(job);
  t.is(report.result, 'succeeded');
  t.is(report.rejected, 0);
  t.is(world.placed().length, 1);
  // Nothing is overwritten: the file handed in again is kept beside the first.
  t.deepEqual(await filesOf(world, 'done'), ['STAMP-numbers-2.csv', 'STAMP-numbers.csv', 'STAMP-numbers.results.csv']);
  t.is(await readFile(await findFile(world, 'done', 'results.csv'), 'utf8'), results);
});

test('a file whose orders are not at their end stays, and is moved by the night that learns of it', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { assignmentPace: { reads: 1 } } });
  const path = await drop(world, 'assign/numbers.csv', world.numbers.slice(0, 3));
  const stop = new AbortController();
  world.proxy.onRequest = ({ method, path: asked }) => {
    if (method === 'GET' && asked.includes('/numbersAssignment/')) stop.abort(new Error('stopped'));
  };
  t.not((await world.run(job, { signal: stop.signal })).result, 'succeeded');
  world.proxy.onRequest = () => undefined;
  t.true((await stat(path)).isFile());
  t.is((await world.run(job)).result, 'succeeded');
  t.deepEqual(await filesOf(world, 'done'), ['STAMP-numbers.csv', 'STAMP-numbers.results.csv']);
  t.is(world.placed().length, 1);
});

test('the night goes on with a batch of the command line that was not waited for, and writes its results', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { assignmentPace: { reads: 1 } } });
  const outbox = join(world.dataDir, 'outbox');
  await world.assign(await world.write('numbers.csv', world.numbers.slice(0, 2)), {
    wait: false,
    resultsFolder: outbox,
  });
  t.is((await world.run(job)).result, 'succeeded');
  t.deepEqual(
    (await resultLines(join(outbox, 'numbers.results.csv'))).map((line) => line.split('|')[3]),
    ['ACCEPTED', 'ACCEPTED'],
  );
  t.deepEqual(await world.query('select status, accepted_count from assignment_batches'), [
    { status: 'finished', accepted_count: 2 },
  ]);
});

test('a file that is replaced while its numbers are submitted stays for the next run', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const path = await drop(world, 'assign/numbers.csv', world.numbers.slice(0, 3));
  world.proxy.onRequest = async ({ method }) => {
    if (method === 'POST') await drop(world, 'assign/numbers.csv', world.numbers.slice(3, 4), 30);
  };
  const report = await world.run(job);
  t.is(report.result, 'succeeded');
  t.regex(report.warnings.join(), /was replaced while its numbers were being submitted/);
  t.true((await stat(path)).isFile());
  world.proxy.onRequest = () => undefined;
  await world.run(job);
  t.deepEqual(
    world.placed().map(({ numbers }) => numbers.length),
    [3, 1],
  );
  t.deepEqual(await filesOf(world, 'inbox'), []);
});
