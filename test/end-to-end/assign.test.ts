import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { type Assigning, openAssigning } from '../assignment/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account } from '../sync/support/ledger.js';
import { type CliOptions, cli, cliProcess, makeFolder, startCli, withoutProgress } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

async function run(t: ExecutionContext, world: Assigning, args: readonly string[], options: CliOptions = {}) {
  const cwd = options.cwd ?? (await makeFolder(t));
  return cli(t, args, {
    cwd,
    env: { ...world.env, TN_LEDGER_DATA_DIR: join(cwd, 'data'), TN_LEDGER_LOG_LEVEL: 'warn' },
    ...options,
  });
}

test('assign submits a file and exits 0, or 3 if lines were rejected; assignments lists the batches', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const cwd = await makeFolder(t);
  const numbers = world.numbers.slice(0, 12);
  await writeFile(join(cwd, 'numbers.csv'), `telephone_number\r\n${numbers.join('\r\n')}\r\n`);
  const tried = await run(t, world, ['assign', 'numbers.csv', '--action', 'ASSIGN', '--dry-run'], { cwd });
  t.is(tried.status, 0, tried.output);
  t.regex(tried.stdout, /^Dry run of numbers\.csv, ASSIGN, account 9900000: nothing was sent or saved\n/);
  t.regex(
    tried.stdout,
    /to be submitted +12\n[\s\S]*1 order: 2 requests including one per order for its result; less than a minute at 1,000,000 requests per minute/,
  );
  const done = await run(
    t,
    world,
    [
      'assign',
      'numbers.csv',
      '--action',
      'assign',
      '--customer-order-id',
      'PO 17, of the spring campaign'.replace(',', ''),
    ],
    { cwd },
  );
  t.is(done.status, 0, done.output);
  t.is(withoutProgress(done.stderr), '');
  t.regex(
    done.stdout,
    /^Batch \d+: numbers\.csv, ASSIGN, account 9900000\n +numbers\n─+\nread +12\nrejected +0\nsubmitted +12\naccepted +12\nfailed +0\n\n1 order\nResults: .+\/data\/outbox\/numbers\.results\.csv\n/,
  );
  t.deepEqual(await readdir(join(cwd, 'data', 'outbox')), ['numbers.results.csv']);
  const [header, first] = (await readFile(join(cwd, 'data', 'outbox', 'numbers.results.csv'), 'utf8')).split('\n');
  t.is(header, 'telephone_number,telephone_number_2,outcome,error_code,error_description,order_id,line_number');
  t.regex(first ?? '', new RegExp(`^${numbers[0]},${numbers[0]},ACCEPTED,,,[\\w-]+,2$`));
  t.regex(world.placed()[0]?.customerOrderId ?? '', /^PO 17 of the spring-\w{10}-1$/);

  world.sandbox.account(account).disconnect(world.numbers.slice(12, 13));
  await writeFile(join(cwd, 'more.csv'), [...numbers.slice(0, 2), ...world.numbers.slice(12, 30), '911'].join('\n'));
  const out = join(cwd, 'elsewhere');
  const partly = await run(t, world, ['assign', 'more.csv', '--action', 'ASSIGN', '--out', out, '--json'], { cwd });
  t.is(partly.status, 3, partly.output);
  const { read_count, rejected_count, skipped_count, accepted_count, failed_count, reasons, rejected, status } =
    JSON.parse(partly.stdout);
  t.deepEqual(
    { read_count, rejected_count, skipped_count, accepted_count, failed_count, status },
    { read_count: 21, rejected_count: 1, skipped_count: 2, accepted_count: 17, failed_count: 1, status: 'finished' },
  );
  t.deepEqual(
    reasons.map(({ outcome, code, count }: Record<string, unknown>) => [outcome, code, count]),
    [
      ['SKIPPED', 'already-declared', 2],
      ['FAILED', '5076', 1],
      ['REJECTED', 'not-a-number', 1],
    ],
  );
  t.is(rejected, join(out, 'more.rejected.csv'));

  const again = await run(t, world, ['assign', 'more.csv', '--action', 'ASSIGN', '--out', out], { cwd });
  t.is(again.status, 3, again.output);
  t.regex(again.stdout, /, recorded earlier\n[\s\S]*nothing was sent again/);
  const list = await run(t, world, ['assignments'], { cwd });
  t.regex(
    list.stdout,
    /\n +3 +9900000 +more\.csv +ASSIGN +finished +21 +17 +1 +1 +1 [\s\S]*\n +2 +9900000 +numbers\.csv/,
  );
  const one = await run(t, world, ['assignments', '3'], { cwd });
  t.regex(
    one.stdout,
    /Batch 3: more\.csv, ASSIGN, account 9900000, finished\n[\s\S]*1 +PARTIAL +18 +1 +1 +tn-ledger-\w{10}-1 +[\w-]+\n[\s\S]*FAILED +5076 +1 +3 +\d{10} +Number does not belong/,
  );
  t.is(JSON.parse((await run(t, world, ['assignments', '3', '--json'], { cwd })).stdout).orders.length, 1);
  t.is((await run(t, world, ['assignments', '7'], { cwd })).status, 1);
  t.is((await run(t, world, ['assignments', 'x'], { cwd })).status, 2);
});

