import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { cliProcess } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account } from '../sync/support/ledger.js';
import { type Assigning, envOf, openAssigning, resultLines, run } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'submit-number-assignments';

/** Puts a file in the inbox, by default with an age that shows it is complete. */
async function drop(world: Assigning, path: string, lines: readonly string[], ageSeconds = 60): Promise<string> {
  const full = join(world.dataDir, 'inbox', path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, `${lines.join('\n')}\n`);
  const time = new Date(Date.now() - ageSeconds * 1000);
  await utimes(full, time, time);
  return full;
}

/** Files below a subfolder of the data folder, with STAMP in place of timestamps. */
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

test('inbox files are processed in name order and moved with their results', async (t) => {
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

test('a rejected file moves to failed/ with the reason and is counted; the others are processed', async (t) => {
  const world = await openAssigning(t, t.context.server);
  await drop(world, 'assign/1 wrong.csv', [world.numbers[0] as string, '911', '912']);
  await drop(world, 'assign/2 empty.csv', ['tn']);
  await drop(world, '3 no action.csv', world.numbers.slice(1, 2));
  await drop(world, 'assign/4 good.csv', world.numbers.slice(2, 4));
  const report = await world.run(job);
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(report.rejected, 4);
  t.is(report.warnings.length, 3);
  t.regex(
    report.warnings[0] ?? '',
    /inbox\/assign\/1 wrong\.csv was rejected \(batch \d+\): 2 of 3 lines were rejected \(not-a-number 2\).+ It was moved to .+\/failed\/\d{8}T\d{6}Z-1 wrong\.csv; .+-1 wrong\.error\.txt next to it/,
  );
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
  t.deepEqual(await filesOf(world, 'done'), ['STAMP-4 good.csv', 'STAMP-4 good.results.csv']);
  t.is(world.placed().length, 1);
  const wrong = await findFile(world, 'failed', '-1 wrong.csv');
  t.deepEqual(
    await world.query(
      `select file_name, action, status, total_count, rejected_count, reason, file_sha256 is not null as hashed, file_path = '${wrong}' as is_moved
         from assignment_batches order by batch_id`,
    ),
    [
      {
        ...{ file_name: '1 wrong.csv', action: 'ASSIGN', status: 'rejected', total_count: 3, rejected_count: 2 },
        reason: '2 of 3 lines were rejected (not-a-number 2), more than a tenth. Nothing was sent.',
        ...{ hashed: true, is_moved: true },
      },
      {
        ...{ file_name: '2 empty.csv', action: 'ASSIGN', status: 'rejected', total_count: null, rejected_count: null },
        reason: '2 empty.csv has a header but no numbers.',
        ...{ hashed: true, is_moved: false },
      },
      {
        ...{ file_name: '3 no action.csv', action: null, status: 'rejected', total_count: null, rejected_count: null },
        reason: "3 no action.csv doesn't say whether to assign or unassign its numbers, and no action was given.",
        ...{ hashed: true, is_moved: false },
      },
      {
        ...{ file_name: '4 good.csv', action: 'ASSIGN', status: 'finished', total_count: 2, rejected_count: 0 },
        ...{ reason: null, hashed: true, is_moved: false },
      },
    ],
  );
});

test('the text next to a rejected file gives its current path and complete commands', async (t) => {
  const world = await openAssigning(t, t.context.server);
  await drop(world, 'assign/wrong.csv', ['customer,tn', `a,${world.numbers[0]}`, 'b,911']);
  await drop(world, 'unassign/table.csv', ['customer,mobile', `a,${world.numbers[0]}`]);
  await world.run(job);
  const moved = await findFile(world, 'failed', '-wrong.csv');
  const [{ batch_id: batch } = {}] = await world.query(
    `select batch_id from assignment_batches where file_name = 'wrong.csv'`,
  );
  const name = moved.slice(moved.lastIndexOf('/') + 1, -'.csv'.length);
  t.is(
    await readFile(await findFile(world, 'failed', 'wrong.error.txt'), 'utf8'),
    `${moved}: 1 of 2 lines were rejected (not-a-number 1), more than a tenth. Nothing was sent.
The file is now ${moved}. None of it was submitted.

What to do:
Fix the lines listed in ${name}.rejected.csv, and put the corrected file in inbox/assign/ again.
Or have an operator submit the other lines as they are: tn-ledger assign ${moved} --allow-rejects --action ASSIGN

Until then, reports and \`tn-ledger status\` list it as batch ${batch}. If it is no longer needed, an operator can acknowledge it: tn-ledger assignments ${batch} --acknowledge
`,
  );
  const table = await readFile(await findFile(world, 'failed', 'table.error.txt'), 'utf8');
  t.regex(table, /^\S+\/failed\/\S+-table\.csv has no recognized column of numbers\./);
  t.regex(
    table,
    /Change the header of the column of numbers to telephone_number[^\n]*\nThen put the file in inbox\/unassign\/ again\./,
  );
  t.notRegex(table, /--column|inbox\/unassign\/table/);
  // Run the command that the text gives the operator.
  const allowed = await run(t, world, ['assign', moved, '--allow-rejects', '--action', 'ASSIGN']);
  t.is(allowed.status, 3, allowed.output);
  const [, file, replacement] = await world.query(
    'select batch_id, status, replaced_by from assignment_batches order by 1',
  );
  t.is(file?.replaced_by, replacement?.batch_id);
});

test('a rejected file is in the list, status and the report until it is acknowledged', async (t) => {
  const world = await openAssigning(t, t.context.server);
  await drop(world, 'assign/empty.csv', ['tn']);
  const job3 = await run(t, world, ['run', job]);
  t.is(job3.status, 3, job3.output);
  t.regex(job3.stderr, /empty\.csv was rejected \(batch 1\)/);

  const list = await run(t, world, ['assignments']);
  t.regex(
    list.stdout,
    / 1 +9900000 +empty\.csv +ASSIGN +rejected [\s\S]*Batch 1: empty\.csv has a header but no numbers\. The file is .+\/failed\/.+-empty\.csv\. .*tn-ledger assignments 1 --acknowledge/,
  );
  t.like(JSON.parse((await run(t, world, ['assignments', '--json'])).stdout)[0], {
    status: 'rejected',
    reason: 'empty.csv has a header but no numbers.',
    acknowledged_at: null,
  });
  const one = await run(t, world, ['assignments', '1']);
  t.regex(one.stdout, /^Batch 1: empty\.csv, ASSIGN, account 9900000, rejected\nsubmitted .+\nempty\.csv has a header/);
  const status = await run(t, world, ['status']);
  t.regex(
    status.stdout,
    /^Assignment file empty\.csv of account 9900000 was rejected .+ ago \(batch 1\): empty\.csv has/m,
  );
  t.is(JSON.parse((await run(t, world, ['status', '--json'])).stdout).rejected_files.length, 1);
  const reportFile = join(world.dataDir, 'report.html');
  const report = async () => {
    const made = await run(t, world, ['report', '--force', '--out', reportFile]);
    t.is(made.status, 0, made.output);
    return readFile(reportFile, 'utf8');
  };
  const before = await report();
  t.regex(
    before,
    /<strong>Problem:<\/strong> 1 assignment file was rejected\.[\s\S]+empty\.csv has a header but no numbers/,
  );
  t.regex(before, /<table id="batches">[\s\S]*empty\.csv[\s\S]*rejected[\s\S]*has a header but no numbers/);

  t.is((await run(t, world, ['assignments', '--acknowledge'])).status, 2);
  const acknowledged = await run(t, world, ['assignments', '1', '--acknowledge']);
  t.is(acknowledged.status, 0, acknowledged.output);
  t.regex(acknowledged.stdout, /^Acknowledged: Batch 1 \(empty\.csv, account 9900000\)\./);
  const again = await run(t, world, ['assignments', '1', '--acknowledge']);
  t.deepEqual(
    [again.status, /already acknowledged at .+\. Nothing was changed\./.test(again.stdout)],
    [0, true],
    again.output,
  );
  t.notRegex((await run(t, world, ['assignments'])).stdout, /empty\.csv/);
  t.regex((await run(t, world, ['assignments', '--all'])).stdout, /empty\.csv .*rejected \(acknowledged\)/);
  t.regex((await run(t, world, ['assignments', '1'])).stdout, /rejected \(acknowledged\)/);
  t.notRegex((await run(t, world, ['status'])).stdout, /empty\.csv/);
  // Except for the warning of the last run.
  t.notRegex(await report(), /The assignment file empty\.csv|<td class="text">empty\.csv/);
  t.is((await run(t, world, ['assignments', '7', '--acknowledge'])).status, 1);
});

test('a rejected file is replaced by one of the same name or, once accepted, the same content', async (t) => {
  const world = await openAssigning(t, t.context.server);
  // Batches by their position in the list: ids may have gaps.
  const shown = async () =>
    (
      await world.query(
        `with b as (select *, row_number() over (order by batch_id) as place from assignment_batches)
         select b.place::int, b.status, r.place::int as by from b left join b r on r.batch_id = b.replaced_by order by 1`,
      )
    ).map(({ place, status, by }) => [place, status, by]);
  const bad = [world.numbers[0] as string, '911'];
  await drop(world, 'assign/numbers.csv', bad);
  await world.run(job);
  // The same bad file is checked and rejected again, as a new batch that replaces the first.
  await drop(world, 'assign/numbers.csv', bad);
  t.is((await world.run(job)).rejected, 1);
  t.deepEqual(await shown(), [
    [1, 'rejected', 2],
    [2, 'rejected', null],
  ]);
  t.deepEqual(world.placed(), []);
  await drop(world, 'assign/numbers.csv', world.numbers.slice(0, 3));
  await world.run(job);
  t.deepEqual((await shown()).slice(1), [
    [2, 'rejected', 3],
    [3, 'finished', null],
  ]);
  await drop(world, 'assign/first name.csv', [world.numbers[5] as string, '911']);
  await world.run(job);
  const path = await world.write('second name.csv', [world.numbers[5] as string, '911']);
  await world.assign(path, { dryRun: true, allowRejects: true });
  t.deepEqual((await shown()).at(-1), [4, 'rejected', null]);
  await world.assign(path, { allowRejects: true });
  t.deepEqual((await shown()).slice(3), [
    [4, 'rejected', 5],
    [5, 'finished', null],
  ]);
});

test("a dry run doesn't record a rejected file", async (t) => {
  const world = await openAssigning(t, t.context.server);
  const bad = await world.write('bad.csv', [world.numbers[0] as string, '911']);
  await t.throwsAsync(world.assign(bad, { dryRun: true }), { message: /1 of 2 lines were rejected/ });
  await t.throwsAsync(world.assign(await world.write('empty.csv', ''), { dryRun: true }));
  t.deepEqual(await world.query('select * from assignment_batches'), []);
});

/** If the test runs as root, which can read and move everything, the command runs as nobody. */
const nobody = process.getuid?.() === 0 ? { account: { uid: 65534, gid: 65534 } } : {};

test("files that can't be read or moved are named, and the others are processed", async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a, b, c] = world.numbers as [string, string, string];
  const closed = await drop(world, 'assign/closed.csv', [a]);
  const stuck = await drop(world, 'stuck/assign/stuck.csv', [b]);
  const good = await drop(world, 'assign/good.csv', [c]);
  await drop(world, 'hidden/assign/unseen.csv', [c]);
  const folder = (path: string) => join(world.dataDir, 'inbox', path);
  for (const path of ['done', 'failed', 'outbox']) await mkdir(join(world.dataDir, path), { recursive: true });
  await mkdir(folder('unassign'), { recursive: true });
  await chmod(world.dataDir, 0o777);
  for (const entry of ['done', 'failed', 'outbox', 'inbox', 'inbox/assign', 'inbox/unassign', 'inbox/stuck']) {
    await chmod(join(world.dataDir, entry), 0o777);
  }
  for (const file of [stuck, good]) await chmod(file, 0o644);
  await chmod(closed, 0);
  await chmod(folder('stuck/assign'), 0o555);
  await chmod(folder('hidden'), 0);
  t.teardown(() => chmod(folder('stuck/assign'), 0o755));
  t.teardown(() => chmod(folder('hidden'), 0o755));
  const result = await cliProcess(t, ['run', job], { env: envOf(world), ...nobody });
  t.is(result.status, 3, result.output);
  t.regex(result.stderr, /closed\.csv was rejected \(batch \d\): closed\.csv can't be read by this user/);
  t.regex(result.stderr, /stuck\.csv was submitted \(batch \d\), but can't be moved to .+\/done\/ and stays/);
  t.regex(result.stderr, /inbox\/hidden can't be read \(EACCES\)/);
  t.deepEqual(
    world
      .placed()
      .flatMap(({ numbers }) => numbers.map(({ telephoneNumber }) => telephoneNumber))
      .sort(),
    [b, c].sort(),
  );
  t.deepEqual(
    (await filesOf(world, 'done')).filter((name) => !name.includes('results')),
    ['STAMP-good.csv'],
  );
  t.true((await stat(stuck)).isFile());
  t.deepEqual(await world.query(`select file_sha256 from assignment_batches where status = 'rejected'`), [
    { file_sha256: null },
  ]);
});

test('with several accounts, a file belongs to the account its folder is named after', async (t) => {
  const accounts = [account, '9900001'].map((id) => ({ id, numbers: 300 }));
  const world = await openAssigning(t, t.context.server, { sandbox: { accounts } });
  await drop(world, `${account}/assign/mine.csv`, world.numbers.slice(0, 2));
  await drop(world, '9900001/assign/theirs.csv', world.numbers.slice(2, 4));
  await drop(world, 'assign/whose.csv', world.numbers.slice(4, 6));
  const report = await world.run(job);
  t.is(report.result, 'succeeded');
  t.regex(report.warnings.join(), /1 inbox files were skipped, the first .*whose\.csv: several accounts/);
  t.deepEqual(await filesOf(world, 'inbox'), ['9900001/assign/theirs.csv', 'assign/whose.csv']);
  t.is(world.placed().length, 1);
  // The folder is shared, and files of other accounts may have the same name.
  t.deepEqual(await filesOf(world, 'done'), [`STAMP-${account}-mine.csv`, `STAMP-${account}-mine.results.csv`]);
});

test('a run interrupted after sending is completed by the next one without sending again', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const lines = world.numbers.slice(0, 3);
  await drop(world, 'assign/numbers.csv', lines);
  await world.run(job);
  const results = await readFile(await findFile(world, 'done', 'results.csv'), 'utf8');
  // The state before the move: the file in the inbox, everything else done.
  await drop(world, 'assign/numbers.csv', lines);
  const report = await world.run(job);
  t.is(report.result, 'succeeded');
  t.is(report.rejected, 0);
  t.is(world.placed().length, 1);
  // Nothing is overwritten: the resubmitted file is kept next to the first.
  t.deepEqual(await filesOf(world, 'done'), ['STAMP-numbers-2.csv', 'STAMP-numbers.csv', 'STAMP-numbers.results.csv']);
  t.is(await readFile(await findFile(world, 'done', 'results.csv'), 'utf8'), results);
});

test('a file with open orders stays until a nightly run finds them final', async (t) => {
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

test('the nightly run resumes a command-line batch that was not awaited and writes its results', async (t) => {
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

test('a file that is replaced during submission stays for the next run', async (t) => {
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
