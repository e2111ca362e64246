import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import AdmZip from 'adm-zip';
import test, { type ExecutionContext } from 'ava';
import { cli, makeFolder } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type CountingLedger, openCountingLedger } from './support/ledger.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const [east, west, north] = ['9900001', '9900002', '9900003'];

const company = {
  parent_company_name: 'Example Holdings',
  parent_company_ocns: '123A',
  service_provider_name: 'Example Voice',
  frn: '0012345678',
  address: '1 Main St',
  city: 'Raleigh',
  state: 'NC',
  zip: '27601',
  contact_name: 'A. Analyst',
  contact_telephone: '919-555-0100',
  contact_email: 'nruf@example.com',
};

const counting = [
  'sync-inservice-numbers',
  'sync-number-details',
  'sync-orders',
  'sync-disconnects',
  'sync-disconnected-numbers',
  'sync-portins',
  'sync-portouts',
  'sync-imported-numbers',
  'sync-number-assignments',
];

/** `count` numbers of a block that are in service since January 1, 2025, all assigned. */
async function hold(ledger: CountingLedger, account: string, block: string, count: number) {
  const rows = Array.from({ length: count }, (_, index) => ({
    account_id: account,
    telephone_number: `${block}${String(index).padStart(3, '0')}`,
  }));
  const known = { rate_center: 'RALEIGH', state: 'NC', vendor_name: 'Bandwidth.com CLEC' };
  await ledger.insert(
    'telephone_numbers',
    rows.map((row) => ({ ...row, status: 'Inservice', ...known })),
  );
  await ledger.insert(
    'number_status_history',
    rows.map((row) => ({ ...row, status: 'Inservice', valid_from: '2025-01-01T05:00:00Z' })),
  );
  await ledger.insert(
    'number_assignment_history',
    rows.map((row) => ({ ...row, assignment_status: 'ASSIGNED', order_id: 'a', valid_from: '2025-02-01' })),
  );
}

/** Runs of every job: within the last 36 hours of the reporting day, and today. */
async function synced(ledger: CountingLedger, account: string) {
  await ledger.insert(
    'sync_runs',
    ['2025-12-31T12:00:00Z', new Date().toISOString()].flatMap((started_at) =>
      counting.map((job) => ({ job, account_id: account, started_at, finished_at: started_at, status: 'succeeded' })),
    ),
  );
}

async function install(t: ExecutionContext, accountsFile: object) {
  const folder = await makeFolder(t);
  const ledger = await openCountingLedger(t, server, folder);
  const configure = (content: object) => writeFile(join(folder, 'accounts.yaml'), JSON.stringify(content));
  await configure(accountsFile);
  const env = {
    DATABASE_URL: ledger.url,
    BANDWIDTH_CLIENT_ID: 'id',
    BANDWIDTH_CLIENT_SECRET: 'not-so-secret',
    TN_LEDGER_ACCOUNTS_FILE: 'accounts.yaml',
  };
  const run = (args: string[], more: Record<string, string> = {}) =>
    cli(t, args, { cwd: folder, env: { ...env, ...more } });
  return { ledger, folder, run, configure };
}

const due = ['filing', 'prepare', '--due', '2026-02-01'];