test('too many rejects, a missing inventory, and unfinished orders exit 1 with the fix', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { assignmentPace: { reads: 1 } } });
  const cwd = await makeFolder(t);
  await writeFile(join(cwd, 'bad.csv'), [...world.numbers.slice(0, 8), '911', '912'].join('\n'));
  const stopped = await run(t, world, ['assign', 'bad.csv', '--action', 'ASSIGN'], { cwd });
  t.is(stopped.status, 1);
  t.regex(
    stopped.stderr,
    /^2 of 10 lines were rejected \(not-a-number 2\), more than a tenth\. Nothing was sent\.\n.+bad\.rejected\.csv lists them.+--allow-rejects\.\n$/,
  );
  t.regex(
    stopped.stdout,
    /^Batch (\d): bad\.csv, account 9900000, rejected\..+tn-ledger assignments \1 --acknowledge\n$/,
  );
  await writeFile(join(cwd, 'good.csv'), world.numbers.slice(0, 3).join('\n'));
  const waiting = await run(t, world, ['assign', 'good.csv', '--action', 'ASSIGN', '--timeout', '0s'], { cwd });
  t.is(waiting.status, 1);
  t.regex(
    waiting.stderr,
    /1 of 1 orders are not finished yet\.\nRun the same command again to resume, or wait for the next nightly run\.\n$/,
  );
  t.is((await run(t, world, ['assign', 'good.csv', '--action', 'ASSIGN', '--no-wait'], { cwd })).status, 0);
  t.regex(
    (await run(t, world, ['status'], { cwd })).stdout,
    /^Assignment batch \d+ \(good\.csv\) of account 9900000 is open: 1 of 1 orders are not finished; submitted [\d.]+ s ago$/m,
  );
  t.is((await run(t, world, ['run', 'submit-number-assignments'], { cwd })).status, 0);
  t.is((await run(t, world, ['assign', 'good.csv', '--action', 'ASSIGN'], { cwd })).status, 0);
  await world.query('delete from sync_runs');
  const unknown = await run(t, world, ['assign', 'good.csv', '--action', 'UNASSIGN'], { cwd });
  t.is(unknown.status, 1);
  t.regex(unknown.stderr, /inventory of account 9900000 isn't loaded yet[\s\S]*--sync-first/);
  const synced = await run(t, world, ['assign', 'good.csv', '--action', 'UNASSIGN', '--sync-first'], { cwd });
  t.is(synced.status, 0, synced.output);
});

