import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type CliResult, cli, makeFolder } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type CountingLedger, openCountingLedger } from './support/ledger.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const account = '9900001';

interface Installation {
  ledger: CountingLedger;
  folder: string;
  /** Runs `classify` with a file of these lines. */
  classify(lines: readonly string[], ...args: string[]): Promise<CliResult>;
  rows(): Promise<string[]>;
  superseded(): Promise<string[]>;
}

/** Ten numbers in service since 2025, 9195550000 to 9195550009, of which the last was disconnected in June 2025. */
async function install(t: ExecutionContext, env: Record<string, string> = {}): Promise<Installation> {
  const folder = await makeFolder(t);
  const ledger = await openCountingLedger(t, server, folder);
  const numbers = Array.from({ length: 10 }, (_, index) => ({
    account_id: account,
    telephone_number: `919555000${index}`,
  }));
  await ledger.insert(
    'telephone_numbers',
    numbers.map((row) => ({ ...row, status: 'Inservice' })),
  );
  await ledger.insert(
    'number_status_history',
    numbers.map((row, index) => ({
      ...row,
      status: 'Inservice',
      valid_from: '2025-01-01',
      valid_to: index === 9 ? '2025-06-15' : null,
    })),
  );
  const list = async (table: string) =>
    (
      await ledger.query(
        `select concat_ws(' ', right(telephone_number, 1), category, nruf_day(valid_from), nruf_day(valid_to), note) as line from ${table}
         order by telephone_number, valid_from, valid_to`,
      )
    ).map(({ line }) => line as string);
  return {
    ledger,
    folder,
    async classify(lines, ...args) {
      await writeFile(join(folder, 'numbers.csv'), lines.join('\n'));
      return cli(t, ['classify', 'numbers.csv', ...args], { cwd: folder, env: { DATABASE_URL: ledger.url, ...env } });
    },
    rows: () => list('number_categories'),
    superseded: () => list('number_categories_superseded'),
  };
}

const n = (last: number) => `(919) 555-000${last}`;
const intermediate = (from: string, to?: string) => [
  ...['--category', 'intermediate', '--from', from],
  ...(to === undefined ? [] : ['--to', to]),
];
const reserved = (from: string, to: string) => ['--category', 'reserved', '--from', from, '--to', to];

test('a declaration holds on both of its days, and replaces from its begin on what it overlaps; history stays', async (t) => {
  const { ledger, classify, rows, superseded } = await install(t);
  const first = await classify(['TN', n(0), n(1)], ...reserved('2025-02-01', '2025-07-30'), '--note', 'A');
  t.is(first.status, 0, first.stderr);
  t.regex(
    first.stdout,
    /^2 of 2 numbers were declared reserved for account 9900001, from 2025-02-01 to 2025-07-30\.$/m,
  );
  const use = async (day: string) =>
    (await ledger.query(`select reserved::int, available::int from nruf_utilization('${day}')`))[0];
  t.deepEqual(await use('2025-01-31'), { reserved: 0, available: 10 });
  t.deepEqual(await use('2025-02-01'), { reserved: 2, available: 8 });
  t.deepEqual(await use('2025-07-30'), { reserved: 2, available: 7 });
  t.deepEqual(await use('2025-07-31'), { reserved: 0, available: 9 });

  const [between] = await ledger.query<{ at: string }>('select clock_timestamp()::text as at');
  const second = await classify([n(1)], ...intermediate('2025-03-01', '2025-03-31'));
  t.regex(second.stdout, /Earlier declarations that end on that day, or are replaced: 1\. What they said is kept/);
  t.deepEqual(await rows(), [
    '0 reserved 2025-02-01 2025-07-31 A',
    '1 reserved 2025-02-01 2025-03-01 A',
    '1 intermediate 2025-03-01 2025-04-01',
  ]);
  t.deepEqual(await superseded(), ['1 reserved 2025-02-01 2025-07-31 A']);
  const known = (at: string) =>
    ledger.query('select reserved::int, intermediate::int from nruf_utilization($1, known_at => $2)', [
      '2025-03-15',
      at,
    ]);
  t.deepEqual(await known(between?.at ?? ''), [{ reserved: 2, intermediate: 0 }]);
  t.deepEqual(await known('infinity'), [{ reserved: 1, intermediate: 1 }]);

  const again = await classify([n(1)], ...intermediate('2025-03-01', '2025-03-31'));
  t.regex(again.stdout, /^0 of 1 numbers were declared intermediate .*\nDeclared so before, and left as they are: 1\./);
  t.is((await superseded()).length, 1);
  // One that begins before all of them leaves none.
  await classify([n(1)], ...intermediate('2025-01-15'), '--note', 'B');
  t.deepEqual(await rows(), ['0 reserved 2025-02-01 2025-07-31 A', '1 intermediate 2025-01-15 B']);
  t.is((await superseded()).length, 3);
});

