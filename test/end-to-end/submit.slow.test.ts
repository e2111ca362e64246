import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { type Assigning, openAssigning } from '../assignment/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { killRun, type Moment } from '../sync/support/kills.js';
import { account } from '../sync/support/ledger.js';
import { type CliResult, cli, cliProcess, type Env, makeFolder } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'submit-number-assignments';

/** A host of its own: it shares only the database with others. */
interface Host {
  cwd: string;
  env: Env;
  run(...args: string[]): Promise<CliResult>;
  write(name: string, lines: readonly string[]): Promise<void>;
}

async function makeHost(t: ExecutionContext, world: Assigning, more: Env = {}): Promise<Host> {
  const cwd = await makeFolder(t);
  const env = { ...world.env, TN_LEDGER_DATA_DIR: join(cwd, 'data'), TN_LEDGER_LOG_LEVEL: 'warn', ...more };
  return {
    cwd,
    env,
    run: (...args) => cli(t, args, { cwd, env }),
    write: (name, lines) => writeFile(join(cwd, name), `${lines.join('\n')}\n`),
  };
}

/** A host without credentials for the API. */
async function makeOffice(t: ExecutionContext, world: Assigning): Promise<Host> {
  const { BANDWIDTH_CLIENT_ID, BANDWIDTH_CLIENT_SECRET, ...rest } = world.env;
  const host = await makeHost(t, { ...world, env: rest });
  t.falsy(host.env.BANDWIDTH_CLIENT_ID);
  return host;
}

const states = (world: Assigning) =>
  world.query('select file_id, file_name, state, batch_id, error from submitted_files order by file_id');

/** The numbers in each order that was placed. */
const sent = (world: Assigning) =>
  world.placed().map(({ action, numbers }) => [action, ...numbers.map(({ telephoneNumber }) => telephoneNumber)]);

test('a file submitted on one host is assigned by the job on another, and its results are read back on a third', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [office, worker, reader] = [
    await makeOffice(t, world),
    await makeHost(t, world),
    await makeOffice(t, world),
  ] as const;
  const numbers = world.numbers.slice(0, 12);
  const refused = numbers.slice(11);
  world.sandbox.account(account).disconnect(refused);
  await office.write('numbers.csv', ['customer,tn', ...numbers.map((tn) => `ACME,${tn}`), 'ACME,911']);
  world.requests();
  const submitted = await office.run('submit', 'numbers.csv', '--action', 'assign');
  t.is(submitted.status, 3, submitted.output);
  t.regex(
    submitted.stdout,
    /^File (\d+): numbers\.csv, assign \(ASSIGN\), account 9900000, \d+ bytes stored\n +numbers\n─+\nread +13\nrejected +1\nto be submitted +12\n\nRejected lines: .+\/data\/outbox\/numbers\.rejected\.csv\n {2}1: not-a-number: "911" has 3 digits.+\nSHA-256: [0-9a-f]{64}\nThe next nightly run of account 9900000 submits the numbers, on any host\. To start now: tn-ledger run submit-number-assignments --account 9900000\nTo see what became of it, and to read the results: tn-ledger files\n$/,
  );
  t.deepEqual(world.requests(), []);
  const waiting = await reader.run('status');
  t.regex(
    waiting.stdout,
    /^Submitted file \d+ \(numbers\.csv, assign\) of account 9900000 has been waiting for .+\. The next nightly run of the account takes it$/m,
  );
  t.regex((await reader.run('files')).stdout, /^ +\d+ +9900000 +numbers\.csv +assign ASSIGN +waiting /m);

  // As a run leaves it behind that is killed while it reads a file.
  const stale = join(worker.cwd, 'data', 'submitted', account, '1');
  await mkdir(stale, { recursive: true });
  await writeFile(join(stale, 'numbers.csv'), 'stale');
  const done = await worker.run('run', job);
  t.is(done.status, 3, done.output);
  t.deepEqual(sent(world), [['ASSIGN', ...numbers]]);
  // Nothing of it stays on the host that ran it.
  t.deepEqual((await readdir(join(worker.cwd, 'data'), { recursive: true })).sort(), [
    ...['inbox', 'inbox/assign', 'inbox/reconcile', 'inbox/unassign'],
    ...['submitted', 'submitted/9900000'],
  ]);

  const list = JSON.parse((await reader.run('files', '--json')).stdout);
  t.is(list.submitted[0].state, 'done');
  t.deepEqual(
    list.results.map(({ kind, file_name, submitted_file_id, batch_id }: Record<string, unknown>) => [
      ...[kind, file_name, submitted_file_id, batch_id],
    ]),
    [
      ['rejected', 'numbers.rejected.csv', list.submitted[0].file_id, list.submitted[0].batch_id],
      ['results', 'numbers.results.csv', list.submitted[0].file_id, list.submitted[0].batch_id],
    ],
  );
  for (const name of ['numbers.results.csv', 'numbers.rejected.csv', 'numbers.csv']) {
    t.is((await reader.run('files', 'get', name)).status, 0);
  }
  // `assign` reports the same batch, and writes the same files.
  t.is((await office.run('assign', 'numbers.csv', '--action', 'ASSIGN')).status, 2);
  await worker.write('numbers.csv', ['customer,tn', ...numbers.map((tn) => `ACME,${tn}`), 'ACME,911']);
  t.is((await worker.run('assign', 'numbers.csv', '--action', 'ASSIGN', '--out', 'same')).status, 3);
  for (const name of ['numbers.results.csv', 'numbers.rejected.csv']) {
    const [stored, written] = await Promise.all([
      readFile(join(reader.cwd, name)),
      readFile(join(worker.cwd, 'same', name)),
    ]);
    t.true(stored.equals(written), name);
  }
  t.true((await readFile(join(reader.cwd, 'numbers.csv'))).equals(await readFile(join(office.cwd, 'numbers.csv'))));
  t.is(world.placed().length, 1);
  t.notRegex((await reader.run('status')).stdout, /Submitted file/);
});

