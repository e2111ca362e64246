import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { classifyFile } from '../../src/nruf/classify.js';
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

/** Ten numbers in service since January 1, 2025: 9195550000 to 9195550009. The last one is disconnected in June 2025. */
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

test('a classification includes both of its days, replaces what it overlaps and keeps the history', async (t) => {
  const { ledger, classify, rows, superseded } = await install(t);
  const first = await classify(['TN', n(0), n(1)], ...reserved('2025-02-01', '2025-07-30'), '--note', 'A');
  t.is(first.status, 0, first.stderr);
  t.regex(
    first.stdout,
    /^2 of 2 numbers were classified as reserved for account 9900001, from 2025-02-01 to 2025-07-30\.$/m,
  );
  const use = async (day: string) =>
    (await ledger.query(`select reserved::int, available::int from nruf_utilization('${day}')`))[0];
  t.deepEqual(await use('2025-01-31'), { reserved: 0, available: 10 });
  t.deepEqual(await use('2025-02-01'), { reserved: 2, available: 8 });
  t.deepEqual(await use('2025-07-30'), { reserved: 2, available: 7 });
  t.deepEqual(await use('2025-07-31'), { reserved: 0, available: 9 });

  const [between] = await ledger.query<{ at: string }>('select clock_timestamp()::text as at');
  const second = await classify([n(1)], ...intermediate('2025-03-01', '2025-03-31'));
  t.regex(second.stdout, /Earlier classifications that end on that day or are replaced: 1\. Their history is kept/);
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
  t.regex(
    again.stdout,
    /^0 of 1 numbers were classified as intermediate .*\nAlready classified this way and unchanged: 1\./,
  );
  t.is((await superseded()).length, 1);
  // A classification that begins before all earlier ones replaces them all.
  await classify([n(1)], ...intermediate('2025-01-15'), '--note', 'B');
  t.deepEqual(await rows(), ['0 reserved 2025-02-01 2025-07-31 A', '1 intermediate 2025-01-15 B']);
  t.is((await superseded()).length, 3);
});