test('reserved for more than 180 days and aging for more than 365 are refused with the rule, joined to neighbours too, unless overridden', async (t) => {
  const { ledger, folder, classify, rows } = await install(t);
  for (const [args, message] of [
    [
      reserved('2025-01-01', '2025-06-30'),
      /lasts 181 days, and numbers may be held in reserve for 180 days at most \(47 CFR 52\.15\(f\)\(1\)\(vi\)\)\. Nothing was declared\.\nDeclare it until 2025-06-29/,
    ],
    [['--category', 'reserved', '--from', '2025-01-01'], /has no end, and numbers may be held in reserve/],
    [
      ['--category', 'aging', '--from', '2025-01-01', '--to', '2026-01-01'],
      /lasts 366 days, and numbers may age for 365 days at most.*52\.15\(f\)\(1\)\(ii\)/,
    ],
  ] as [string[], RegExp][]) {
    const { status, stderr } = await classify([n(0)], ...args);
    t.is(status, 2);
    t.regex(stderr, message);
  }
  t.is((await classify([n(0), n(1)], ...reserved('2025-01-01', '2025-06-29'))).status, 0);
  const joined = await classify([n(1), n(2)], ...reserved('2025-06-30', '2025-07-31'), '--allow-rejects');
  t.is(joined.status, 3);
  t.regex(
    await readFile(join(folder, 'data/outbox/numbers.rejected.csv'), 'utf8'),
    /^1,\(919\) 555-0001,9195550001,too-long,"with the declarations that it joins it would be reserved for more than 180 days/m,
  );
  t.deepEqual(await rows(), [
    '0 reserved 2025-01-01 2025-06-30',
    '1 reserved 2025-01-01 2025-06-30',
    '2 reserved 2025-06-30 2025-08-01',
  ]);
  // After a day of something else it is another reserve.
  t.is((await classify([n(0)], ...reserved('2025-07-01', '2025-07-31'))).status, 0);
  t.is((await classify([n(1)], ...reserved('2025-06-30', '2026-06-30'), '--override')).status, 0);
  t.deepEqual(
    await ledger.query('select right(telephone_number, 1) as n, overridden from number_categories where overridden'),
    [{ n: '1', overridden: true }],
  );
});

test('residential numbers age for 90 days at most, and all for 45 at least: fewer are warned about', async (t) => {
  const { ledger, classify, rows } = await install(t);
  const aging = (from: string, to: string) => ['--category', 'aging', '--from', from, '--to', to];
  const tooLong = await classify([n(0)], ...aging('2025-01-01', '2025-04-01'), '--residential');
  t.is(tooLong.status, 2);
  t.regex(tooLong.stderr, /lasts 91 days, and residential numbers may age for 90 days at most/);
  t.regex(
    (await classify([n(0)], ...intermediate('2025-01-01'), '--residential')).stderr,
    /--residential is for aging/,
  );
  t.deepEqual(await rows(), []);
  const done = await classify([n(0)], ...aging('2025-01-01', '2025-03-31'), '--residential');
  t.is(done.status, 0, done.stderr);
  t.is(done.stderr, '');
  t.is((await classify([n(1)], ...aging('2025-01-01', '2025-12-31'))).stderr, '', 'business numbers, for 365 days');
  const short = await classify([n(2), n(3)], ...aging('2025-01-01', '2025-01-20'));
  t.is(short.status, 0);
  t.regex(short.stderr, /2 numbers age for fewer than 45 days, the minimum of 47 CFR 52\.15\(f\)\(1\)\(ii\)/);
  t.is((await classify([n(2)], ...aging('2025-01-21', '2025-02-20'))).stderr, '', 'together 51 days');
  t.deepEqual(await ledger.query('select right(telephone_number, 1) as n from number_categories where residential'), [
    { n: '0' },
  ]);
  const joined = await classify([n(0)], ...aging('2025-04-01', '2025-05-15'), '--residential', '--allow-rejects');
  t.is(joined.status, 3, 'with the days before it would be more than 90');
});