test('the same file is stored once, sent once, and once more with --again', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const host = await makeHost(t, world);
  await host.write('a.csv', world.numbers.slice(0, 3));
  await host.write('b.csv', world.numbers.slice(0, 3));
  const first = await host.run('submit', 'a.csv', '--action', 'ASSIGN', '--json');
  t.like(JSON.parse(first.stdout), { stored: true, read_count: 3, to_do_count: 3 });
  const second = await host.run('submit', 'b.csv', '--action', 'ASSIGN');
  t.is(second.status, 0, second.output);
  t.regex(
    second.stdout,
    /^b\.csv is waiting already as file (\d+) \(a\.csv, submitted .+ UTC by .+ on .+\)\. Nothing was stored\.\n/,
  );
  t.is((await states(world)).length, 1);
  t.is((await world.query('select from submitted_file_parts')).length, 1);
  // Other options: another task.
  t.is((await host.run('submit', 'b.csv', '--action', 'UNASSIGN')).status, 0);
  t.is((await host.run('run', job)).status, 0);
  t.deepEqual(
    sent(world).map(([action]) => action),
    ['ASSIGN', 'UNASSIGN'],
  );

  const third = await host.run('submit', 'a.csv', '--action', 'ASSIGN');
  t.is(third.status, 0);
  t.regex(
    third.stdout,
    /^a\.csv was submitted for account 9900000 before, with the same action \(batch \d+, finished\)\. Nothing was stored.+--again\.\n$/,
  );
  t.is((await host.run('submit', 'a.csv', '--action', 'ASSIGN', '--again')).status, 0);
  for (const time of [1, 2]) t.is((await host.run('run', job)).status, 0, `run ${time}`);
  t.deepEqual(
    sent(world).map(([action]) => action),
    ['ASSIGN', 'UNASSIGN', 'ASSIGN'],
  );
  t.deepEqual(
    (await states(world)).map(({ state }) => state),
    ['done', 'done', 'done'],
  );
});

