import { readFile } from 'node:fs/promises';
import anyTest, { type TestFn } from 'ava';
import { isOnMap, tileMap } from '../../src/report/charts/tile-map.js';
import { makeReport } from '../../src/report/make-report.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, openLedger } from '../sync/support/ledger.js';
import { cellsOf, readReports, runNightly, statementsOf, textOf, unescaped } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** A value of the first screen, with its note. */
function figureOf(html: string, label: string): { value: string; note: string; href: string } {
  const [, href = '', inside = ''] =
    [...html.matchAll(/<li><a href="(#[\w-]+)"[^>]*>(.*?)<\/a><\/li>/gs)].find(([, , text = '']) =>
      text.includes(`<span class="label">${label}</span>`),
    ) ?? [];
  const [, value = ''] = /<strong>(.*?)<\/strong>/s.exec(inside) ?? [];
  const [, note = ''] = /<span class="note">(.*?)<\/span>/s.exec(inside) ?? [];
  return { value, note, href };
}

const toNumber = (text = '') => Number(text.replaceAll(',', '').replace('−', '-'));

test('the report of an empty ledger says that it is empty', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  const text = textOf((await makeReport(ledger.database, {})).html);
  for (const sentence of [
    'Numbers held 0 no earlier nightly run to compare with',
    'Utilization none no numbers in the inventory',
    'Jobs succeeded none no job has run yet',
    'What needs attention Nothing.',
    'No numbers in the past two years.',
    'No numbers are held.',
    'No numbers in the inventory on',
    'No port-in is open.',
    'Changes since the previous nightly run No changes.',
    'No job has run yet.',
    'No batch is open or finished in the last 30 days.',
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

test('of a nightly run that is tried again, only the report of the last attempt stays', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 20 } });
  const nextSecond = () =>
    ledger.query(`select pg_sleep_until(date_trunc('second', clock_timestamp()) + interval '1 second')`);
  await runNightly(t, ledger);
  await nextSecond();
  const [planned] = await ledger.query<{ at: Date }>('select clock_timestamp() as at');
  const attempts: string[][] = [];
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const options = attempt === 1 ? {} : { continuesFrom: planned?.at as Date };
    t.is((await ledger.run('nightly', options)).result, 'succeeded');
    attempts.push((await readReports(ledger)).names);
    await nextSecond();
  }
  const [first, ...later] = attempts as [string[], ...string[][]];
  t.is(first.length, 2);
  for (const names of later) {
    t.is(names.length, 2);
    t.is(names[0], first[0], 'the report of the night before');
  }
  t.is(new Set(attempts.map(([, last]) => last)).size, 3);
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
  await ledger.query(
    `insert into portins (account_id, order_id, status, order_date, losing_carrier_name, error_code) values ($2, $1, 'EXCEPTION', now(), $1, $1)`,
    [hostile, of],
  );
  const { html } = await makeReport(ledger.database, { account: of });
  t.false(/<script|<img|<b>/i.test(html));
  t.is(html.split('</style>').length, 2, 'the account in the page margins does not end the style sheet');
  // In the error, the warning, the batch, its reason, the port-in and its carrier and error, the place, and both widths of the charts.
  const escaped = '&lt;script&gt;alert(1)&lt;/script&gt;';
  t.true(html.split(escaped).length > 12, String(html.split(escaped).length));
  t.true(html.includes('o&#39;&#39;x&lt;b&gt;'));
  const [portin = []] = cellsOf(html, 'concern-portins-1');
  t.deepEqual([portin[0], portin[1], portin.at(-1)], [hostile, hostile, hostile]);
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
    `insert into sync_runs (job, account_id, status, started_at, finished_at, changes_until, warnings)
     values ('nightly', '1', 'succeeded', now() - interval '26 hours', now() - interval '25 hours', now() - interval '25 hours', '[]'),
            ('nightly', '1', 'succeeded', now() - interval '1 hour', now(), now(), $1)`,
    [warnings],
  );
  const { html } = await makeReport(ledger.database, {});
  t.true(Buffer.byteLength(html) < 1_000_000, `${Buffer.byteLength(html)} bytes`);
  const text = textOf(html);
  t.regex(text, /475 more warnings are not shown\. To list them all: select jsonb_array_elements_text/);
  t.regex(text, /9,975 more rows are not shown\. To list them all: select \* from night_changes/);
  // All SQL in the report runs, and returns the rows that are not shown.
  const statements = statementsOf(html);
  t.true(statements.length >= 6);
  for (const sql of statements) await t.notThrowsAsync(ledger.query(sql), sql);
  const tables = [...html.matchAll(/<table id="([\w-]+)">/g)].map(([, id = '']) => id);
  for (const id of tables) t.true(cellsOf(html, id).length <= 25, id);
  const rests = [
    ...html.matchAll(
      /([\d,]+) more rows? (?:is|are) not shown\. To list them all:<\/p>\s*<pre tabindex="0"><code>(.*?)<\/code>/gs,
    ),
  ];
  t.true(rests.length >= 4);
  for (const [, count, sql = ''] of rests) t.is(toNumber(count) + 25, (await ledger.query(unescaped(sql))).length, sql);
});

