import { readFile } from 'node:fs/promises';
import anyTest, { type TestFn } from 'ava';
import { makeReport } from '../../src/report/make-report.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, openLedger } from '../sync/support/ledger.js';
import { readReports, runNightly } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const textOf = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

test('the report of an empty ledger says that it is empty', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  const text = textOf((await makeReport(ledger.database, {})).html);
  for (const sentence of [
    'What needs attention Nothing.',
    'No job has run yet.',
    'Changes since the previous nightly run No changes.',
    'No batch is open or finished in the last 30 days.',
    'No numbers in the inventory on',
    'No numbers in the inventory in the past two years.',
  ])
    t.true(text.includes(sentence), sentence);
});

test('each nightly run writes its own report and keeps earlier ones; a snapshot gives the same bytes', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 300, orders: 20, portins: 5 } });
  await runNightly(t, ledger);
  const first = await readReports(ledger);
  t.is(first.names.length, 1);
  t.regex(first.names[0] as string, /^report-9900000-\d{4}-\d\d-\d\dT\d{6}Z\.html$/);
  t.true(textOf(first.last).includes('… running when this report was made'));
  await ledger.query(`select pg_sleep_until(date_trunc('second', clock_timestamp()) + interval '1 second')`);
  await runNightly(t, ledger);
  const { names } = await readReports(ledger);
  t.is(names.length, 2);
  t.is(names[0], first.names[0]);
  t.is(await readFile(`${ledger.dataDir}/reports/${names[0]}`, 'utf8'), first.last);

  const timeless = ({ html, time }: { html: string; time: Date }) =>
    html.replaceAll(time.toISOString(), '').replaceAll(`${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`, '');
  const [one, other] = [await makeReport(ledger.database, { account }), await makeReport(ledger.database, { account })];
  t.is(timeless(one), timeless(other));
});

test('a report that cannot be written fails alone: the earlier jobs succeed', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 50 } });
  const { mkdir, writeFile } = await import('node:fs/promises');
  await mkdir(ledger.dataDir, { recursive: true });
  await writeFile(`${ledger.dataDir}/reports`, 'a file where the folder should be');
  const { result, error, parts } = await ledger.run('nightly');
  t.is(result, 'failed');
  t.regex(
    error?.message ?? '',
    /1 of \d+ jobs of account 9900000 failed: write-report: The report can't be written to /,
  );
  t.deepEqual(
    parts.filter(({ result: each }) => each !== 'succeeded').map(({ job }) => job),
    ['write-report'],
  );
});

test('the report escapes database values as text, and quotes them in the SQL that it shows', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>&amp;</code></svg>`;
  const of = `o'x<b>`;
  await ledger.query(
    `insert into sync_runs (job, account_id, status, started_at, finished_at, error, warnings)
     values ('nightly', $2, 'failed', now() - interval '2 hours', now() - interval '1 hour', $1, '[]'),
            ('sync-orders', $2, 'failed', now() - interval '2 hours', now() - interval '1 hour', $1, jsonb_build_array($1::text))`,
    [hostile, of],
  );
  await ledger.query(
    `insert into telephone_numbers (account_id, telephone_number, status, rate_center, state) values ($2, '9195550001', 'Inservice', $1, $1)`,
    [hostile, of],
  );
  await ledger.query(
    `insert into number_status_history (account_id, telephone_number, status, valid_from) values ($1, '9195550001', 'Inservice', now() - interval '1 year')`,
    [of],
  );
  await ledger.query(`insert into orders (account_id, order_id, status, user_id) values ($2, $1, $1, $1)`, [
    hostile,
    of,
  ]);
  await ledger.query(
    `insert into orders_numbers (account_id, order_id, telephone_number) values ($2, $1, '9195550001')`,
    [hostile, of],
  );
  await ledger.query(
    `insert into assignment_batches (account_id, action, file_name, file_sha256, has_action_column, batch_key, status, total_count, failed_count)
     values ($2, 'ASSIGN', $1, 'x', false, 'k', 'open', 1, 1)`,
    [hostile, of],
  );
  await ledger.query(
    `insert into assignment_numbers (batch_id, line_number, outcome, error_code, error_description)
     select batch_id, 1, 'FAILED', $1, $1 from assignment_batches`,
    [hostile],
  );
  const { html } = await makeReport(ledger.database, { account: of });
  t.false(/<script|<img|<b>/i.test(html));
  // In the error, the warning, the batch, its reason, the new number, its order, the place, and both widths of the charts.
  const escaped = '&lt;script&gt;alert(1)&lt;/script&gt;';
  t.true(html.split(escaped).length > 12, String(html.split(escaped).length));
  t.true(html.includes('o&#39;&#39;x&lt;b&gt;'));
});

test('10,000 thousands-blocks make a page below 1 MB, with SQL that lists the rows not shown', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  await ledger.query(
    `with numbers as (
       insert into telephone_numbers (account_id, telephone_number, status, rate_center, state, first_seen_at)
       select '1', (2010000000 + n * 1000)::text, 'Inservice', 'RATECTR ' || n % 2000, chr((65 + n % 26)::int) || chr((65 + n % 2)::int), now()
         from generate_series(0, 9999) as n returning *)
     insert into number_status_history (account_id, telephone_number, status, valid_from)
     select account_id, telephone_number, 'Inservice', now() - interval '3 years' from numbers`,
  );
  const warnings = JSON.stringify(Array.from({ length: 500 }, (_, index) => `Warning ${index}. ${'x'.repeat(200)}`));
  await ledger.query(
    `insert into sync_runs (job, account_id, status, started_at, finished_at, warnings) values ('nightly', '1', 'succeeded', now() - interval '1 hour', now(), $1)`,
    [warnings],
  );
  const { html } = await makeReport(ledger.database, {});
  t.true(Buffer.byteLength(html) < 1_000_000, `${Buffer.byteLength(html)} bytes`);
  const text = textOf(html);
  t.regex(text, /480 more warnings are not shown\. To list them all: select jsonb_array_elements_text/);
  t.regex(text, /9,975 more rows are not shown\. To list them all: select \* from night_changes/);
  // All SQL in the report runs.
  const statements = [...html.matchAll(/<pre tabindex="0"><code>([\s\S]*?)<\/code>/g)].map(([, sql = '']) =>
    sql.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>'),
  );
  t.true(statements.length >= 4);
  for (const sql of statements) await t.notThrowsAsync(ledger.query(sql), sql);
  const [, left] = /([\d,]+) more rows are not shown\. To list them all: select state, rate_center/.exec(text) ?? [];
  const [centers] = statements.filter((sql) => sql.startsWith('select state, rate_center'));
  t.is(Number(left?.replaceAll(',', '')) + 50, (await ledger.query(centers as string)).length);
});