test('a file that was submitted twice at the same moment is stored once', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const host = await makeHost(t, world);
  await host.write('a.csv', world.numbers.slice(0, 3));
  const args = ['submit', 'a.csv', '--action', 'ASSIGN', '--json'];
  const results = await Promise.all([1, 2].map(() => cliProcess(t, args, { cwd: host.cwd, env: host.env })));
  t.deepEqual(results.map(({ stdout }) => JSON.parse(stdout).stored).sort(), [false, true]);
  t.is(new Set(results.map(({ stdout }) => JSON.parse(stdout).file_id)).size, 1);
  t.is((await states(world)).length, 1);
});

test('numbers that already have the status are skipped, and sent with --force', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const host = await makeHost(t, world);
  await host.write('a.csv', world.numbers.slice(0, 3));
  t.is((await host.run('submit', 'a.csv', '--action', 'ASSIGN')).status, 0);
  t.is((await host.run('run', job)).status, 0);
  await host.write('b.csv', [...world.numbers.slice(0, 3), world.numbers[5] as string]);
  t.is(JSON.parse((await host.run('submit', 'b.csv', '--action', 'ASSIGN', '--json')).stdout).to_do_count, 1);
  t.is((await host.run('submit', 'b.csv', '--action', 'ASSIGN', '--again', '--force')).status, 0);
  t.is((await host.run('run', job)).status, 0);
  t.deepEqual(
    sent(world).map(([, ...numbers]) => numbers.length),
    [3, 1, 4],
  );
});

test('two processes that run the job at the same time send each number once', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const hosts = [await makeHost(t, world), await makeHost(t, world)];
  await hosts[0]?.write('a.csv', world.numbers.slice(0, 30));
  t.is((await hosts[0]?.run('submit', 'a.csv', '--action', 'ASSIGN', '--again'))?.status, 0);
  const results = await Promise.all(hosts.map(({ cwd, env }) => cliProcess(t, ['run', job], { cwd, env })));
  for (const { status, output } of results) t.true(status === 0 || status === 4, output);
  t.true(results.some(({ status }) => status === 0));
  t.is(world.placed().length, 1);
  t.is((await states(world))[0]?.state, 'done');
});

const moments: Record<string, Moment> = {
  'while the batch is recorded': { table: 'assignment_orders' },
  'while the file is marked as taken': { table: 'submitted_files' },
  'before the order is sent': { request: 2, answered: false },
  'when the order was placed and its answer is lost': { request: 2, answered: true },
  'while the results are stored': { table: 'result_file_parts' },
};

for (const [when, moment] of Object.entries(moments)) {
  test(`a job that is killed ${when} places one order in all`, async (t) => {
    const world = await openAssigning(t, t.context.server);
    const host = await makeHost(t, world);
    const numbers = world.numbers.slice(0, 10);
    await host.write('a.csv', numbers);
    // --again, which makes a new batch each time the file is read.
    t.is((await host.run('submit', 'a.csv', '--action', 'ASSIGN', '--again')).status, 0);
    t.true(await killRun(t, world, moment, ['run', job]));
    if ('request' in moment) {
      t.deepEqual(await world.query('select status from assignment_orders'), [{ status: 'submitting' }]);
    }
    const other = await makeHost(t, world);
    const { status, output } = await other.run('run', job);
    t.is(status, 0, output);
    t.deepEqual(sent(world), [['ASSIGN', ...numbers]]);
    t.deepEqual(
      (await states(world)).map(({ state }) => state),
      ['done'],
    );
    t.is((await world.query('select from assignment_batches')).length, 1);
    const results = await other.run('files', 'get', 'a.results.csv', '--out', '-');
    t.is(results.stdout.match(/,ACCEPTED,/g)?.length, 10);
  });
}

