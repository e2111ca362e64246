import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type CliResult, cli, makeFolder } from '../end-to-end/support.js';
import { convert, office } from '../support/libre-office.js';
import { onlyIf } from '../support/only-if.js';
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
  run(...args: string[]): Promise<CliResult>;
}

async function install(t: ExecutionContext): Promise<Installation> {
  const folder = await makeFolder(t);
  const ledger = await openCountingLedger(t, server, folder);
  return { ledger, folder, run: (...args) => cli(t, args, { cwd: folder, env: { DATABASE_URL: ledger.url } }) };
}

/** Writes `count` numbers of a block that are in service since January 1, 2025; the first one is assigned. */
async function hold(ledger: CountingLedger, block: string, count: number, details: Record<string, unknown> = {}) {
  const rows = Array.from({ length: count }, (_, index) => ({
    account_id: account,
    telephone_number: `${block}${String(index).padStart(3, '0')}`,
  }));
  const known = { rate_center: 'RALEIGH', state: 'NC', vendor_name: 'Bandwidth.com CLEC, LLC "East"' };
  await ledger.insert(
    'telephone_numbers',
    rows.map((row) => ({ ...row, status: 'Inservice', ...known, ...details })),
  );
  await ledger.insert(
    'number_status_history',
    rows.map((row) => ({ ...row, status: 'Inservice', valid_from: '2025-01-01T05:00:00Z' })),
  );
  await ledger.insert('number_assignment_history', [
    { ...rows[0], assignment_status: 'ASSIGNED', order_id: 'a', valid_from: '2025-02-01' },
  ]);
}

const filings = (ledger: CountingLedger) =>
  ledger.query<{ filing_id: string; sha256: string; file_name: string; row_count: number }>(
    'select filing_id, sha256, file_name, row_count from nruf_filings order by 1',
  );
const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

