import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { callsCsv } from '../billing/support/calls.js';
import { openLoader } from '../billing/support/load.js';
import { cli } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const days = { from: '2026-09-01', to: '2026-09-30' };

/** Six numbers: with calls, with messages only, idle, idle and hosted, new, and one that left. */
async function setUp(t: ExecutionContext<{ server: TestServer }>, { messages = true } = {}) {
  const loader = await openLoader(t, t.context.server);
  await loader.query(`
    insert into telephone_numbers (account_id, telephone_number, status, state, rate_center, tier, in_service_date, removed_at, owner_account_id)
    values ('9900000', '9195550001', 'Inservice', 'NC', 'RALEIGH', '0', '2020-01-01', null, null),
           ('9900000', '9195550002', 'Inservice', 'NC', 'RALEIGH', '0', '2020-01-01', null, null),
           ('9900000', '9195550003', 'Inservice', 'NC', 'CARY', '0', '2020-01-01', null, null),
           ('9900000', '9195550004', 'Aging', 'AK', '=JUNEAU', '5', '2020-01-01', null, '9900009'),
           ('9900000', '9195550005', 'Inservice', 'NC', 'RALEIGH', '0', '2026-09-20', null, null),
           ('9900000', '9195550006', 'Inservice', 'NC', 'RALEIGH', '0', '2020-01-01', now(), null);
    insert into number_status_history (account_id, telephone_number, status, valid_from)
    values ('9900000', '9195550001', 'Inservice', '2020-01-01')`);
  const calls = callsCsv(
    { at: '2026/09/30 12:00:00 PM', from: '19195550001', to: '2125550199' },
    { at: '2026/08/15 12:00:00 PM', from: '12125550199', to: '9195550003' },
  );
  await loader.load([{ name: 'bdr.csv', content: calls }], { days: { from: '2026-08-15', to: '2026-08-15' } });
  await loader.load([{ name: 'bdr.csv', content: calls }], { days, otherDays: 'leave out' });
  if (messages) {
    const csv = [
      'AccountId,MessageType,MessageID,CallDirection,SourceTn,DestinationTn,TimeStamp',
      '1,sms,a,INBOUND,12125550199,19195550002,2026-09-03T00:00:00.000Z',
      '',
    ].join('\n');
    await loader.load([{ name: 'mdr.csv', content: csv }], { days, type: 'MDR' });
  }
  const run = (...args: string[]) => cli(t, args, { env: { DATABASE_URL: loader.database.url } });
  return { loader, run, idle: (...args: string[]) => run('idle', '--days', '30', ...args) };
}

test('a window whose messages are not loaded is refused, and the command that loads them is named', async (t) => {
  const { idle } = await setUp(t, { messages: false });
  const { status, stdout, stderr } = await idle();
  t.is(status, 1);
  t.is(stdout, '');
  t.regex(
    stderr,
    /MDR reports of account 9900000 are not loaded for 2026-09-01 to 2026-09-30, of the window 2026-09-01 to 2026-09-30\..*prove nothing/s,
  );
  t.regex(
    stderr,
    /tn-ledger billing --type MDR --from 2026-09-01 --to 2026-09-30 --account 9900000.*--calls-only.*--allow-gaps/s,
  );
});

test('numbers without calls or messages are listed with their status, origin, last use and price', async (t) => {
  const { loader, idle } = await setUp(t);
  const prices = join(loader.folder, 'prices.csv');
  await writeFile(prices, 'state,tier,monthly_price\nAK,,0.6\nNC,0,0.253\n');
  const { stdout, status } = await idle('--prices', prices, '--json');
  t.is(status, 0);
  const { windows, numbers, total } = JSON.parse(stdout);
  t.deepEqual(windows, [
    {
      ...{ account_id: '9900000', from: '2026-09-01', to: '2026-09-30', calls_missing: [], messages_missing: [] },
      ...{ unplaced_records: 0, newer_numbers: 1 },
    },
  ]);
  t.like(numbers[0], {
    telephone_number: '9195550003',
    status: 'Inservice',
    origin: null,
    last_used: '2026-08-15',
    monthly_price: '0.253',
  });
  t.like(numbers[1], {
    telephone_number: '9195550004',
    status: 'Aging',
    origin: 'hosted',
    last_used: null,
    monthly_price: '0.6',
  });
  t.deepEqual(total, { numbers: 2, monthly_price: '0.853', without_price: 0 });
});

test('--calls-only ignores messages, and the table says so', async (t) => {
  const { idle } = await setUp(t);
  const { stdout } = await idle('--calls-only');
  t.regex(stdout, /9195550002.*9195550003.*9195550004/s);
  t.regex(stdout, /^3 numbers without calls \(messages were not considered\)\.$/m);
  t.regex(
    stdout,
    /^Account 9900000: 2026-09-01 to 2026-09-30, the last day loaded; 1 number that came into service later is not listed\.$/m,
  );
});

test('days whose calls are not loaded are named, and --allow-gaps lists the numbers with a warning', async (t) => {
  const { run } = await setUp(t);
  const refused = await run('idle', '--days', '40', '--calls-only');
  t.is(refused.status, 1);
  t.regex(
    refused.stderr,
    /BDR reports of account 9900000 are not loaded for 2026-08-22 to 2026-08-31, of the window 2026-08-22/,
  );
  const allowed = await run('idle', '--days', '40', '--calls-only', '--allow-gaps', '--csv');
  t.regex(allowed.stderr, /Traffic on these days is unknown/);
  t.deepEqual(
    allowed.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(',')[1]),
    ['telephone_number', '9195550002', '9195550003', '9195550004'],
  );
});

test('--out writes a CSV file for a spreadsheet, and replaces it only with --force', async (t) => {
  const { loader, idle } = await setUp(t);
  const out = join(loader.folder, 'idle.csv');
  const { stdout } = await idle('--out', out);
  t.regex(stdout, /^Written to .*idle\.csv\.\n2 numbers without calls or messages\./);
  t.regex(
    await readFile(out, 'utf8'),
    /^account_id,telephone_number,.*\n9900000,9195550003,Inservice,.*\n9900000,9195550004,Aging,.*,'=JUNEAU,/,
  );
  t.is((await idle('--out', out)).status, 2);
  t.is((await idle('--out', out, '--force')).status, 0);
});

test('records that may be of any number are warned of, and reports that are not rolled up are refused', async (t) => {
  const { loader, run, idle } = await setUp(t);
  const calls = callsCsv(
    { at: '2026/09/30 12:00:00 PM', from: '19195550001' },
    { at: '', from: '19195550001' },
    { at: '2026/09/30 12:00:00 PM', from: 'anonymous' },
  );
  await loader.load([{ name: 'bdr.csv', content: calls }], { days, acceptShrink: true });
  t.regex((await idle()).stderr, /2 records of account 9900000 name no number or have no usable time/);
  await loader.query('update billing_reports set rolled_up_at = null');
  const { status, stderr } = await idle();
  t.is(status, 1);
  t.regex(stderr, /3 billing reports of account 9900000 aren't rolled up.*tn-ledger rollup --account 9900000/s);
  t.regex((await run('rollup')).stdout, /^Rolled up 3 reports\.$/m);
  t.is((await idle()).status, 0);
});

test('invalid options are refused', async (t) => {
  const { idle } = await setUp(t);
  for (const args of [
    ['--days', '0'],
    ['--days', 'x'],
    ['--csv', '--json'],
    ['--prices', '/nowhere.csv'],
    ['--account', '42'],
  ]) {
    t.is((await idle(...args)).status, 2, args.join(' '));
  }
});