test('invalid usage and invalid files exit 2 with the fix, and nothing is stored', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const host = await makeOffice(t, world);
  const number = world.numbers[0] as string;
  await host.write('numbers.csv', [number]);
  await host.write('header.csv', ['telephone_number']);
  await host.write('table.csv', ['customer,tn', `x,${number}`]);
  await writeFile(join(host.cwd, 'empty.csv'), '');
  await writeFile(join(host.cwd, 'binary.csv'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]));
  const long = `${'n'.repeat(200)}.csv`;
  await host.write(long, [number]);
  const cases: [string[], RegExp][] = [
    [['numbers.csv'], /doesn't say whether to assign or unassign its numbers[\s\S]*--action ASSIGN/],
    [['numbers.csv', '--action', 'ASIGN'], /There is no action "ASIGN"\. Did you mean ASSIGN\?/],
    [['numbers.csv', '--action', 'ASSIGN', '--account', '7'], /no numbers for account 7|Account 7 is not configured/],
    [['numbers.csv', '--action', 'ASSIGN', '--from', '2026-01-01'], /--from applies to classifications only/],
    [['numbers.csv', '--category', 'reserved'], /needs the first day[\s\S]*--from/],
    [['numbers.csv', '--category', 'spare', '--from', '2026-01-01'], /Unknown category "spare"/],
    [['numbers.csv', '--category', 'reserved', '--from', '2026-01-01'], /has no end, and numbers may be reserved/],
    [['numbers.csv', '--category', 'reserved', '--from', '2026-01-01', '--action', 'ASSIGN'], /cannot be combined/],
    [['numbers.csv', '--action', 'ASSIGN', '--customer-order-id', 'a_b'], /"a_b" isn't a valid customer order id/],
    [['empty.csv', '--action', 'ASSIGN'], /empty\.csv is empty/],
    [['header.csv', '--action', 'ASSIGN'], /a header but no numbers/],
    [['binary.csv', '--action', 'ASSIGN'], /binary\.csv is not text/],
    [['table.csv', '--action', 'ASSIGN', '--column', 'mobile'], /no column "mobile"/],
    [['missing.csv', '--action', 'ASSIGN'], /missing\.csv does not exist/],
    [['data', '--action', 'ASSIGN'], /data is a folder, not a file|data does not exist/],
    [[long, '--action', 'ASSIGN'], /has a name of 204 bytes/],
    [[], /missing required argument/],
  ];
  for (const [args, message] of cases) {
    const { status, output } = await host.run('submit', ...args);
    t.is(status, 2, output);
    t.regex(output, message);
  }
  await host.write('bad.csv', [number, '911', '912']);
  const bad = await host.run('submit', 'bad.csv', '--action', 'ASSIGN');
  t.is(bad.status, 1);
  t.regex(bad.stderr, /^2 of 3 lines were rejected.+more than a tenth.+\n.+bad\.rejected\.csv lists them/);
  t.deepEqual(await states(world), []);
  t.deepEqual(await world.query('select from submitted_file_parts'), []);
  t.deepEqual(await world.query('select from assignment_batches'), []);
});

test('a file that no longer passes the check when the job reads it fails with the reason and its rejected lines', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const host = await makeHost(t, world);
  const numbers = world.numbers.slice(0, 8);
  await host.write('a.csv', numbers);
  t.is((await host.run('submit', 'a.csv', '--action', 'ASSIGN')).status, 0);
  await host.write('good.csv', world.numbers.slice(10, 12));
  t.is((await host.run('submit', 'good.csv', '--action', 'ASSIGN')).status, 0);
  await world.query('update telephone_numbers set removed_at = now() where telephone_number = any($1)', [
    numbers.slice(0, 2),
  ]);
  const { status, stdout, stderr } = await host.run('run', job);
  t.is(status, 3, stdout + stderr);
  t.regex(
    stderr,
    /Submitted file (\d+) \(a\.csv\) was rejected \(batch \d+\): 2 of 8 lines were rejected \(disconnected 2\).+ To read its rejected lines: tn-ledger files get .{0,2}a\.rejected\.csv/,
  );
  t.deepEqual(sent(world), [['ASSIGN', ...world.numbers.slice(10, 12)]]);
  t.like(await states(world), [
    { state: 'failed', error: '2 of 8 lines were rejected (disconnected 2), more than a tenth. Nothing was sent.' },
    { state: 'done', error: null },
  ]);
  t.deepEqual(await world.query(`select file_path from assignment_batches where status = 'rejected'`), [
    { file_path: null },
  ]);
  const lines = await host.run('files', 'get', 'a.rejected.csv', '--out', '-');
  t.is(lines.stdout.match(/,REJECTED,disconnected,/g)?.length, 2);
  t.regex((await host.run('status')).stdout, /Assignment file a\.csv of account 9900000 was rejected/);
  const [{ file_id: id } = {}] = await states(world);
  t.is((await host.run('files', 'acknowledge', String(id))).status, 0);
  t.notRegex((await host.run('status')).stdout, /a\.csv/);
  t.regex((await host.run('files', 'acknowledge', String(id))).stdout, /^Already acknowledged/);
  t.regex((await host.run('files')).stdout, / failed \(acknowledged\) /);
});