test('invalid usage and invalid files exit 2 with a message, and nothing is sent', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const cwd = await makeFolder(t);
  world.requests();
  const number = world.numbers[0] as string;
  await writeFile(join(cwd, 'numbers.csv'), `${number}\n`);
  await writeFile(join(cwd, 'empty.csv'), '');
  await writeFile(join(cwd, 'header.csv'), 'telephone_number\n');
  await writeFile(join(cwd, 'binary.csv'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]));
  await writeFile(join(cwd, 'table.csv'), `customer,tn\nx,${number}\n`);
  await mkdir(join(cwd, 'folder'));
  const cases: [string[], RegExp][] = [
    [['numbers.csv'], /doesn't say whether to assign or unassign its numbers[\s\S]*--action ASSIGN/],
    [['numbers.csv', '--action', 'ASIGN'], /There is no action "ASIGN"\. Did you mean ASSIGN\?/],
    [['numbers.csv', '--action', 'unasign'], /Did you mean UNASSIGN\?/],
    [['numbers.csv', '--action', 'ASSIGN', '--timeout', 'soon'], /--timeout must be a duration/],
    [['numbers.csv', '--action', 'ASSIGN', '--customer-order-id', 'a_b'], /"a_b" isn't a valid customer order id/],
    [['numbers.csv', '--action', 'ASSIGN', '--account', '7'], /Account 7 is not configured \(configured: /],
    [['numbers.csv', '--action', 'ASSIGN', '--out', '/dev/null/x'], /results can't be written to/],
    [['empty.csv', '--action', 'ASSIGN'], /empty\.csv is empty/],
    [['header.csv', '--action', 'ASSIGN'], /a header but no numbers/],
    [['binary.csv', '--action', 'ASSIGN'], /binary\.csv is not text/],
    [['table.csv', '--action', 'ASSIGN', '--column', 'mobile'], /no column "mobile"/],
    [['missing.csv', '--action', 'ASSIGN'], /missing\.csv does not exist/],
    [['folder', '--action', 'ASSIGN'], /folder is a folder, not a file/],
    [[], /missing required argument/],
  ];
  // In parallel, because each mostly consists of starting a process.
  const results = await Promise.all(cases.map(([args]) => run(t, world, ['assign', ...args], { cwd })));
  for (const [index, { status, output }] of results.entries()) {
    t.is(status, 2, output);
    t.regex(output, cases[index]?.[1] as RegExp);
  }
  t.deepEqual(world.requests(), []);
  // Errors in files, as opposed to usage errors, are recorded until they are acknowledged.
  t.deepEqual(await world.query('select file_name, status, reason from assignment_batches order by file_name'), [
    {
      file_name: 'binary.csv',
      status: 'rejected',
      reason: 'binary.csv is not text: it begins with control characters.',
    },
    { file_name: 'empty.csv', status: 'rejected', reason: 'empty.csv is empty.' },
    { file_name: 'header.csv', status: 'rejected', reason: 'header.csv has a header but no numbers.' },
  ]);
});

test('an unreadable file exits 2', async (t) => {
  const nobody = { uid: 65534, gid: 65534 };
  const world = await openAssigning(t, t.context.server);
  const cwd = await makeFolder(t);
  await mkdir(join(cwd, 'data', 'outbox'), { recursive: true });
  for (const folder of ['data', 'data/outbox']) await chmod(join(cwd, folder), 0o777);
  await writeFile(join(cwd, 'closed.csv'), `${world.numbers[0]}\n`);
  await chmod(join(cwd, 'closed.csv'), 0);
  const { status, stderr } = await cliProcess(t, ['assign', 'closed.csv', '--action', 'ASSIGN'], {
    cwd,
    env: { ...world.env, TN_LEDGER_DATA_DIR: join(cwd, 'data'), TN_LEDGER_LOG_LEVEL: 'warn' },
    ...(process.getuid?.() === 0 && { account: nobody }),
  });
  t.is(status, 2);
  t.regex(stderr, /closed\.csv can't be read by this user/);
});

test('a batch that another process is submitting exits 4, and an interrupted batch resumes', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const cwd = await makeFolder(t);
  await writeFile(join(cwd, 'numbers.csv'), world.numbers.slice(0, 3).join('\n'));
  const args = ['assign', 'numbers.csv', '--action', 'ASSIGN'];
  let second: Awaited<ReturnType<typeof run>> | undefined;
  const env = { ...world.env, TN_LEDGER_DATA_DIR: join(cwd, 'data') };
  const first = startCli(t, args, { cwd, env });
  world.proxy.onRequest = async ({ method, path }) => {
    if (method !== 'POST' || path.endsWith('/token') || second !== undefined) return;
    second = await run(t, world, args, { cwd });
    first.child.kill('SIGINT');
  };
  const stopped = await first.result;
  t.is(second?.status, 4, second?.output);
  t.regex(second?.stderr ?? '', /numbers\.csv is already being submitted for account 9900000 by another process/);
  t.is(stopped.status, 1, stopped.output);
  t.regex(stopped.stderr, /Stopped by SIGINT/);
  world.proxy.onRequest = () => undefined;
  t.is((await run(t, world, args, { cwd })).status, 0);
  t.is(world.placed().length, 1);
});

test('without BANDWIDTH_ACCOUNT_ID, assign uses the account in the token', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const cwd = await makeFolder(t);
  await writeFile(join(cwd, 'numbers.csv'), `telephone_number\n${world.numbers.slice(0, 3).join('\n')}\n`);
  const { BANDWIDTH_ACCOUNT_ID, ...env } = world.env;
  const { status, output } = await cli(t, ['assign', 'numbers.csv', '--action', 'ASSIGN'], {
    cwd,
    env: { ...env, TN_LEDGER_DATA_DIR: join(cwd, 'data') },
  });
  t.is(status, 0, output);
  t.is(world.sandbox.requests.filter(({ path }) => path.endsWith('/token')).length, 1);
});