test('lines are read and rejected as those of assignment files; too many of them declare nothing', async (t) => {
  const { folder, classify, rows } = await install(t);
  const lines = [
    'note;number',
    'a;9195550000',
    'b;+1 919 555 0000',
    'c;9195550009',
    'd;2015550000',
    'e;911',
    'f;',
    'g;9195550001',
  ];
  const refused = await classify(lines, ...intermediate('2025-07-01'), '--out', 'rejects');
  t.is(refused.status, 1);
  t.regex(refused.stderr, /5 of 7 lines were rejected \(.*\), more than a tenth\. Nothing was declared\./);
  t.deepEqual(await rows(), []);
  const expected = [
    'line_number,number_as_given,telephone_number,error_code,error_description',
    '3,+1 919 555 0000,9195550000,duplicate,the same number as on line 2',
    '4,9195550009,9195550009,disconnected,not in service at any time of the declaration',
    "5,2015550000,2015550000,5076,not in the account's inventory",
  ];
  const rejected = await readFile(join(folder, 'rejects/numbers.rejected.csv'), 'utf8');
  t.deepEqual(rejected.replaceAll("'+", '+').split('\n').slice(0, 4), expected);
  t.regex(rejected, /^6,911,,not-a-number,/m);
  t.regex(rejected, /^7,,,no-number,/m);

  const trial = await classify(lines, ...intermediate('2025-07-01'), '--allow-rejects', '--dry-run', '--json');
  t.is(trial.status, 3);
  t.like(JSON.parse(trial.stdout), { dry_run: true, total: 7, declared: 2, rejected: 5, account, to: null });
  t.deepEqual(await rows(), []);
  t.is((await classify(lines, ...intermediate('2025-06-01'), '--allow-rejects')).status, 3);
  t.deepEqual(await rows(), ['0 intermediate 2025-06-01', '1 intermediate 2025-06-01', '9 intermediate 2025-06-01']);
  t.is((await classify([n(0)], ...intermediate('2025-06-01'))).status, 0);
  t.false(existsSync(join(folder, 'data/outbox/numbers.rejected.csv')), 'what an earlier file left is gone');
});

test('bad usage is refused before anything is read', async (t) => {
  const { classify, rows } = await install(t, { BANDWIDTH_ACCOUNT_ID: '9900001,9900002' });
  for (const [args, message] of [
    [
      ['--category', 'assigned', '--from', '2025-01-01'],
      /There is no category "assigned" to declare\.\nKnown: administrative, intermediate, reserved, aging\. .*tn-ledger assign/,
    ],
    [['--category', 'intermediate', '--from', '2025-02-30'], /--from wants a day as yyyy-mm-dd/],
    [intermediate('2025-02-02', '2025-02-01'), /--to 2025-02-01 is before --from 2025-02-02/],
    [intermediate('2025-02-02'), /Several accounts are configured/],
    [[...intermediate('2025-02-02'), '--account', '9900002'], /The ledger has no numbers of account 9900002/],
    [['--category', 'intermediate'], /--from <date>/],
  ] as [string[], RegExp][]) {
    const { status, stderr } = await classify([n(0)], ...args);
    t.is(status, 2, args.join(' '));
    t.regex(stderr, message);
  }
  t.is((await classify([n(0)], ...intermediate('2025-02-02'), '--account', account)).status, 0);
  t.deepEqual(await rows(), ['0 intermediate 2025-02-02']);
});
