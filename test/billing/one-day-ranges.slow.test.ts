import anyTest, { type TestFn } from 'ava';
import { cli } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'fetch-billing-reports';
// The last of the three days is the last of its month.
const now = new Date('2026-10-01T06:00:00Z');
const lastThree = ['2026-09-28', '2026-09-29', '2026-09-30'];
const pairs = lastThree.map((day, index) => [day, [...lastThree.slice(1), '2026-10-01'][index]]);

const open = (t: Parameters<typeof openLedger>[0], server: TestServer, types = ['BDR']) =>
  openLedger(t, server, {
    sandbox: { numbers: 10, now, billing: { rowsPerDay: 20 }, oddities: { 'one-day-range-refused': 1 } },
    billing: { types },
  });

const callsADay = (ledger: Ledger) =>
  ledger.query(
    `select call_start_date_time::date::text as day, count(*)::int as calls, count(distinct report_id)::int as reports
       from billing_bdr group by 1 order by 1`,
  );

const twentyADay = lastThree.map((day) => ({ day, calls: 20, reports: 1 }));

/** Returns the ranges that the API accepted and the number of refused requests. */
function requested({ sandbox }: Ledger): { accepted: string[][]; refused: number } {
  const posts = sandbox.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/billingreports'));
  return {
    accepted: sandbox.billing.reports.map(({ from, to }) => [from, to]),
    refused: posts.filter(({ status }) => status === 404).length,
  };
}

test('if one-day ranges are refused, a day is requested with the next, and only its rows load', async (t) => {
  const ledger = await open(t, t.context.server);
  const report = await ledger.run(job, { now });
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual([report.counts, report.rejected, report.warnings], [{ pages: 3, rowsRead: 120, rowsWritten: 60 }, 0, []]);
  t.deepEqual(requested(ledger), { accepted: pairs, refused: 1 });
  t.deepEqual(await callsADay(ledger), twentyADay);
  t.deepEqual(
    await ledger.query(
      `select start_date::text as day, end_date::text as last, row_count::int as rows, rejected_count::int as rejected,
              (files->0->>'rows')::int as file_rows
         from billing_reports order by 1`,
    ),
    lastThree.map((day) => ({ day, last: day, rows: 20, rejected: 0, file_rows: 20 })),
  );
  t.is(ledger.log.filter((line) => /20 rows of days other than 2026-09-\d\d were left out/.test(line)).length, 3);
  const october = await ledger.query(`select to_regclass('tn_ledger.billing_bdr__2026_10') as made`);
  t.deepEqual(october, [{ made: null }], 'no month is made for the rows that were left out');
});

test('later runs request two days at once, and the newer report replaces the older', async (t) => {
  const ledger = await open(t, t.context.server);
  await ledger.run(job, { now });
  ledger.sandbox.clearRequests();
  ledger.sandbox.billing.rowsPerDay = 30;
  const next = await ledger.run(job, { now: new Date('2026-10-02T06:00:00Z') });
  t.is(next.result, 'succeeded', next.error?.message);
  t.is(requested(ledger).refused, 0);
  t.deepEqual(await callsADay(ledger), [
    { day: '2026-09-28', calls: 20, reports: 1 },
    ...['2026-09-29', '2026-09-30', '2026-10-01'].map((day) => ({ day, calls: 30, reports: 1 })),
  ]);
});

test('a report requested by an earlier run with the next day is loaded without that day', async (t) => {
  const ledger = await open(t, t.context.server);
  ledger.sandbox.billing.pace = { ms: 3_600_000 };
  await ledger.run(job, { now, billing: { types: ['BDR'], timeoutMs: 0 } });
  t.deepEqual(await ledger.query('select distinct state from billing_reports'), [{ state: 'waiting' }]);
  ledger.sandbox.billing.pace = { reads: 1 };
  const report = await ledger.run(job, { now });
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(await callsADay(ledger), twentyADay);
});