test('reserved above 180 days and aging above 365, alone or adjoining, need --override', async (t) => {
  const { ledger, folder, classify, rows } = await install(t);
  for (const [args, message] of [
    [
      reserved('2025-01-01', '2025-06-30'),
      /lasts 181 days, and numbers may be reserved for at most 180 days \(47 CFR 52\.15\(f\)\(1\)\(vi\)\)\. Nothing was classified\.\nEnd it on 2025-06-29/,
    ],
    [['--category', 'reserved', '--from', '2025-01-01'], /has no end, and numbers may be reserved/],
    [
      ['--category', 'aging', '--from', '2025-01-01', '--to', '2026-01-01'],
      /lasts 366 days, and numbers may age for at most 365 days.*52\.15\(f\)\(1\)\(ii\)/,
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
    /^1,\(919\) 555-0001,9195550001,too-long,"with adjoining classifications, it would be reserved for more than 180 days/m,
  );
  t.deepEqual(await rows(), [
    '0 reserved 2025-01-01 2025-06-30',
    '1 reserved 2025-01-01 2025-06-30',
    '2 reserved 2025-06-30 2025-08-01',
  ]);
  // A day without the category in between begins a new period.
  t.is((await classify([n(0)], ...reserved('2025-07-01', '2025-07-31'))).status, 0);
  t.is((await classify([n(1)], ...reserved('2025-06-30', '2026-06-30'), '--override')).status, 0);
  t.deepEqual(
    await ledger.query('select right(telephone_number, 1) as n, overridden from number_categories where overridden'),
    [{ n: '1', overridden: true }],
  );
});

test('residential numbers age for at most 90 days, and fewer than 45 days give a warning', async (t) => {
  const { ledger, classify, rows } = await install(t);
  const aging = (from: string, to: string) => ['--category', 'aging', '--from', from, '--to', to];
  const tooLong = await classify([n(0)], ...aging('2025-01-01', '2025-04-01'), '--residential');
  t.is(tooLong.status, 2);
  t.regex(tooLong.stderr, /lasts 91 days, and residential numbers may age for at most 90 days/);
  t.regex(
    (await classify([n(0)], ...intermediate('2025-01-01'), '--residential')).stderr,
    /--residential applies to aging/,
  );
  t.deepEqual(await rows(), []);
  const done = await classify([n(0)], ...aging('2025-01-01', '2025-03-31'), '--residential');
  t.is(done.status, 0, done.stderr);
  t.is(done.stderr, '');
  t.is((await classify([n(1)], ...aging('2025-01-01', '2025-12-31'))).stderr, '', '365 days for business numbers');
  const short = await classify([n(2), n(3)], ...aging('2025-01-01', '2025-01-20'));
  t.is(short.status, 0);
  t.regex(short.stderr, /2 numbers age for fewer than 45 days, the minimum of 47 CFR 52\.15\(f\)\(1\)\(ii\)/);
  t.is((await classify([n(2)], ...aging('2025-01-21', '2025-02-20'))).stderr, '', '51 days with the adjoining period');
  t.deepEqual(await ledger.query('select right(telephone_number, 1) as n from number_categories where residential'), [
    { n: '0' },
  ]);
  const joined = await classify([n(0)], ...aging('2025-04-01', '2025-05-15'), '--residential', '--allow-rejects');
  t.is(joined.status, 3, 'more than 90 days with the adjoining period');
});

test('lines are rejected as in assignment files; too many rejected lines classify nothing', async (t) => {
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
  t.regex(refused.stderr, /5 of 7 lines were rejected \(.*\), more than a tenth\. Nothing was classified\./);
  t.deepEqual(await rows(), []);
  const expected = [
    'line_number,number_as_given,telephone_number,error_code,error_description',
    '3,+1 919 555 0000,9195550000,duplicate,the same number as on line 2',
    '4,9195550009,9195550009,disconnected,not in service at any time in the period',
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
  t.false(existsSync(join(folder, 'data/outbox/numbers.rejected.csv')), 'the file of an earlier run is removed');
});

test('wrong options are refused before the file is read', async (t) => {
  const { classify, rows } = await install(t, { BANDWIDTH_ACCOUNT_ID: '9900001,9900002' });
  for (const [args, message] of [
    [
      ['--category', 'assigned', '--from', '2025-01-01'],
      /Unknown category "assigned"\.\nCategories: administrative, intermediate, reserved, aging\. .*tn-ledger assign/,
    ],
    [['--category', 'intermediate', '--from', '2025-02-30'], /--from must be a date in the form yyyy-mm-dd/],
    [intermediate('2025-02-02', '2025-02-01'), /--to 2025-02-01 is before --from 2025-02-02/],
    [intermediate('2025-02-02'), /Several accounts are configured/],
    [[...intermediate('2025-02-02'), '--account', '9900002'], /The ledger has no numbers for account 9900002/],
    [['--category', 'intermediate'], /--from <date>/],
  ] as [string[], RegExp][]) {
    const { status, stderr } = await classify([n(0)], ...args);
    t.is(status, 2, args.join(' '));
    t.regex(stderr, message);
  }
  t.is((await classify([n(0)], ...intermediate('2025-02-02'), '--account', account)).status, 0);
  t.deepEqual(await rows(), ['0 intermediate 2025-02-02']);
});

test('a classification that waits for another one is recorded after it', async (t) => {
  const { ledger, folder, superseded } = await install(t);
  const file = join(folder, 'numbers.csv');
  await writeFile(file, n(0));
  const declaration = {
    category: 'intermediate',
    from: '2026-02-01',
    to: undefined,
    note: undefined,
    override: false,
    residential: false,
  } as const;
  const other = await ledger.database.pool.connect();
  await other.query('begin');
  await other.query('select pg_advisory_xact_lock(7386007, hashtext($1))', [account]);
  const waiting = classifyFile(ledger.database, file, declaration, {
    account,
    rejectedPath: join(folder, 'rejected.csv'),
    allowRejects: false,
    dryRun: false,
    signal: new AbortController().signal,
  });
  const waits = () =>
    ledger.query(`
      select from pg_locks l join pg_database d on d.oid = l.database
      where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`);
  while ((await waits()).length === 0);
  await other.query(
    `insert into number_categories (account_id, telephone_number, category, valid_from, recorded_from)
     values ($1, '9195550000', 'administrative', '2026-01-01', clock_timestamp())`,
    [account],
  );
  await other.query('commit');
  other.release();
  t.is((await waiting).replaced, 1);
  t.deepEqual(await superseded(), ['0 administrative 2026-01-01']);
  t.deepEqual(await ledger.query('select from number_categories_superseded where recorded_to <= recorded_from'), []);
});