test('nruf refuses a request that it cannot answer, and writes and stores nothing', async (t) => {
  const { ledger, folder, run } = await install(t);
  const empty = await run('nruf', '--as-of', '2025-12-31');
  t.is(empty.status, 1);
  t.regex(empty.stderr, /The ledger has no numbers yet, so there is nothing to count\.\n.*tn-ledger run nightly/);
  await hold(ledger, '9195550', 2);
  await ledger.query(`update number_status_history set valid_to = '2025-12-01'`);
  await hold(ledger, '9195551', 1);
  await writeFile(join(folder, 'there.csv'), 'mine');
  await mkdir(join(folder, 'folder.csv'));
  const before = await readdir(folder);
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const asOf = ['--as-of', '2025-12-31'];
  for (const [args, message, status = 2] of [
    [[], /The filing date is missing, such as --as-of 2026-12-31/],
    [['--as-of', tomorrow], /--as-of .* is in the future/],
    [
      ['--as-of', '31.12.2025'],
      /--as-of must be a date in the form yyyy-mm-dd, such as 2024-01-31, not "31\.12\.2025"/,
    ],
    [['--as-of', '2024-12-31'], /no history for 2024-12-31: its history for all accounts begins on 2025-01-01/],
    [[...asOf, '--form', 'u5'], /Unknown form "u5"\.\nUse u4 .*, u3/],
    [[...asOf, '--form', 'U2'], /U1 and U2 are for companies that hold whole codes or blocks/],
    [[...asOf, '--state', 'ZZ'], /No numbers are in state "ZZ" on that day\.\nStates with numbers: NC\./],
    [[...asOf, '--state', 'North Carolina'], /--state must be two letters, such as NC/],
    [[...asOf, '--account', '4711'], /The ledger has no numbers for account 4711, only for 9900001\./],
    [[...asOf, '--account', ','], /--account is empty/],
    [[...asOf, '--aging-days', '366'], /--aging-days must be a whole number from 0 to 365, not "366"/],
    [[...asOf, '--aging-days', '-1'], /--aging-days must be a whole number/],
    [[...asOf, '--assignor', ' '], /--assignor is blank/],
    [[...asOf, '--out', 'u4.pdf'], /u4\.pdf does not end in \.csv or \.xlsx/],
    [[...asOf, '--out', 'there.csv'], /there\.csv already exists\. Nothing was written\.\n.*--force/],
    [[...asOf, '--out', 'folder.csv', '--force'], /folder\.csv is a folder\. Nothing was written\.\nSpecify a file\./],
    [[...asOf, '--out', 'nowhere/u4.csv'], /nowhere\/u4\.csv can't be written: ENOENT/, 1],
    [[...asOf, '--compare', '1'], /cannot be combined/],
    [['--compare', 'one'], /There is no filing "one"/],
  ] as [string[], RegExp, number?][]) {
    const result = await run('nruf', ...args);
    t.is(result.status, status, args.join(' '));
    t.regex(result.stderr, message);
    t.is(result.stdout, '');
  }
  t.deepEqual(await readdir(folder), before);
  t.is(await readFile(join(folder, 'there.csv'), 'utf8'), 'mine');
  t.deepEqual(await filings(ledger), []);
});

test('a day without numbers has nothing to file', async (t) => {
  const { ledger, run } = await install(t);
  await hold(ledger, '9195550', 2);
  await ledger.query(`update number_status_history set valid_to = '2025-12-01'`);
  const { status, stderr } = await run('nruf', '--as-of', '2025-12-31', '--out', 'u4.csv');
  t.is(status, 1);
  t.regex(stderr, /No number of all accounts counts at the end of 2025-12-31 \(UTC\), so there is nothing to file/);
});

test('an export has columns A to J, sorted, and is stored; a blank in a required column stops it', async (t) => {
  const { ledger, folder, run } = await install(t);
  await hold(ledger, '9842004', 3, { rate_center: 'DURHAM' });
  await hold(ledger, '9195550', 2);
  await hold(ledger, '8005550', 2);
  const command = ['nruf', '--as-of', '2025-12-31', '--form', 'u4'];
  const written = await run(...command, '--out', 'u4.csv');
  t.is(written.status, 0, written.stderr);
  const csv = await readFile(join(folder, 'u4.csv'), 'utf8');
  const heading =
    'NPA-NXX-X,Rate Center Abbreviation,State,Numbers Received,Assigned,Intermediate,Reserved,Aging,Administrative,Notes/Assignor,Available,Utilization %';
  const carrier = '"Bandwidth.com CLEC, LLC ""East"""';
  t.deepEqual(csv.split('\n'), [
    heading,
    `919-555-0,RALEIGH,NC,2,1,0,0,0,0,${carrier},1,50.00`,
    `984-200-4,DURHAM,NC,3,1,0,0,0,0,${carrier},2,33.33`,
    '',
  ]);
  t.regex(written.stdout, /^u4\.csv: form U4, by thousands-block, 2 rows, 5 numbers; .*\nSaved as filing 1, SHA-256 /);
  const [kept] = await filings(ledger);
  t.like(kept, { filing_id: '1', file_name: 'u4.csv', row_count: 2, sha256: await sha256(join(folder, 'u4.csv')) });

  const byCode = await run('nruf', '--as-of', '2025-12-31', '--form', 'U3', '--state', 'nc', '--json');
  t.deepEqual(
    JSON.parse(byCode.stdout).rows.map(({ code, numbers_received }: Record<string, unknown>) => [
      code,
      numbers_received,
    ]),
    [
      ['919555', 2],
      ['984200', 3],
    ],
  );
  const screen = await run(...command, '--account', account, '--assignor', 'Me');
  t.regex(screen.stdout, /^919-555-0 +RALEIGH +NC +2 +1 +0 +0 +0 +0 +Me +1 +50\.00 +1$/m);
  t.regex(screen.stdout, /^2 rows +5 +2 +0 +0 +0 +0 +3 +40\.00 +3$/m);

  await hold(ledger, '9195552', 1, { rate_center: null, vendor_name: null });
  const stopped = await run(...command, '--out', 'gaps.csv');
  t.is(stopped.status, 1);
  t.regex(
    stopped.stderr,
    /lacks values that the form requires: Rate Center Abbreviation of 1 row \(919-555-2\); Notes\/Assignor of 1 row/,
  );
  t.false(existsSync(join(folder, 'gaps.csv')));
  t.is((await filings(ledger)).length, 1);
  const allowed = await run(...command, '--out', 'gaps.csv', '--allow-gaps');
  t.is(allowed.status, 0);
  t.regex(await readFile(join(folder, 'gaps.csv'), 'utf8'), /^919-555-2,,NC,1,1,0,0,0,0,,0,100\.00$/m);
  t.is((await run(...command, '--out', 'gaps.csv', '--allow-gaps', '--force', '--assignor', 'Me')).status, 0);
  t.regex(await readFile(join(folder, 'gaps.csv'), 'utf8'), /^919-555-2,,NC,1,1,0,0,0,0,Me,0,100\.00$/m);
});

test('nruf warns about a day that is not a filing date and about aging below the minimum', async (t) => {
  const { ledger, run } = await install(t);
  await hold(ledger, '9195550', 2);
  const [, number] = [0, 1].map((index) => ({ account_id: account, telephone_number: `919555000${index}` }));
  await ledger.insert('number_assignment_history', [
    { ...number, assignment_status: 'ASSIGNED', order_id: 'a', valid_from: '2025-02-01', valid_to: '2025-11-16' },
    { ...number, assignment_status: 'UNASSIGNED', order_id: 'b', valid_from: '2025-11-16' },
  ]);
  const warnings = async (...args: string[]) => {
    const { status, stderr, stdout } = await run('nruf', '--json', ...args);
    t.is(status, 0, stderr);
    const [row] = JSON.parse(stdout).rows;
    return {
      stderr: stderr
        .trimEnd()
        .split('\n')
        .filter((line) => line !== ''),
      aging: row.aging,
    };
  };
  const filed = await warnings('--as-of', '2025-12-31');
  t.deepEqual(filed, { stderr: [], aging: 1 }, '45 days before December 31 is November 16');
  t.deepEqual(await warnings('--as-of', '2025-06-30'), { stderr: [], aging: 0 });
  const other = await warnings('--as-of', '2026-01-01');
  t.is(other.stderr.length, 1);
  t.regex(other.stderr[0] ?? '', /as of June 30 and December 31; 2026-01-01 is neither/);
  t.is(other.aging, 0);
  const short = await warnings('--as-of', '2025-12-31', '--aging-days', '44');
  t.is(short.stderr.length, 1);
  t.regex(short.stderr[0] ?? '', /--aging-days 44 is below the minimum of 45 days \(47 CFR 52\.15\(f\)\(1\)\(ii\)\)/);
  t.is(short.aging, 0);
});

test('a filing with fewer days of aging than the minimum is compared with the minimum', async (t) => {
  const { ledger, run } = await install(t);
  await hold(ledger, '9195550', 2);
  const key = { account_id: account, telephone_number: '9195550001' };
  await ledger.insert('number_assignment_history', [
    { ...key, assignment_status: 'ASSIGNED', order_id: 'a', valid_from: '2025-02-01', valid_to: '2025-12-01' },
    { ...key, assignment_status: 'UNASSIGNED', order_id: 'b', valid_from: '2025-12-01' },
  ]);
  t.is((await run('nruf', '--as-of', '2025-12-31', '--aging-days', '0', '--out', 'u4.csv')).status, 0);
  const { stdout } = await run('nruf', '--compare', '1');
  t.regex(stdout, /^919-555-0 +aging +0 +1$/m);
  t.regex(stdout, /Filed with an aging period of 0 days, compared with 45\. To compare as filed, use --aging-days 0\./);
  t.regex((await run('nruf', '--compare', '1', '--aging-days', '0')).stdout, /no differences today\.$/m);
});

test('a stored filing is written again byte for byte and compared with the ledger as it is today', async (t) => {
  const { ledger, folder, run } = await install(t);
  await hold(ledger, '9195550', 4);
  await hold(ledger, '9195551', 1);
  const command = ['nruf', '--as-of', '2025-12-31', '--aging-days', '90'];
  t.is((await run(...command, '--out', 'u4.xlsx')).status, 0);
  t.regex((await run('nruf', '--compare', '1')).stdout, /Filing 1 .*: no differences today\./);

  // The ledger learns of a disconnect later and keeps the old interval, as the jobs do.
  for (const [number, at] of [
    ['9195550000', '2025-11-01'],
    ['9195551000', '2025-11-02'],
  ]) {
    await ledger.query(
      `with gone as (delete from number_status_history where telephone_number = $1 returning *),
            kept as (insert into number_status_history_superseded (account_id, telephone_number, status, valid_from, valid_to, recorded_from, recorded_to)
                     select account_id, telephone_number, status, valid_from, valid_to, recorded_from, now() from gone)
       insert into number_status_history (account_id, telephone_number, status, valid_from, valid_to)
       select account_id, telephone_number, status, valid_from, $2 from gone`,
      [number, at],
    );
  }
  const { stdout } = await run('nruf', '--compare', '1');
  t.regex(stdout, /^919-555-0 +numbers_received +4 +3$/m);
  t.regex(stdout, /^919-555-0 +assigned +1 +0$/m);
  t.regex(stdout, /^919-555-1 +numbers_received +1 +\(no row\)$/m);
  t.notRegex(stdout, /919-555-0 +rate_center/);
  t.regex(stdout, /2 rows differ today/);
  const { differences } = JSON.parse((await run('nruf', '--compare', '1', '--json')).stdout);
  t.deepEqual(differences[0], { code: '9195550', column: 'numbers_received', filed: 4, now: 3 });

  t.is((await run('filing', 'export', '1')).status, 2, 'the file exists');
  const again = await run('filing', 'export', '1', '--out', 'again.xlsx');
  t.is(again.status, 0);
  t.is(await sha256(join(folder, 'again.xlsx')), await sha256(join(folder, 'u4.xlsx')));
  t.regex(again.stdout, new RegExp(await sha256(join(folder, 'u4.xlsx'))));
  const list = JSON.parse((await run('filing', 'list', '--json')).stdout);
  t.like(list[0], { filing: '1', as_of: '2025-12-31', form: 'u4', aging_days: 90, row_count: 2, accounts: null });
  // The count as known when the filing was made, with the query from the documentation.
  t.deepEqual(
    await ledger.query(
      `select u.npa_nxx_x, u.numbers_received::int as n
         from nruf_filings f, nruf_utilization(f.as_of, array_to_string(f.accounts, ','), f.aging_days, f.created_at) u
        where f.filing_id = 1`,
    ),
    [
      { npa_nxx_x: '9195550', n: 4 },
      { npa_nxx_x: '9195551', n: 1 },
    ],
  );
});

onlyIf(
  test,
  office !== undefined,
  'needs LibreOffice',
)('the workbook in LibreOffice equals the CSV file', async (t) => {
  const { ledger, folder, run } = await install(t);
  await hold(ledger, '9195550', 3);
  await hold(ledger, '9842004', 1, { rate_center: 'ST. MARY, "N"', vendor_name: 'Übertragung & <Söhne>' });
  await hold(ledger, '2012010', 1500, { state: 'NJ', rate_center: null });
  const command = ['nruf', '--as-of', '2025-12-31', '--allow-gaps', '--out'];
  for (const file of ['u4.csv', 'u4.xlsx']) t.is((await run(...command, file)).status, 0);
  // ZIP times have a resolution of two seconds. A file written later has the same bytes anyway.
  await ledger.query('select pg_sleep(2.1)');
  t.is((await run(...command, 'later.xlsx')).status, 0);
  t.is(
    await readFile(await convert(folder, 'u4.xlsx', 'csv:Text - txt - csv (StarCalc):44,34,76'), 'utf8'),
    await readFile(join(folder, 'u4.csv'), 'utf8'),
  );
  t.is(await sha256(join(folder, 'later.xlsx')), await sha256(join(folder, 'u4.xlsx')));
});