test('a 400 is treated like a 404 refusal', async (t) => {
  const ledger = await open(t, t.context.server);
  ledger.sandbox.oddities = {};
  ledger.sandbox.billing.refuse.request = [{ status: 400, code: '15501', description: 'Invalid date range' }];
  const report = await ledger.run(job, { now });
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(requested(ledger).accepted, pairs);
  t.deepEqual(await callsADay(ledger), twentyADay);
});

test('types without row times are not requested with the next day and fail by name', async (t) => {
  const ledger = await open(t, t.context.server, ['DIDSNAP']);
  const { result, error } = await ledger.run(job, { now });
  t.is(result, 'failed');
  t.regex(
    error?.message ?? '',
    /^3 of 3 billing reports of account 9900000 failed: Bandwidth refuses the days 2026-09-28 to 2026-09-28 for a report of type DIDSNAP .*15501.* the rows of type DIDSNAP don't show their day\./,
  );
  t.deepEqual(ledger.sandbox.billing.reports, []);
});

test('a failed run mentions loaded reports only if there are any', async (t) => {
  const ledger = await open(t, t.context.server);
  ledger.sandbox.billing.outcome = 'FAILED';
  const none = await ledger.run(job, { now });
  t.regex(none.error?.message ?? '', /^3 of 3 billing reports of account 9900000 failed: /);
  t.is((none.error as { hint?: string }).hint, 'The next nightly run requests the failed ones again.');
  ledger.sandbox.billing.outcome = 'COMPLETED';
  const some = await openLedger(t, t.context.server, {
    sandbox: { numbers: 10, now, oddities: { 'one-day-range-refused': 1 } },
    billing: { types: ['BDR', 'DIDSNAP'] },
  });
  const { error } = await some.run(job, { now });
  t.regex(error?.message ?? '', /^3 of 6 billing reports of account 9900000 failed \(3 loaded\): /);
  t.is(
    (error as { hint?: string }).hint,
    'The others were loaded. The next nightly run requests the failed ones again.',
  );
});

test('on the command line, one day is loaded alone, and the omitted rows are counted', async (t) => {
  const ledger = await open(t, t.context.server);
  for (const [via, rowsPerDay] of [
    ['billingreports', 20],
    ['bdrs', 21],
  ] as const) {
    ledger.sandbox.billing.rowsPerDay = rowsPerDay;
    const args = ['billing', '--type', 'BDR', '--from', '2026-09-30', '--to', '2026-09-30', '--via', via];
    const { status, output } = await cli(t, args, { env: ledger.env });
    t.is(status, 0, output);
    t.regex(
      output,
      new RegExp(
        `^BDR 2026-09-30 to 2026-09-30, report \\S+: ${rowsPerDay} rows loaded, 0 rejected, \\d+ rows of older reports replaced\\. ${rowsPerDay} rows of other days were skipped\\.$`,
        'm',
      ),
    );
    t.deepEqual(await callsADay(ledger), [{ day: '2026-09-30', calls: rowsPerDay, reports: 1 }]);
  }
  t.deepEqual(
    ledger.sandbox.billing.reports.map(({ account: of, from, to }) => [of, from, to]),
    [1, 2].map(() => [account, '2026-09-30', '2026-10-01']),
  );
});

test('if today is refused alone and with tomorrow, the error says to retry tomorrow', async (t) => {
  const ledger = await open(t, t.context.server);
  ledger.sandbox.billing.refuse.request = [1, 2].map(() => ({
    status: 404,
    code: '15501',
    description: 'Invalid date range',
  }));
  const today = new Date().toISOString().slice(0, 10);
  const { status, output } = await cli(t, ['billing', '--type', 'BDR', '--from', today, '--to', today], {
    env: ledger.env,
  });
  t.is(status, 2, output);
  t.regex(output, /Bandwidth refuses the days \S+ to \S+ for .+; and \S+ to \S+ for /);
  t.regex(output, /Today isn't over yet\. Request it again tomorrow\./);
});