test('a file that the host cannot copy to its disk waits for the next run, and the others are taken', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const host = await makeHost(t, world);
  for (const [index, name] of ['a.csv', 'b.csv', 'c.csv'].entries()) {
    await host.write(name, [world.numbers[index] as string]);
    const task = name === 'b.csv' ? ['--category', 'administrative', '--from', '2026-11-01'] : ['--action', 'ASSIGN'];
    t.is((await host.run('submit', name, ...task)).status, 0);
  }
  await world.query(`update submitted_files set file_name = repeat('x', 300) where file_name <> 'c.csv'`);
  const { status, stderr } = await host.run('run', job);
  t.is(status, 3);
  t.is(
    stderr.match(
      /Submitted file \d+ \(x+\) can't be copied to .+ENAMETOOLONG.+stays in the database\. Free disk space/g,
    )?.length,
    2,
  );
  t.deepEqual(
    (await states(world)).map(({ state }) => state),
    ['waiting', 'waiting', 'done'],
  );
  await world.query(`update submitted_files set file_name = 'short.csv' where state = 'waiting'`);
  t.is((await host.run('run', job)).status, 0);
  t.is(world.placed().length, 2);
});

const reserve = ['--category', 'reserved', '--from', '2026-11-01', '--to', '2026-12-01', '--note', 'Order 4711'];

test('a file submitted with a category is classified by the job', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [office, worker] = [await makeOffice(t, world), await makeHost(t, world)];
  const numbers = world.numbers.slice(0, 10);
  await office.write('r.csv', [...numbers, '911']);
  const submitted = await office.run('submit', 'r.csv', ...reserve);
  t.is(submitted.status, 3, submitted.output);
  t.regex(submitted.stdout, /r\.csv, classify \(reserved\)[\s\S]*to be classified +10\n/);
  t.deepEqual(await world.query('select from number_categories'), []);
  const done = await worker.run('run', job);
  t.is(done.status, 3, done.output);
  t.deepEqual(sent(world), []);
  const rows = await world.query<{ telephone_number: string }>(
    `select telephone_number, category, note, file_name, valid_from::text from number_categories order by 1`,
  );
  t.deepEqual(
    rows,
    [...numbers].sort().map((telephone_number) => ({
      ...{ telephone_number, category: 'reserved', note: 'Order 4711', file_name: 'r.csv' },
      valid_from: '2026-11-01 00:00:00+00',
    })),
  );
  t.like(await states(world), [{ state: 'done', batch_id: null }]);
  t.regex((await office.run('files', 'get', 'r.rejected.csv', '--out', '-')).stdout, /\n11,911,,not-a-number,/);
  // A second run applies nothing again.
  await world.query('delete from number_categories');
  t.is((await worker.run('run', job)).status, 0);
  t.deepEqual(await world.query('select from number_categories'), []);
});

