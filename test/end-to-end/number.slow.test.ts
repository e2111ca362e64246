import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import writeXlsxFile from 'write-excel-file/node';
import { textTimelines } from '../../src/cli/format-timeline.js';
import { readTimelines } from '../../src/timeline/read-timelines.js';
import { type CountingLedger, openCountingLedger } from '../nruf/support/ledger.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { addBilling, number, tellStory } from '../timeline/support.js';
import { type CliResult, cli, makeFolder, query } from './support.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

interface Installation {
  ledger: CountingLedger;
  folder: string;
  run(...args: string[]): Promise<CliResult>;
}

async function install(t: ExecutionContext): Promise<Installation> {
  const folder = await makeFolder(t);
  const ledger = await openCountingLedger(t, server, folder);
  const run = (...args: string[]) => cli(t, ['number', ...args], { cwd: folder, env: { DATABASE_URL: ledger.url } });
  return { ledger, folder, run };
}

async function installStory(t: ExecutionContext): Promise<Installation> {
  const installation = await install(t);
  await tellStory(installation.ledger);
  return installation;
}

test('a number is shown with its state in each account, then its time line', async (t) => {
  const { run } = await installStory(t);
  const { status, stdout, stderr } = await run('(919) 555-0001');
  t.is(status, 0, stderr);
  t.is(stderr, '');
  const lines = stdout.split('\n');
  t.deepEqual(lines.slice(0, 15), [
    'All accounts',
    '',
    '9195550001   account 9900001',
    '──────────────────────────────────────────────────────────',
    'status       not in the account since 2026-03-01, order d1',
    'assignment   none',
    'NRUF         not counted',
    'rate center  RALEIGH, NC',
    '',
    '9195550001   account 9900002',
    '─────────────────────────────────────────────────',
    'status       Inservice since 2026-04-01, order p1',
    'assignment   none',
    'NRUF         available',
    'rate center  RALEIGH, NC',
  ]);
  t.true(
    stdout.includes('\n2025-01-01              9900001  o1     Number order COMPLETE, added the number, user jsmith\n'),
  );
  t.true(stdout.includes('\n2025-01-01  2026-03-01  9900001  o1     Status Inservice, ended by order d1\n'));
  t.is((await run(number, '+1 919-555-0001')).stdout, stdout, 'a number that is named twice is shown once');
  const one = await run(number, '--account', '9900002');
  t.regex(one.stdout, /^Account 9900002\n/);
  t.regex(one.stdout, /\nAccount 9900001 had it, too\.\n$/);
  t.false(one.stdout.includes('Disconnect'));
});

test('an 80-column terminal wraps the time line', async (t) => {
  const { ledger } = await installStory(t);
  const client = await ledger.database.pool.connect();
  const scope = { accounts: undefined, day: '2026-06-30', untilDay: false, knownAt: undefined, superseded: true };
  const timelines = await readTimelines(client, [number], scope);
  client.release();
  const text = textTimelines(scope, 80).timelines(timelines);
  for (const line of text.split('\n')) t.true([...line].length <= 80, line);
  t.true(text.includes('Status Inservice, order o1, ended by order d1\n'));
  t.regex(text, /\(in the ledger from\s+2025-01-02 00:00 UTC to 2026-03-02 00:00\s+UTC\)/);
});

test('--as-of and --known-at show what was true, and what the ledger knew', async (t) => {
  const { run } = await installStory(t);
  const { stdout } = await run(number, '--as-of', '2026-03-01', '--known-at', '2026-03-01 23:00 UTC');
  t.regex(stdout, /^All accounts, as of the end of 2026-03-01 \(UTC\), as recorded at 2026-03-01T23:00:00Z\n/);
  t.regex(
    stdout,
    /status +Inservice since 2025-01-01, order o1\nassignment +ASSIGNED since 2025-02-01, order a1\nNRUF +assigned\n/,
  );
  t.false(/Disconnect|Port-in/.test(stdout));
  const before = await run(number, '--known-at', '2024-06-01');
  t.is(before.status, 1);
  t.regex(before.stdout, /\nThe ledger knew nothing about 9195550001\.\n/);
  for (const [args, message] of [
    [['--known-at', 'yesterday'], /^--known-at must be a date or a time/],
    [['--known-at', '2999-01-01'], /^--known-at 2999-01-01T00:00:00Z is in the future/],
    [['--as-of', '2999-01-01'], /^--as-of 2999-01-01 is in the future/],
    [['--as-of', '2026-13-01'], /^--as-of must be a date/],
    [['--json', '--csv'], /^--json and --csv cannot be combined/],
    [['--account', '1'], /^The ledger has no numbers for account 1, only for 9900001, 9900002\./],
  ] as const) {
    const wrong = await run(number, ...args);
    t.is(wrong.status, 2, wrong.output);
    t.regex(wrong.stderr, message);
    t.is(wrong.stdout, '');
  }
});