test('filing prepare writes and stores the filings of each OCN, and says what is missing', async (t) => {
  const accounts = [
    { id: east, ocn: '123A' },
    { id: west, ocn: '456B' },
  ];
  const { ledger, folder, run, configure } = await install(t, {
    companies: { '123A': company, '456B': { forms: ['u4', 'u3'], contact_nmae: 'B' } },
    accounts,
  });
  await hold(ledger, east, '9195550', 3);
  await hold(ledger, north, '9195552', 1);
  await synced(ledger, east);

  const first = await run([...due, '--format', 'xlsx,csv', '--json']);
  t.is(first.status, 3, first.stderr);
  const prepared = JSON.parse(first.stdout);
  t.like(prepared, { due_on: '2026-02-01', as_of: '2025-12-31', form_verified: false });
  t.true(prepared.overdue_days > 0);
  t.deepEqual(
    prepared.filings.map(({ ocn, form, filing, same, row_count, numbers }: Record<string, unknown>) => [
      ...[ocn, form, filing, same, row_count, numbers],
    ]),
    [
      ['123A', 'u4', '1', false, 1, 3],
      ['123A', 'u4', '2', false, 1, 3],
    ],
  );
  const items = prepared.checklist.map(({ level, about, id }: Record<string, string>) => `${level} ${about} ${id}`);
  t.deepEqual(items.sort(), [
    'open 456B company',
    'open 456B company-unknown',
    'open 456B no-numbers',
    'open 456B no-numbers',
    `open ${west} stale-sync`,
    `open ${west} unsynced`,
    `open ${north} no-ocn`,
    'review 123A assignment-report-missing',
    'review 123A rate-centers-old',
    'review null headings',
  ]);
  t.deepEqual((await readdir(join(folder, 'nruf-2025-12-31'))).sort(), [
    '2025-12-31-123A-company.csv',
    '2025-12-31-123A-u4.csv',
    '2025-12-31-123A-u4.xlsx',
  ]);
  t.regex(
    await readFile(join(folder, 'nruf-2025-12-31', '2025-12-31-123A-company.csv'), 'utf8'),
    /^Parent Company Name,Example Holdings\n[\s\S]*^Service Provider OCN,123A\n[\s\S]*^Headings: version,2016-06$/m,
  );
  const workbook = new AdmZip(join(folder, 'nruf-2025-12-31', '2025-12-31-123A-u4.xlsx'));
  const sheets = workbook.readAsText('xl/workbook.xml');
  t.deepEqual(
    [...sheets.matchAll(/<sheet [^>]*name="([^"]*)"/g)].map(([, name]) => name),
    ['U4', 'Company Info', 'Headings'],
  );

  const screen = await run([...due, '--format', 'xlsx,csv']);
  t.is(screen.status, 3);
  t.regex(screen.stdout, /^NRUF due on 2026-02-01, numbers as of 2025-12-31: OVERDUE by [\d,]+ days\.$/m);
  t.regex(screen.stdout, /^123A +U4 +9900001 +1 +3 +equal to filing 1 +nruf-2025-12-31\/2025-12-31-123A-u4\.xlsx$/m);
  t.regex(screen.stdout, /companies\.456B\.contact_nmae is not on the company page; did you mean contact_name\?/);
  t.regex(screen.stdout, /Account 9900003 has no OCN, so its numbers are in no filing\n +Set ocn of account 9900003/);
  t.is((await ledger.query('select from nruf_filings')).length, 2);
  const table = await run([...due, '--format', 'xlsx,csv', '--csv']);
  t.regex(table.stdout, /^level,about,id,text,count,fix\nopen,/);

  // A change: another filing, and the files are not replaced without --force.
  await hold(ledger, east, '9195551', 2);
  const refused = await run([...due]);
  t.is(refused.status, 2);
  t.regex(refused.stderr, /2025-12-31-123A-u4\.xlsx exists and differs .* Nothing was written\.\n.*--force/);
  t.is((await ledger.query('select from nruf_filings')).length, 2);

  // Nothing is missing.
  await configure({ companies: { '123A': company }, accounts: [accounts[0], { id: north, ocn: '123A' }] });
  await synced(ledger, north);
  const complete = await run([...due, '--force']);
  t.is(complete.status, 0, complete.output);
  t.regex(complete.stdout, /stored as filing 3[\s\S]*Nothing is missing\.$/m);
  t.like(
    (
      await ledger.query(
        'select due_on::text, ocn, accounts, form_version, company from nruf_filings where filing_id = 3',
      )
    )[0],
    { due_on: '2026-02-01', ocn: '123A', accounts: [east, north], form_version: '2016-06' },
  );

  const list = await run(['filing', 'list', '--csv']);
  t.regex(list.stdout, /^filing,due,as of,OCN,form,[\s\S]*^3,2026-02-01,2025-12-31,123A,u4,"9900001, 9900003",all,3,/m);
  const shown = await run(['filing', 'show', '3']);
  t.regex(shown.stdout, /^919-555-0 +RALEIGH +NC +3[\s\S]*^3 rows +6 +6[\s\S]*^ +Contact Name: A\. Analyst$/m);
  t.is(JSON.parse((await run(['filing', 'show', '3', '--json'])).stdout).rows.length, 3);
  t.regex((await run(['filing', 'show', '3', '--csv'])).stdout, /^NPA-NXX-X,Rate Center.*\n919-555-0,RALEIGH,NC,3,3,/);
  const compared = await run(['filing', 'compare', '1', '3']);
  t.regex(compared.stdout, /^919-555-1 +numbers_received +\(no row\) +2$/m);
  t.regex(compared.stdout, /2 rows differ in filing 3 \(as of 2025-12-31/);
  t.regex((await run(['filing', 'compare', '3'])).stdout, /Filing 3 .*: no differences today\./);
  t.regex((await run(['filing', 'compare', '1', '3', '--csv'])).stdout, /^code,column,filed,now\n9195551,/);
});

test('filing prepare refuses what it cannot do, and writes nothing', async (t) => {
  const { ledger, folder, run, configure } = await install(t, { accounts: [{ id: east, ocn: '123A' }] });
  const next = `${new Date().getUTCFullYear() + 2}-02-01`;
  for (const [args, message, status = 2] of [
    [['filing', 'prepare'], /required option '--due <date>'/],
    [['filing', 'prepare', '--due', '2026-03-01'], /due on February 1 and August 1, not on 2026-03-01/],
    [['filing', 'prepare', '--due', 'soon'], /--due must be a date/],
    [
      ['filing', 'prepare', '--due', next],
      /reports numbers as of \d{4}-12-31, which is not over.*\n.*Prepare it on \d{4}-01-01/,
    ],
    [[...due, '--format', 'pdf'], /--format must be xlsx, csv or xlsx,csv, not "pdf"/],
    [[...due, '--csv', '--json'], /cannot be combined/],
    [due, /The ledger has no numbers yet/, 1],
    [['filing', 'show', '7'], /There is no filing "7"\.\n.*tn-ledger filing list/],
    [['filing', 'export', 'x'], /There is no filing "x"/],
    [['filing', 'compare', '1'], /There is no filing "1"/],
  ] as [string[], RegExp, number?][]) {
    const result = await run(args);
    t.is(result.status, status, `${args.join(' ')}: ${result.output}`);
    t.regex(result.stderr, message);
  }
  await hold(ledger, east, '9195550', 1);
  await configure({ accounts: [{ id: east }] });
  t.regex((await run(due)).stderr, /No account has an OCN, and filings are per OCN\. Nothing was prepared\./);
  await configure({ companies: { '12': company }, accounts: [{ id: east, ocn: '123A' }] });
  t.regex((await run(due)).stderr, /companies\.12 is not an OCN/);
  t.false(existsSync(join(folder, 'nruf-2025-12-31')));
  t.deepEqual(await ledger.query('select from nruf_filings'), []);
});

test('headings come from the file in TN_LEDGER_FORM_FILE', async (t) => {
  const { ledger, folder, run } = await install(t, {
    companies: { '123A': company },
    accounts: [{ id: east, ocn: '123A' }],
  });
  await hold(ledger, east, '9195550', 1);
  const shipped = await readFile(new URL('../../src/nruf/form-data.yaml', import.meta.url), 'utf8');
  const section = shipped.slice(shipped.indexOf('form_502:'), shipped.indexOf('# Headings that are recognized'));
  const own = section
    .replace('version: 2016-06', 'version: 2027-01')
    .replace('verified: false', "verified: 'true'")
    .replaceAll('heading: Numbers Received', 'heading: Numbers From Carrier')
    .replace('key: frn', 'key: registration');
  await writeFile(join(folder, 'form.yaml'), own);
  const env = { TN_LEDGER_FORM_FILE: 'form.yaml' };
  const result = await run([...due, '--format', 'csv'], env);
  t.is(result.status, 3, result.output);
  t.regex(result.stdout, /Headings: version 2027-01\.$/m);
  t.regex(result.stdout, /company page lacks Service Provider FRN: 1/);
  t.regex(await readFile(join(folder, 'nruf-2025-12-31', '2025-12-31-123A-u4.csv'), 'utf8'), /,Numbers From Carrier,/);
  await writeFile(
    join(folder, 'form.yaml'),
    own.replace('value: assigned }', 'value: asigned }').replace('first_row: 21', 'frst_row: 21'),
  );
  const wrong = await run(['nruf', '--as-of', 'last'], env);
  t.is(wrong.status, 2);
  t.regex(wrong.stderr, /form\.yaml:\d+: form_502\.u4\[5\]\.value must be one of code, /);
  t.regex(wrong.stderr, /form\.yaml:\d+: form_502\.frst_row is not a setting; did you mean first_row\?/);
  t.regex((await run(['nruf', '--as-of', 'last'], { TN_LEDGER_FORM_FILE: 'none.yaml' })).stderr, /cannot be read/);
});

test('nruf --as-of last counts as of the last reporting date', async (t) => {
  const { ledger, run } = await install(t, { accounts: [{ id: east }] });
  await hold(ledger, east, '9195550', 1);
  const { status, stdout } = await run(['nruf', '--as-of', 'last', '--json']);
  t.is(status, 0);
  t.regex(JSON.parse(stdout).as_of, /^\d{4}-(06-30|12-31)$/);
});

test('filing missing lists the blocks of the ledger that the report names', async (t) => {
  const { ledger, folder, run } = await install(t, { accounts: [{ id: east, ocn: '123A' }, { id: west }] });
  await hold(ledger, east, '9195550', 3);
  await hold(ledger, west, '9195551', 1);
  await hold(ledger, west, '9842004', 1);
  t.is((await run(['nruf', '--as-of', '2025-12-31', '--out', 'u4.csv', '--account', east])).status, 0);
  const missing = ['filing', 'missing', 'report.csv', '--as-of', '2025-12-31'];
  const report = (text: string) => writeFile(join(folder, 'report.csv'), text);

  await report(
    'NRUF Utilization Missing Report,,\nState,OCN,NPA-NXX,X\nNC,123A,919-555,0\nNC,123a,984-200,\nNC,9999,252-555,1\nNC,123A,19-55,1\n',
  );
  const found = await run(missing);
  t.is(found.status, 3);
  t.regex(found.stderr, /report\.csv:6: "19-551" is not an NPA-NXX or NPA-NXX-X; line rejected/);
  t.regex(found.stdout, /^919-555-0 +919-555-0 +123A +9900001 +123A +RALEIGH +NC +3 +3 +1$/m);
  t.regex(found.stdout, /^984-200-4 +984-200 +123A +9900002 +RALEIGH +NC +1 +1 +none$/m);
  t.notRegex(found.stdout, /919-555-1/);
  const json = JSON.parse((await run([...missing, '--json'])).stdout);
  t.is(json.rejected.length, 1);
  t.like(json.blocks[1], { block: '9842004', line: 4, account_id: west, account_ocn: null, filing: null });
  t.regex((await run([...missing, '--csv'])).stdout, /^block,in report,OCN in report,account,OCN,/);

  await report('Thousands Block\n2525551\n');
  const none = await run(missing);
  t.is(none.status, 0);
  t.regex(
    none.stdout,
    /names no block in which the ledger has numbers at the end of 2025-12-31 \(UTC\); 1 line read\./,
  );
  for (const [text, message] of [
    [
      'Range,OCN\n9195550,123A\n',
      /has no column of blocks or codes\. Its first line is: "Range", "OCN"\.\n.*NPA-NXX-X/,
    ],
    ['NPA-NXX-X,Block\n919-555-0,919-555-0\n', /several columns for the same thing: "NPA-NXX-X" and "Block"/],
  ] as const) {
    await report(text);
    const result = await run(missing);
    t.is(result.status, 2);
    t.regex(result.stderr, message);
  }
  t.is((await run(['filing', 'missing', 'nowhere.csv'])).status, 2);
});