test('a classification that is killed before it is committed is applied once by the next run', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const host = await makeHost(t, world);
  await host.write('r.csv', world.numbers.slice(0, 10));
  t.is((await host.run('submit', 'r.csv', ...reserve)).status, 0);
  t.true(await killRun(t, world, { table: 'submitted_files' }, ['run', job]));
  t.deepEqual(await world.query('select from number_categories'), []);
  t.is((await host.run('run', job)).status, 0);
  t.is((await world.query('select from number_categories')).length, 10);
  t.deepEqual(await world.query('select from number_categories_superseded'), []);
  t.like(await states(world), [{ state: 'done' }]);
});

test('a file to classify that fails is listed by status until it is acknowledged or submitted again', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const host = await makeHost(t, world);
  const numbers = world.numbers.slice(0, 4);
  const fail = async (note: string) => {
    await host.write('r.csv', numbers);
    const more = ['--category', 'administrative', '--from', '2026-11-01', '--note', note];
    t.is((await host.run('submit', 'r.csv', ...more)).status, 0);
    await world.query(`update number_status_history set status = 'Gone' where telephone_number = $1`, [numbers[0]]);
    const { status, output } = await host.run('run', job);
    t.is(status, 3, output);
    await world.query(`update number_status_history set status = 'Inservice' where telephone_number = $1`, [
      numbers[0],
    ]);
    t.deepEqual(await world.query('select from number_categories'), []);
  };
  await fail('one');
  const listed =
    /^Submitted file (\d+) \(r\.csv, classify\) of account 9900000 was rejected .+ ago: 1 of 4 lines were rejected \(.+\), more than a tenth\. Nothing was classified\. .+ tn-ledger files acknowledge \1$/m;
  const first = await host.run('status');
  t.regex(first.stdout, listed);
  t.regex((await host.run('files', 'get', 'r.rejected.csv', '--out', '-')).stdout, new RegExp(`\n1,${numbers[0]},`));
  const id = listed.exec(first.stdout)?.[1] as string;
  t.is((await host.run('files', 'acknowledge', id)).status, 0);
  t.notRegex((await host.run('status')).stdout, /r\.csv/);
  await fail('two');
  t.regex((await host.run('status')).stdout, listed);
  t.is((await host.run('submit', 'r.csv', '--category', 'administrative', '--from', '2026-11-01')).status, 0);
  t.notRegex((await host.run('status')).stdout, listed);
  t.is((await host.run('run', job)).status, 0);
  t.is((await world.query('select from number_categories')).length, 4);
});