test('the exit status is 1 if no number is known, and 2 if an argument is not a number', async (t) => {
  const { run } = await installStory(t);
  const some = await run('9195559999', number, '+442079460958');
  t.is(some.status, 0);
  t.regex(some.stdout, /^The ledger knows nothing about 9195559999\.$/m);
  t.regex(some.stdout, /^1 of 3 numbers are known\.$/m);
  const none = await run('9195559999');
  t.is(none.status, 1);
  t.regex(none.stdout, /^The ledger knows nothing about 9195559999\.$/m);
  t.is(none.stderr, '');
  const wrong = await run(number, '555-0001', 'x\u001b[2J');
  t.is(wrong.status, 2);
  t.regex(
    wrong.stderr,
    /^Not a telephone number: "555-0001" has 7 digits; a telephone number has ten; "x.+" is not a telephone number\.\nWrite ten digits/,
  );
  t.false(wrong.output.includes('\u001b'));
  t.is((await run()).status, 2);
});

test('a file of numbers is read like other files, and its bad lines are reported', async (t) => {
  const { folder, run } = await installStory(t);
  const file = join(folder, 'list.csv');
  await writeFile(file, `customer,tn\nA,919-555-0001\nB,not a number\nC,+1 919 555 0001\nD,9195559999\n`);
  const { status, stdout, stderr } = await run('--file', file);
  t.is(status, 3, stderr);
  t.regex(
    stdout,
    /\n1 of 2 numbers are known\.\nLines of the file that have no telephone number: 1\n {2}line 3: "not a number" is not a telephone number\n$/,
  );
  const json = JSON.parse((await run('--file', file, '--json')).stdout);
  t.deepEqual(json.rejected, [
    { line: 3, given: 'not a number', code: 'not-a-number', reason: '"not a number" is not a telephone number' },
  ]);
  t.deepEqual(
    json.numbers.map(({ telephone_number, known }: Record<string, unknown>) => [telephone_number, known]),
    [
      [number, true],
      ['9195559999', false],
    ],
  );
  const csv = await run('--file', file, '--csv');
  t.is(csv.status, 3);
  t.regex(csv.stderr, /Line 3 of .*list\.csv was skipped: "not a number" is not a telephone number/);
  t.is((await run('--file', join(folder, 'missing.csv'))).status, 2);
  t.is((await run(number, '--column', 'tn')).status, 2);
});

test('each number of a range in a file is looked up, and no line is left out', async (t) => {
  const { folder, run } = await installStory(t);
  const file = join(folder, 'list.csv');
  await writeFile(
    file,
    [
      'customer,tn',
      'A,919-555-0000 to 0003',
      'B,919-555-0100-0102',
      'C,+44 20 7946 0958',
      'D,tel:+1-919-555-0001',
      'E,9195550007,9195550008',
      'F,919-555-1XXX',
      '',
    ].join('\n'),
  );
  const { status, stdout } = await run('--file', file, '--json');
  t.is(status, 3);
  const { numbers, rejected, reading } = JSON.parse(stdout);
  const looked = numbers.map(({ telephone_number }: { telephone_number: string }) => telephone_number);
  t.is(looked.length, 4 + 1 + 1000);
  t.deepEqual(looked.slice(0, 6), ['9195550000', number, '9195550002', '9195550003', '+442079460958', '9195551000']);
  t.deepEqual(
    rejected.map(({ line, code }: { line: number; code: string }) => [line, code]),
    [
      [3, 'bad-range'],
      [6, 'not-a-number'],
    ],
  );
  t.regex(rejected[1].reason, /another number, "9195550008", beyond the last column/);
  t.like(reading, { ranges: 2, range_numbers: 1004 });
  t.regex(
    (await run('--file', file)).stdout,
    /\nRanges: 2, 1,004 numbers \(line 2: 4 numbers, line 7: 1,000 numbers\)\n1 of 1,005 numbers are known\.\n/,
  );
});

test('ranges of more than 1,000,000 numbers in all are refused', async (t) => {
  const { folder, run } = await installStory(t);
  const file = join(folder, 'ranges.csv');
  await writeFile(file, `tn\n${Array.from({ length: 103 }, (_, index) => `919-${300 + index}-XXXX`).join('\n')}\n`);
  const { status, stdout, stderr } = await run('--file', file);
  t.is(status, 2);
  t.is(stdout, '');
  t.regex(stderr, /has ranges of more than 1,000,000 numbers in all, the limit reached on line \d+\.\nDivide it/);
});

