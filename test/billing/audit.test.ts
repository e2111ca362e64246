import anyTest, { type TestFn } from 'ava';
import { auditBilling } from '../../src/billing/audit.js';
import { readIdleNumbers, readIdleWindow } from '../../src/billing/idle.js';
import { outsideInventorySql, readDailyUsage } from '../../src/billing/usage.js';
import { inTransaction } from '../../src/database/transaction.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { callsCsv } from './support/calls.js';
import { type Loader, openLoader } from './support/load.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const days = { from: '2026-09-01', to: '2026-09-30' };

async function audit({ database }: Loader, accounts?: readonly string[]) {
  const findings = await inTransaction(database, {}, (client) =>
    auditBilling(client, { asOf: '2026-10-05', accounts }),
  );
  return Object.fromEntries((findings ?? []).map((finding) => [finding.id, finding]));
}

const at = (day: string, hour = '12:00:00 PM') => `2026/09/${day} ${hour}`;

const loadCalls = (loader: Loader, ...calls: Parameters<typeof callsCsv>) =>
  loader.load([{ name: 'bdr.csv', content: callsCsv(...calls) }], { days });

test('traffic on numbers that the account never had, or no longer had, is listed with the SQL for all', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await loader.query(`
    insert into telephone_numbers (account_id, telephone_number, status, removed_at)
    values ('9900000', '9195550001', 'Inservice', null), ('9900000', '9195550002', 'Inservice', '2026-09-10')`);
  await loadCalls(
    loader,
    { at: at('02'), from: '9195550001' },
    { at: at('03'), from: '12025550143', amount: '0.25' },
    { at: at('04'), from: '12025550143', amount: '0.25' },
    { at: at('10'), from: '9195550002' },
    { at: at('12'), from: '9195550002' },
    { at: at('12'), from: 'anonymous' },
  );
  const found = await audit(loader, ['9900000']);
  const outside = found['traffic-outside-inventory'];
  const row = { account_id: '9900000', direction: 'outbound' };
  t.deepEqual(outside?.examples, [
    {
      ...row,
      telephone_number: '2025550143',
      first_day: '2026-09-03',
      last_day: '2026-09-04',
      records: 2,
      minutes: 2,
      amount: 0.5,
    },
    {
      ...row,
      telephone_number: '9195550002',
      first_day: '2026-09-12',
      last_day: '2026-09-12',
      records: 1,
      minutes: 1,
      amount: 0.5,
    },
  ]);
  t.is((await loader.query(outside?.sql ?? '')).length, 2);
  t.is(found['traffic-without-number']?.count, 1);
  t.is(found['reports-not-rolled-up']?.count, 0);
  t.is((await audit(loader, ['1']))['traffic-outside-inventory']?.count, 0);
  await loader.query('update billing_reports set rolled_up_at = null');
  t.is((await audit(loader))['reports-not-rolled-up']?.count, 1);
});

const invoice = (...lines: string[]) => ['InvoiceNumber,ProductFamily,Description,Amount', ...lines, ''].join('\n');

test('an invoice is compared with the calls of its days, with a tolerance', async (t) => {
  const loader = await openLoader(t, t.context.server);
  const load = (...lines: string[]) =>
    loader.load([{ name: 'invoice.csv', content: invoice(...lines) }], { days, type: 'INVOICE', acceptShrink: true });
  await load('1,Voice Usage,Outbound,10.00');
  const missing = await audit(loader);
  t.is(missing['invoice-differs']?.count, 0);
  t.like(missing['invoice-not-compared']?.examples[0], { missing_days: 30, lines: 1 });
  await loadCalls(
    loader,
    { at: at('02'), from: '9195550001', amount: '1000' },
    { at: at('03'), from: '9195550001', amount: '10.004' },
  );
  await load(
    '1,Voice Usage,Outbound,"$1,000.00"',
    '1,Voice Usage,Inbound,14.00',
    '1,Taxes,Voice tax,99',
    '1,Numbers,Monthly charge,25',
    '1,Messaging,SMS usage,7',
  );
  const same = await audit(loader);
  t.deepEqual([same['invoice-differs']?.count, same['invoice-not-compared']?.count], [0, 0]);
  await load('1,Voice Usage,Outbound,1016.00');
  const different = await audit(loader);
  t.like(different['invoice-differs']?.examples[0], { invoice_amount: 1016, bdr_amount: 1010.004, lines: 1 });
  t.is((await loader.query(different['invoice-differs']?.sql ?? '')).length, 1);
  await load('1,Voice Usage,Outbound,see below');
  t.like((await audit(loader))['invoice-not-compared']?.examples[0], { unreadable: 1, missing_days: 0 });
});

test('an invoice whose columns or lines are not recognized is listed as not compared', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await loader.load([{ name: 'invoice.csv', content: 'What,HowMuch\nVoice usage,1\n' }], { days, type: 'INVOICE' });
  const unknown = (await audit(loader))['invoice-not-compared'];
  t.is(unknown?.count, 1);
  t.regex(unknown?.why ?? '', /the columns what, how_much are not recognized/);
  t.is((await loader.query(unknown?.sql ?? '')).length, 1);
});

test('usage has traffic and cost per day, numbers outside the inventory, and idle numbers', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await loader.query(`
    insert into telephone_numbers (account_id, telephone_number, status, in_service_date)
    values ('9900000', '9195550001', 'Inservice', '2020-01-01'), ('9900000', '9195550002', 'Inservice', '2020-01-01'),
           ('9900000', '9195550003', 'Inservice', '2020-01-01')`);
  await loadCalls(
    loader,
    { at: at('02'), from: '9195550001', to: '9195550002', seconds: 90, amount: '0.1' },
    { at: at('03'), from: '12025550143', amount: '0.2' },
  );
  await inTransaction(loader.database, { snapshot: true }, async (client) => {
    t.deepEqual(await readDailyUsage(client, { account: '9900000', ...days }), [
      { day: '2026-09-02', records: 1, minutes: 1.5, amount: '0.1', messages: 0 },
      { day: '2026-09-03', records: 1, minutes: 1, amount: '0.2', messages: 0 },
    ]);
    const window = await readIdleWindow(client, { account: '9900000', days: 90, callsOnly: true, today: '2026-10-05' });
    if (window === undefined) return t.fail();
    t.is(window.calls.missing.length, 1);
    const idle: string[] = [];
    for await (const batch of readIdleNumbers(client, window))
      idle.push(...batch.map(({ telephone_number }) => telephone_number));
    t.deepEqual(idle, ['9195550003']);
    const outside = await client.query(
      outsideInventorySql(`d.account_id = '9900000' and d.day between '${days.from}' and '${days.to}'`),
    );
    t.is(outside.rows.length, 1);
    t.like(outside.rows[0], { telephone_number: '2025550143', records: '1', amount: '0.2' });
  });
});
