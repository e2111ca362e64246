import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { cli, makeFolder } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { openCountingLedger } from './support/ledger.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const account = '9900001';

test('rnd lists, writes and stores the disconnects of a month, and adds late ones to the next report', async (t) => {
  const folder = await makeFolder(t);
  const ledger = await openCountingLedger(t, server, folder);
  const env = { DATABASE_URL: ledger.url };
  const run = (...args: string[]) => cli(t, ['rnd', ...args], { cwd: folder, env });
  const leave = (number: string, valid_to: string) =>
    ledger.insert('number_status_history', [
      { account_id: account, telephone_number: number, status: 'Inservice', valid_from: '2025-01-01', valid_to },
    ]);
  t.is((await run('--month', '2025-10')).status, 1, 'the ledger is empty');
  await leave('9195550000', '2025-10-03T12:00:00Z');
  await leave('9195550001', '2025-10-31T12:00:00Z');
  await leave('8005550001', '2025-10-31T12:00:00Z');
  await leave('9195550002', '2025-11-05T12:00:00Z');

  const future = `${new Date().getUTCFullYear() + 1}-01`;
  const current = new Date().toISOString().slice(0, 7);
  for (const [args, message] of [
    [[], /required option '--month <month>'/],
    [['--month', 'October'], /--month must be a month in the form yyyy-mm, such as 2026-10, not "October"/],
    [['--month', '2025-13'], /--month must be a month/],
    [['--month', future], /is not over: today is .*\n.*Run it on \d{4}-02-01 or later/],
    [['--month', current], /is not over/],
    [['--month', '2025-10', '--through', '2025-10-30'], /--through 2025-10-30 must be from 2025-10-31/],
    [['--month', '2025-10', '--through', '2025-12-01'], /--through 2025-12-01 must be/],
    [['--month', '2025-10', '--account', '4711'], /no numbers for account 4711/],
    [['--month', '2024-10'], /no history for 2024-10-31/],
    [['--month', '2025-10', '--out', 'x.pdf'], /does not end in \.csv or \.xlsx/],
    [['--month', '2025-10', '--csv', '--json'], /cannot be combined/],
  ] as [string[], RegExp][]) {
    const result = await run(...args);
    t.is(result.status, 2, args.join(' '));
    t.regex(result.stderr, message);
    t.is(result.stdout, '');
  }

  const unsynced = await run('--month', '2025-10');
  t.is(unsynced.status, 3);
  t.regex(
    unsynced.stderr,
    /Account 9900001 was not read completely after 2025-10-31 .*tn-ledger run nightly --account 9900001/,
  );
  const { rows: jobs } = await ledger.database.pool.query(
    `insert into sync_runs (job, account_id, started_at, finished_at, status)
     select job, $1, now(), now(), 'succeeded' from unnest(array['sync-inservice-numbers', 'sync-number-details', 'sync-orders',
       'sync-disconnects', 'sync-disconnected-numbers', 'sync-portins', 'sync-portouts', 'sync-imported-numbers',
       'sync-number-assignments']) job returning job`,
    [account],
  );
  t.is(jobs.length, 9);

  const screen = await run('--month', '2025-10');
  t.is(screen.status, 0, screen.stderr);
  t.regex(screen.stderr, /The report was due on 2025-11-15, [\d,]+ days ago\./);
  t.regex(screen.stdout, /^left the account; never marked ASSIGNED or UNASSIGNED +2 +9195550000, 9195550001$/m);
  t.regex(screen.stdout, /^toll-free +1 +8005550001$/m);
  t.deepEqual(await ledger.query('select from rnd_reports'), []);
  t.is(
    (await run('--month', '2025-10', '--csv')).stdout,
    [
      'telephone_number,disconnected_on,account_id,evidence,order_id,marked,excluded',
      '9195550000,2025-10-03,9900001,left the account,,,',
      '9195550001,2025-10-31,9900001,left the account,,,',
      '8005550001,2025-10-31,9900001,left the account,,,toll-free',
      '',
    ].join('\n'),
  );

  const written = await run('--month', '2025-10', '--through', '2025-11-10', '--out', 'october.csv');
  t.is(written.status, 0, written.stderr);
  t.regex(written.stdout, /october\.csv: 3 numbers\. Stored as report 1, SHA-256 [0-9a-f]{64}\./);
  t.is(
    await readFile(join(folder, 'october.csv'), 'utf8'),
    'TN,Disconnect Date\n9195550000,2025-10-03\n9195550001,2025-10-31\n9195550002,2025-11-05\n',
  );
  t.is((await run('--month', '2025-10', '--out', 'october.csv')).status, 2, 'the file exists');
  t.is((await ledger.query('select from rnd_report_numbers')).length, 3);

  // Learned of after the report of its month.
  await leave('9195550003', '2025-10-20T12:00:00Z');
  const next = JSON.parse((await run('--month', '2025-11', '--json')).stdout);
  t.deepEqual(
    next.numbers.map(({ telephone_number, disconnected_on, late }: Record<string, unknown>) => [
      ...[telephone_number, disconnected_on, late],
    ]),
    [
      ['9195550002', '2025-11-05', false],
      ['9195550003', '2025-10-20', true],
    ],
  );
  t.like(next, { month: '2025-11', due_on: '2025-12-15', complete: true, report: null });
  t.is((await run('--month', '2025-11', '--out', 'november.xlsx')).status, 0);
  t.deepEqual(JSON.parse((await run('--month', '2025-12', '--json')).stdout).numbers, []);
  t.regex((await run('--month', '2025-12')).stdout, /confirm that there are none at reassigned\.us/);

  // The format is data.
  const shipped = await readFile(new URL('../../src/nruf/form-data.yaml', import.meta.url), 'utf8');
  const section = shipped
    .slice(shipped.indexOf('reassigned_numbers:'))
    .replace('yyyy-mm-dd', 'mm/dd/yyyy')
    .replace('header: true', 'header: false')
    .replace('  columns:\n', '  columns:\n    - { heading: CompanyID, text: ABC }\n');
  await writeFile(join(folder, 'forms.yaml'), section);
  const own = { ...env, TN_LEDGER_FORM_FILE: 'forms.yaml' };
  const args = ['rnd', '--month', '2025-11', '--out', 'own.csv'];
  t.is((await cli(t, args, { cwd: folder, env: own })).status, 0);
  t.is(await readFile(join(folder, 'own.csv'), 'utf8'), 'ABC,9195550002,11/05/2025\n');
});