test('every figure on the first screen links to its section', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  const { html } = await makeReport(ledger.database, {});
  const links = [...html.matchAll(/href="#([\w-]+)"/g)].map(([, id = '']) => id);
  t.true(links.length > 15);
  for (const id of links) t.is(html.split(` id="${id}"`).length, 2, id);
  for (const [label, href] of [
    ['Numbers held', '#trend'],
    ['Marked assigned', '#inventory'],
    ['Utilization', '#utilization'],
    ['Port-ins stuck', '#port-ins'],
    ['Jobs succeeded', '#jobs'],
    ['Next filing', '#filings'],
  ] as const)
    t.is(figureOf(html, label).href, href);
});

test('the page is one file without scripts or other requests, and its print style opens folded tables', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  const { html } = await makeReport(ledger.database, {});
  t.regex(html, /<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src/);
  t.false(/<script|<iframe|<object|\son\w+=|src=|url\(|@import/i.test(html));
  for (const [, url = ''] of html.matchAll(/\bhref="([^"]*)"/g)) t.regex(url, /^(?:#|data:,$)/);
  t.regex(html, /@page \{\s+margin: [^;]+;\s+@bottom-left \{ content: "tn-ledger: all accounts, /);
  t.regex(html, /counter\(page\) " of " counter\(pages\)/);
  t.regex(html, /@media print \{.*details::details-content \{ content-visibility: visible/s);
});

test('the numbers held less those left out, by reason, are the NRUF inventory', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  await ledger.query(`
    with held (account, number, status, mark) as (values
      ('1', '9195550001', 'Inservice', 'ASSIGNED'), ('1', '9195550002', 'Inservice', null),
      ('1', '9195550003', 'Aging', null), ('1', '8005550004', 'Inservice', 'ASSIGNED'),
      ('1', '9195550005', 'Inservice', 'ASSIGNED'), ('1', '9195550006', 'Inservice', 'ASSIGNED'),
      ('2', '9195550007', 'Inservice', null), ('1', '9195550007', 'Inservice', null))
    insert into telephone_numbers (account_id, telephone_number, status, assignment_status, rate_center, state)
    select account, number, status, mark, 'RALEIGH', 'NC' from held`);
  await ledger.query(`
    insert into number_status_history (account_id, telephone_number, status, valid_from)
    select account_id, telephone_number, status, now() - case when account_id = '1' then interval '2 years' else interval '1 year' end
      from telephone_numbers where telephone_number <> '9195550006'`);
  // Not held any more, but its time in service has no end.
  await ledger.query(`insert into number_status_history (account_id, telephone_number, status, valid_from)
    values ('1', '9195550008', 'Inservice', now() - interval '1 year')`);
  await ledger.query(`insert into number_assignment_history (account_id, telephone_number, assignment_status, order_id, valid_from)
    select account_id, telephone_number, assignment_status, 'o', now() - interval '1 month' from telephone_numbers where assignment_status is not null`);
  await ledger.query(`insert into portins (account_id, order_id, status, order_date, actual_foc_date)
    values ('1', 'p', 'COMPLETE', now() - interval '2 years 5 days', now() - interval '2 years')`);
  await ledger.query(
    `insert into portins_numbers (account_id, order_id, telephone_number) values ('1', 'p', '9195550005')`,
  );
  const [count] = await ledger.query<{ received: number; assigned: number }>(
    'select sum(numbers_received)::int as received, sum(assigned)::int as assigned from nruf_utilization(current_date)',
  );

  const { html } = await makeReport(ledger.database, {});
  const rows = cellsOf(html, 'left-out');
  t.deepEqual(rows, [
    ['Numbers held', '8', '4'],
    ['Left out: also held by another account, which counts them', '−1', '0'],
    ['Left out: no time in service at the end of this day in the history', '−1', '−1'],
    ['Left out: ported in: they are in the block of another carrier, which reports them', '−1', '−1'],
    ['Left out: status Aging: not in service', '−1', '0'],
    ['Left out: toll-free', '−1', '−1'],
    ['Counted: in service at the end of this day in the history, but not held any more', '+1', '0'],
    ['NRUF inventory', String(count?.received), String(count?.assigned)],
  ]);
  const sum = (column: number) => rows.slice(0, -1).reduce((total, row) => total + toNumber(row[column]), 0);
  t.deepEqual([sum(1), sum(2)], [count?.received, count?.assigned]);
  t.is(figureOf(html, 'Numbers held').value, '8');
  t.is(figureOf(html, 'Marked assigned').value, '4');
  // What no rule explains needs attention.
  t.regex(textOf(html), /Notice: 2 numbers are held without a time in service in the history on .* or the reverse/);
  const [leftOut] = statementsOf(html).filter((sql) => sql.includes('order by c.left_out'));
  t.is((await ledger.query(leftOut as string)).length, 5);

  // One account counts a number that another account holds, too.
  const single = cellsOf((await makeReport(ledger.database, { account: '1' })).html, 'left-out');
  t.deepEqual(single.at(0), ['Numbers held', '7', '4']);
  t.false(single.some(([name = '']) => name.includes('another account')));
});

test('stuck port-ins are listed with carrier, age and error, oldest first, before the SQL', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  await ledger.query(`
    insert into portins (account_id, order_id, status, order_date, losing_carrier_name, error_code, count_of_tns)
    select '1', 'stuck-' || n, 'EXCEPTION', now() - make_interval(days => n * 10), 'Carrier ' || n, (7000 + n)::text, n
      from generate_series(1, 3) as n
    union all values ('1', 'open', 'FOC', now() - interval '2 days', 'Other', null, 1), ('1', 'done', 'COMPLETE', now(), 'Other', null, 1)`);
  const { html } = await makeReport(ledger.database, { account: '1' });
  t.deepEqual(
    cellsOf(html, 'concern-portins-1').map(([order, carrier, numbers, placed = '', , error]) => [
      order,
      carrier,
      numbers,
      placed.replace(/^[\d-]+ /, ''),
      error,
    ]),
    [3, 2, 1].map((n) => [`stuck-${n}`, `Carrier ${n}`, String(n), `${n * 10} days`, String(7000 + n)]),
  );
  t.deepEqual(figureOf(html, 'Port-ins stuck'), {
    value: '3',
    note: 'of 4 open, the oldest placed 30 days ago',
    href: '#port-ins',
  });
  t.deepEqual(
    cellsOf(html, 'open-portins').map(([order]) => order),
    ['stuck-3', 'stuck-2', 'stuck-1', 'open'],
  );
  t.true(html.indexOf('concern-portins-1') < html.indexOf('from portins'));
});

test('open port-ins show the last event of their history', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  await ledger.query(`
    insert into portins (account_id, order_id, status, order_date) values
      ('1', 'a', 'EXCEPTION', now()), ('1', 'b', 'FOC', now()), ('1', 'c', 'SUBMITTED', now())`);
  await ledger.query(`
    insert into order_history (account_id, order_kind, order_id, event_number, occurred_at, status, note, note_code) values
      ('1', 'portins', 'a', 1, now() - interval '3 days', 'PENDING_DOCUMENTS', 'LOA required', null),
      ('1', 'portins', 'a', 2, now() - interval '2 days', 'EXCEPTION', null, '7999'),
      ('1', 'portins', 'b', 1, now() - interval '1 day', 'SUBMITTED', 'Order has been created', null),
      ('1', 'orders', 'c', 1, now(), 'BACKORDERED', 'Other', null)`);
  const { html } = await makeReport(ledger.database, { account: '1' });
  const last = Object.fromEntries(cellsOf(html, 'open-portins').map((cells) => [cells[0], cells.at(-1)]));
  t.regex(last.a ?? '', /^[\d-]+ 2 days 7999$/);
  t.regex(last.b ?? '', /^[\d-]+ 1 day SUBMITTED: Order has been created$/);
  t.is(last.c?.trim(), '');
});

test('a ledger whose jobs all failed shows each error with its fix, and no success', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  await ledger.query(
    `insert into sync_runs (job, account_id, status, started_at, finished_at, error, hint)
     select job, '1', 'failed', now() - interval '3 days', now() - interval '3 days', 'The API rejected the credentials.', 'Check them: tn-ledger check'
       from unnest(array['nightly', 'sync-orders', 'sync-portins']) as job`,
  );
  const { html } = await makeReport(ledger.database, { account: '1' });
  t.deepEqual(figureOf(html, 'Jobs succeeded'), { value: '0 of 2', note: '2 never succeeded', href: '#jobs' });
  t.deepEqual(
    cellsOf(html, 'failed-runs').map(([job, outcome, , ...rest]) => [job, outcome, ...rest]),
    ['sync-orders', 'sync-portins'].map((job) => [
      job,
      '✗ failed',
      'The API rejected the credentials.',
      'Check them: tn-ledger check',
    ]),
  );
  t.regex(textOf(html), /Problem: 1 account has no successful nightly run in the last 36 hours/);
});

test('an account without an earlier run does not hide the changes of the others', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  await ledger.query(
    `insert into sync_runs (job, account_id, status, started_at, finished_at, changes_until)
     values ('nightly', '1', 'succeeded', now() - interval '25 hours', now() - interval '24 hours', now() - interval '24 hours'),
            ('nightly', '1', 'succeeded', now() - interval '1 hour', now(), now()),
            ('nightly', '2', 'succeeded', now() - interval '1 hour', now(), now())`,
  );
  await ledger.query(
    `insert into telephone_numbers (account_id, telephone_number, status, first_seen_at)
     values ('1', '9195550001', 'Inservice', now() - interval '30 hours'), ('1', '9195550002', 'Inservice', now()), ('2', '9195550003', 'Inservice', now())`,
  );
  const { html } = await makeReport(ledger.database, {});
  t.is(figureOf(html, 'Numbers held').note, '+1 −0 since the previous nightly run');
  t.deepEqual(
    cellsOf(html, 'changes-new').map(([number]) => number),
    ['9195550002'],
  );
  t.regex(textOf(html), /Without an earlier successful run to compare with: account 2\./);
  t.is(
    figureOf((await makeReport(ledger.database, { account: '2' })).html, 'Numbers held').note,
    'no earlier nightly run to compare with',
  );
});

test('the map has a tile for every state and territory that NRUF counts', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1 } });
  const states = await ledger.query<{ state: string }>(
    `select chr(a) || chr(b) as state from generate_series(65, 90) as a, generate_series(65, 90) as b
      where nruf_in_united_states(chr(a) || chr(b))`,
  );
  t.is(states.length, 56);
  for (const { state } of states) t.true(isOnMap(state), state);
  const map = String(
    await tileMap(
      new Map([
        ['NC', 74.996],
        ['PR', 75],
      ]),
      { caption: 'Utilization', alternative: 'A map' },
    ),
  );
  // Rounded down: it is below the threshold.
  t.regex(map, /shade-3"[^>]*><strong>NC<\/strong>74%/);
  t.regex(map, /shade-4"[^>]*><strong>PR<\/strong>75%/);
  t.regex(map, /class="tile none"[^>]*><strong>DC<\/strong>/);
});