test('--file reads the sheet and column of a workbook that --sheet and --column name', async (t) => {
  const { folder, run } = await installStory(t);
  const file = join(folder, 'numbers.xlsx');
  const sheetOf = (sheet: string, tn: string) => ({
    sheet,
    data: [
      [{ value: 'Customer' }, { value: 'TN' }, { value: 'Line' }],
      [{ value: 'Ann' }, { value: tn }, { value: '9195559999' }],
    ],
  });
  await writeXlsxFile([sheetOf('Old', '9195558888'), sheetOf('New', number)]).toFile(file);
  const both = await run('--file', file);
  t.is(both.status, 2);
  t.regex(both.stderr, /more than one sheet with a column of numbers: "Old" and "New"/);
  const one = await run('--file', file, '--sheet', 'New', '--column', 'TN');
  t.is(one.status, 0, one.stderr);
  t.regex(
    one.stdout,
    /\nSheet: "New"; not read: "Old", which has numbers\nHeader: line 1, numbers in the column "TN"\n/,
  );
  t.is(
    (await run('--file', file, '--sheet', 'New', '--column', 'Line')).status,
    1,
    'the other column has an unknown number',
  );
  const wrong = await run('--file', file, '--sheet', 'New', '--column', 'Phone');
  t.is(wrong.status, 2);
  t.regex(
    wrong.stderr,
    /has no column "Phone"\. Its first line is: "Customer", "TN", "Line"\.\nName one of these columns: --column NAME/,
  );
  t.regex((await run(number, '--sheet', 'New')).stderr, /^--sheet is for --file\./);
});

test('the time line has the use of each month, and says if it is left out because of rights', async (t) => {
  const { ledger, run } = await installStory(t);
  await addBilling(ledger);
  const { stdout, stderr } = await run(number);
  t.is(stderr, '');
  t.true(
    stdout.includes(
      '\n2025-03-04  2025-03-10  9900001         Outbound use in 2025-03: 3 calls, 2.5 minutes, amount 0.03\n',
    ),
    stdout,
  );
  const before = await run(number, '--as-of', '2025-03-03');
  t.false(before.stdout.includes('use in'));
  const json = JSON.parse((await run(number, '--json')).stdout);
  t.true(json.has_billing);
  t.like(
    json.numbers[0].timeline.find(({ kind }: { kind: string }) => kind === 'billing'),
    { value: 'outbound', reference: '2025-03', source: 'billing_daily' },
  );

  const role = `analyst_${new URL(ledger.url).pathname.slice(1)}`;
  await query(ledger.superuserUrl, `create role ${role} login password 'reader' in role tn_ledger_reader`);
  t.teardown(() => query(ledger.superuserUrl, `drop role ${role}`));
  const asReader = (...args: string[]) =>
    cli(t, ['number', number, ...args], { env: { DATABASE_URL: ledger.url.replace(/\/\/.+@/, `//${role}:reader@`) } });
  const reader = await asReader();
  t.is(reader.status, 0, reader.stderr);
  t.regex(reader.stderr, /Billing is left out: the user of DATABASE_URL may not read it\./);
  const withoutRules = (text: string) => text.replace(/─+\n/g, '');
  t.is(withoutRules(reader.stdout), withoutRules(stdout).replace(/.*use in 2025.*\n/g, ''));
  const leftOut = JSON.parse((await asReader('--json')).stdout);
  t.false(leftOut.has_billing);
});

test('--json has the states and the time line, and --csv the time line', async (t) => {
  const { run } = await installStory(t);
  const { accounts, as_of, known_at, numbers, rejected } = JSON.parse((await run(number, '--json')).stdout);
  t.deepEqual({ accounts, as_of, known_at, rejected }, { accounts: null, as_of: null, known_at: null, rejected: [] });
  const [{ states, timeline, other_accounts }] = numbers;
  t.like(states, [
    { account_id: '9900001', status: null, left_at: '2026-03-01T00:00:00.000Z', left_order_id: 'd1' },
    { account_id: '9900002', status: 'Inservice', nruf_category: 'available', details: { rate_center: 'RALEIGH' } },
  ]);
  t.is(timeline.length, 15);
  t.deepEqual(other_accounts, []);
  const csv = (await run(number, '--csv')).stdout.trimEnd().split('\n');
  t.is(csv.length, 16);
  t.regex(csv[0] as string, /^telephone_number,account_id,at,until,kind,value,what,/);
  t.regex(
    csv[1] as string,
    /^9195550001,9900001,2025-01-01T00:00:00\.000Z,,order,COMPLETE,"Number order COMPLETE, added the number",orders,o1,/,
  );
});

test('control characters from files and the API are shown as escapes', async (t) => {
  const { ledger, run } = await installStory(t);
  await ledger.query(`update assignment_batches set file_name = E'a\\u001b[2Jb.csv'`);
  const { stdout } = await run(number);
  t.true(stdout.includes('line 3 of a\\x1b[2Jb.csv'));
  t.false(stdout.includes('\u001b'));
});

test('an empty ledger knows no number, and says how to load it', async (t) => {
  const { run } = await install(t);
  const empty = await run(number);
  t.is(empty.status, 1);
  t.regex(empty.stdout, /The ledger knows nothing about 9195550001\./);
  t.regex(empty.stderr, /The ledger has no numbers yet\. Load them first: tn-ledger run nightly/);
});
