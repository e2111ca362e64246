import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { addDays, dayOf } from '../../src/days.js';
import { makeReport } from '../../src/report/make-report.js';
import { type Call, callsCsv } from '../billing/support/calls.js';
import { type Loader, openLoader } from '../billing/support/load.js';
import { cli, query } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { cellsOf, statementsOf, textOf } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const today = dayOf(new Date());
const yesterday = addDays(today, -1);
const account = '9900000';
const at = (day: string) => `${day.replaceAll('-', '/')} 12:00:00 PM`;

/** Three numbers in service for years. */
async function openWithNumbers(t: ExecutionContext<{ server: TestServer }>): Promise<Loader> {
  const loader = await openLoader(t, t.context.server);
  await loader.query(
    `with numbers as (
       insert into telephone_numbers (account_id, telephone_number, status, in_service_date)
       select $1, number, 'Inservice', '2020-01-01' from unnest(array['9195550001', '9195550002', '9195550003']) as number returning *)
     insert into number_status_history (account_id, telephone_number, status, valid_from)
     select account_id, telephone_number, status, in_service_date from numbers`,
    [account],
  );
  return loader;
}

const loadCalls = (loader: Loader, days: { from: string; to: string }, ...calls: Call[]) =>
  loader.load([{ name: 'bdr.csv', content: callsCsv(...calls) }], { days });

/** The part of the page with billing. */
function sectionOf(html: string): string {
  return /<section aria-labelledby="billing">.*?<\/section>/s.exec(html)?.[0] ?? '';
}

test('the report has no billing section before calls are loaded', async (t) => {
  const loader = await openWithNumbers(t);
  t.is(sectionOf((await makeReport(loader.database, {})).html), '');
});

test('billing has the totals of two months, charts per day, and the days that are not loaded', async (t) => {
  const loader = await openWithNumbers(t);
  const month = yesterday.slice(0, 7);
  const before = addDays(`${month}-01`, -1);
  const days = { from: before, to: yesterday };
  await loadCalls(
    loader,
    days,
    { at: at(yesterday), from: '9195550001', to: '9195550002', seconds: 90, amount: '1234.5' },
    { at: at(yesterday), from: '9195550001', seconds: 60, amount: '0.25' },
    { at: at(before), from: '9195550002', seconds: 6000, amount: '7' },
  );
  const { html } = await makeReport(loader.database, { account });
  const section = sectionOf(html);
  const daysOf = (day: string) => new Date(Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)), 0)).getUTCDate();
  t.deepEqual(cellsOf(html, 'billing-months'), [
    [month, `${Number(yesterday.slice(8))} of ${daysOf(yesterday)}`, '2', '3', 'not loaded', '1,234.75'],
    [before.slice(0, 7), `1 of ${daysOf(before)}`, '1', '100', 'not loaded', '7.00'],
  ]);
  t.deepEqual(cellsOf(html, 'billing-days'), [
    [yesterday, '2', '3', '1,234.75'],
    [before, '1', '100', '7.00'],
  ]);
  const from = `${before.slice(0, 7)}-01`;
  t.deepEqual(
    [...section.matchAll(/<figcaption>(.*?)<\/figcaption>/g)].map(([, caption]) => caption),
    [`Minutes per day, ${from} to ${yesterday}`, `Amount per day, ${from} to ${yesterday}`],
  );
  t.regex(
    textOf(section),
    new RegExp(
      `No BDR report is loaded for ${daysOf(before) - 1} of these \\d+ days: ${from} to ${addDays(before, -1)}\\. Traffic of these days is unknown`,
    ),
  );
  t.regex(textOf(section), /Traffic on numbers that are not in the inventory None from/);
  t.regex(textOf(section), /No invoice of days from .* is loaded\./);
  t.regex(textOf(section), /tn-ledger idle --days 90 --calls-only/);
});

test('traffic outside the inventory is summed without naming numbers, and its SQL lists them', async (t) => {
  const loader = await openWithNumbers(t);
  await loadCalls(
    loader,
    { from: yesterday, to: yesterday },
    { at: at(yesterday), from: '12025550143', amount: '0.25' },
    { at: at(yesterday), from: '12025550143', amount: '0.25' },
    { at: at(yesterday), from: '12025550144', amount: '1000' },
  );
  const { html } = await makeReport(loader.database, {});
  t.regex(
    textOf(sectionOf(html)),
    /2 numbers have 3 calls and messages from .* to .*, with an amount of 1,000\.50\. Either the calls/,
  );
  t.false(html.includes('2025550143'));
  const [sql = ''] = statementsOf(sectionOf(html)).filter((each) => each.includes('not exists'));
  t.is((await loader.query(sql)).length, 2);
  t.regex(textOf(html), /Notice: Traffic from .* that is billed to numbers that the account didn&#39;t have: 2\./);
});

test('invoices are shown with the amounts of the calls of their days, and differences need attention', async (t) => {
  const loader = await openWithNumbers(t);
  const invoice = async (from: string, to: string, amount: string, reportId: string) =>
    loader.load(
      [
        {
          name: 'invoice.csv',
          content: `InvoiceNumber,ProductFamily,Description,Amount\n1,Voice Usage,Outbound,${amount}\n`,
        },
      ],
      { days: { from, to }, type: 'INVOICE', reportId },
    );
  const [first, second, third] = [addDays(today, -6), addDays(today, -4), addDays(today, -2)];
  await loadCalls(
    loader,
    { from: first, to: addDays(third, -1) },
    { at: at(first), from: '9195550001', amount: '1000' },
    { at: at(second), from: '9195550001', amount: '500' },
  );
  await invoice(first, addDays(first, 1), '1003.00', 'agreeing');
  await invoice(second, addDays(second, 1), '550.00', 'differing');
  await invoice(third, addDays(third, 1), '20.00', 'early');
  const { html } = await makeReport(loader.database, { account });
  t.deepEqual(
    cellsOf(html, 'invoices').map(([id, , ...rest]) => [id, ...rest]),
    [
      ['early', '20.00', '0.00', '', 'not compared: BDR reports of 2 days are not loaded'],
      ['differing', '550.00', '500.00', '50.00', 'differs'],
      ['agreeing', '1,003.00', '1,000.00', '3.00', 'agrees'],
    ],
  );
  for (const sql of statementsOf(html)) await t.notThrowsAsync(loader.query(sql), sql);
  const text = textOf(html);
  t.regex(text, /Notice: Invoices whose charges for calls differ from the amounts of the BDR: 1\./);
  t.regex(text, /Notice: Invoices that could not be compared with the BDR: 1\./);
});

test('a reader without the right to billing gets the report without the section', async (t) => {
  const loader = await openWithNumbers(t);
  await loadCalls(loader, { from: yesterday, to: yesterday }, { at: at(yesterday), from: '9195550001' });
  const report = async (group: string, out: string) => {
    const role = `${group}_${new URL(loader.url).pathname.slice(1)}`;
    await query(loader.superuserUrl, `create role ${role} login password 'reader' in role ${group}`);
    t.teardown(() => query(loader.superuserUrl, `drop role ${role}`));
    const env = { DATABASE_URL: loader.url.replace(/\/\/.+@/, `//${role}:reader@`) };
    const { status, stderr } = await cli(t, ['report', '--out', out], { env, cwd: loader.folder });
    t.is(status, 0, stderr);
    return { html: await readFile(join(loader.folder, out), 'utf8'), stderr };
  };
  const reader = await report('tn_ledger_reader', 'reader.html');
  t.is(sectionOf(reader.html), '');
  t.true(sectionOf((await report('tn_ledger_billing_reader', 'billing.html')).html).length > 0);
});