test('files get keeps an existing file without --force, writes only for its user, and reports what it cannot find', async (t) => {
  const world = await openAssigning(t, t.context.server, {
    sandbox: {
      accounts: [
        { id: account, numbers: 60 },
        { id: '9900008', numbers: 20 },
      ],
    },
  });
  const host = await makeHost(t, world, { BANDWIDTH_ACCOUNT_ID: world.sandbox.accountIds.join(',') });
  const [own, other] = world.sandbox.accountIds as [string, string];
  t.is((await host.run('run', 'sync-inservice-numbers')).status, 0);
  await host.write('a.csv', world.numbers.slice(0, 2));
  const several = await host.run('submit', 'a.csv', '--action', 'ASSIGN');
  t.is(several.status, 2);
  t.regex(several.stderr, /Several accounts are configured[\s\S]*--account ID/);
  const submitted = await host.run('submit', 'a.csv', '--action', 'ASSIGN', '--account', own, '--json');
  const id: string = JSON.parse(submitted.stdout).file_id;
  const content = await readFile(join(host.cwd, 'a.csv'), 'utf8');

  const kept = await host.run('files', 'get', id);
  t.is(kept.status, 2);
  t.regex(kept.stderr, /a\.csv already exists\. Nothing was written\.\n.+--force/);
  const written = await host.run('files', 'get', id, '--out', 'b.csv', '--json');
  t.is(written.status, 0, written.output);
  t.like(JSON.parse(written.stdout), { file_id: id, file: join(host.cwd, 'b.csv'), byte_count: content.length });
  t.is(await readFile(join(host.cwd, 'b.csv'), 'utf8'), content);
  t.is((await stat(join(host.cwd, 'b.csv'))).mode & 0o777, 0o600);
  await host.write('b.csv', ['other']);
  t.is((await host.run('files', 'get', id, '--out', 'b.csv', '--force')).status, 0);
  t.is(await readFile(join(host.cwd, 'b.csv'), 'utf8'), content);
  const piped = await host.run('files', 'get', 'a.csv', '--account', own, '--out', '-');
  t.is(piped.stdout, content);
  t.is((await host.run('files', 'get', id, '--out', '.')).status, 2);

  for (const args of [['999999'], ['no.csv'], [id, '--account', other], ['a.csv', '--account', other]]) {
    const { status, stderr } = await host.run('files', 'get', ...args, '--out', '-');
    t.is(status, 1);
    t.regex(stderr, /^There is no file "(?:999999|no\.csv|a\.csv|\d+)".* in .+\nRun `tn-ledger files`/);
  }
  const acknowledged = await host.run('files', 'acknowledge', id);
  t.is(acknowledged.status, 1);
  t.regex(acknowledged.stderr, /is waiting, not failed\. Nothing was changed\./);
  t.is((await host.run('files', 'acknowledge', id, '--account', other)).status, 1);
  t.is((await host.run('files', 'acknowledge', 'a.csv')).status, 2);
  t.deepEqual(JSON.parse((await host.run('files', '--account', other, '--json')).stdout).submitted, []);

  // The same name in two accounts.
  await world.query(
    `insert into result_files (account_id, kind, file_name, file_sha256, byte_count, run_id)
     select account, 'report', 'same.html', encode(sha256(''), 'hex'), 0, 1 from unnest($1::text[]) account`,
    [[own, other]],
  );
  const ambiguous = await host.run('files', 'get', 'same.html');
  t.is(ambiguous.status, 2);
  t.regex(ambiguous.stderr, /^Several accounts have a file "same\.html": 9900000, .+\n.+--account ID/);
  t.is((await host.run('files', 'get', 'same.html', '--account', other)).status, 0);
});

test('the report of the nightly run is read back on another host, and only the latest is kept', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [host, other] = [await makeHost(t, world), await makeOffice(t, world)];
  for (const time of [1, 2]) t.is((await host.run('run', 'write-report')).status, 0, `run ${time}`);
  const list = JSON.parse((await other.run('files', '--json')).stdout);
  t.is(list.results.length, 1);
  const [{ file_name: name, file_id: id, kind, run_id: run, byte_count: bytes }] = list.results;
  t.is(kind, 'report');
  t.deepEqual(await world.query(`select max(run_id)::text as run from sync_runs where job = 'write-report'`), [
    { run },
  ]);
  t.log(`${bytes} bytes`);
  t.is((await other.run('files', 'get', id)).status, 0);
  const local = await readFile(join(host.cwd, 'data', 'reports', name));
  t.true((await readFile(join(other.cwd, name))).equals(local));
});

test('files lists no more than --limit and says so, except files that are not finished', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const host = await makeHost(t, world);
  for (const [index, number] of world.numbers.slice(0, 4).entries()) {
    await host.write(`${index}.csv`, [number]);
    t.is((await host.run('submit', `${index}.csv`, '--action', 'ASSIGN')).status, 0);
    if (index === 2) t.is((await host.run('run', job)).status, 0);
  }
  await world.query(`update submitted_files set state = 'waiting', finished_at = null where file_name = '0.csv'`);
  const { stdout } = await host.run('files', '--limit', '1');
  t.deepEqual(stdout.match(/\d\.csv/g), ['3.csv', '0.csv']);
  t.regex(stdout, /^2 older submitted files are not listed\. To list more: --limit$/m);
  t.regex(stdout, /^2 older result files are not listed\. To list more: --limit$/m);
  t.is((await host.run('files', '--limit', '0')).status, 2);
});

test('settings for a host without submitted files show how to submit one', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const host = await makeOffice(t, world);
  t.is(
    (await host.run('files')).stdout,
    'No files were submitted. To submit one: tn-ledger submit FILE --action ASSIGN\n',
  );
});
