import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'fetch-billing-reports';
const now = new Date('2026-10-10T06:00:00Z');
const later = new Date('2026-10-10T07:00:00Z');

const open = (t: Parameters<typeof openLedger>[0], server: TestServer, types = ['BDR']) =>
  openLedger(t, server, { sandbox: { numbers: 10, now, billing: { rowsPerDay: 20 } }, billing: { types } });

const requestedDays = (ledger: Ledger) => ledger.sandbox.billing.reports.map(({ from }) => from);
const callsADay = (ledger: Ledger) =>
  ledger.query(
    'select call_start_date_time::date::text as day, count(*)::int as calls from billing_bdr group by 1 order by 1',
  );

test('a day whose rows were deleted is requested again with a warning', async (t) => {
  const ledger = await open(t, t.context.server);
  await ledger.run(job, { now });
  await ledger.query(`delete from billing_bdr where call_start_date_time::date = '2026-10-08'`);
  const report = await ledger.run(job, { now: later });
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(report.warnings, [
    'The BDR rows of 2026-10-08 were loaded and are no longer in the database; these days are requested again.',
  ]);
  t.deepEqual(requestedDays(ledger).slice(3), ['2026-10-08']);
  t.deepEqual(
    await callsADay(ledger),
    ['2026-10-07', '2026-10-08', '2026-10-09'].map((day) => ({ day, calls: 20 })),
  );
  t.deepEqual((await ledger.run(job, { now: later })).warnings, []);
});

test('days with deleted rows that are too old to request are reported with the command', async (t) => {
  const ledger = await open(t, t.context.server);
  await ledger.run(job, { now, since: '2026-09-01' });
  await ledger.query(
    `delete from billing_bdr where call_start_date_time::date in ('2026-09-02', '2026-09-03', '2026-09-05')`,
  );
  for (const at of [later, later]) {
    const report = await ledger.run(job, { now: at });
    t.deepEqual(report.warnings, [
      'The BDR rows of 2026-09-02 to 2026-09-03, 2026-09-05 were loaded and are no longer in the database. Load each range again: tn-ledger billing --type BDR --from 2026-09-02 --to 2026-09-03 --account 9900000',
    ]);
  }
});

test('a dropped month and deliberately deleted days are not requested again', async (t) => {
  const ledger = await open(t, t.context.server);
  await ledger.run(job, { now, since: '2026-09-29' });
  await ledger.query('drop table billing_bdr__2026_09');
  await ledger.query(`delete from billing_bdr where call_start_date_time::date = '2026-10-01'`);
  await ledger.query(`delete from sync_billing_days where day = '2026-10-01'`);
  const report = await ledger.run(job, { now: later });
  t.deepEqual([report.result, report.warnings], ['succeeded', []]);
  t.is(requestedDays(ledger).length, 11);
});

test('missing rows of types without times are detected by the first day of their report', async (t) => {
  const ledger = await open(t, t.context.server, ['DIDSNAP']);
  await ledger.run(job, { now });
  await ledger.query(`delete from billing_didsnap where report_date = '2026-10-09'`);
  const { warnings } = await ledger.run(job, { now: later });
  t.regex(warnings.join(), /^The DIDSNAP rows of 2026-10-09 were loaded/);
  t.deepEqual(requestedDays(ledger).slice(3), ['2026-10-09']);
});

test('a nightly report with fewer rows than before fails, and loads once that is accepted', async (t) => {
  const ledger = await open(t, t.context.server);
  await ledger.run(job, { now });
  const next = new Date('2026-10-11T06:00:00Z');
  ledger.sandbox.billing.files = ({ from, type }) =>
    from === '2026-10-09'
      ? [{ name: `${type}.csv`, content: 'CallStartDateTime,CallID\n' }]
      : [{ name: `${type}.csv`, content: `CallStartDateTime,CallID\n${`${from} 01:00:00Z,x\n`.repeat(21)}` }];
  const refused = await ledger.run(job, { now: next });
  t.is(refused.result, 'failed');
  t.regex(
    refused.error?.message ?? '',
    /^Report \S+ \(BDR 2026-10-09 to 2026-10-09\) of account 9900000 would leave 20 fewer rows \(2026-10-09: 20 before, 0 after\)\. Nothing was changed\.$/,
  );
  t.is(
    (refused.error as { hint?: string }).hint,
    'If the smaller count is correct: tn-ledger billing --type BDR --from 2026-10-09 --to 2026-10-09 --account 9900000 --accept-shrink',
  );
  const rest = [
    { day: '2026-10-07', calls: 20 },
    { day: '2026-10-08', calls: 21 },
    { day: '2026-10-10', calls: 21 },
  ];
  t.deepEqual(await callsADay(ledger), rest.toSpliced(2, 0, { day: '2026-10-09', calls: 20 }));
  const accepted = await ledger.run(job, { now: next, acceptShrink: true });
  t.is(accepted.result, 'succeeded', accepted.error?.message);
  t.deepEqual(await callsADay(ledger), rest);
  t.deepEqual((await ledger.run(job, { now: next })).warnings, []);
});

test('a report without rows for a day whose rows were deleted fails', async (t) => {
  const ledger = await open(t, t.context.server);
  await ledger.run(job, { now });
  await ledger.query(`delete from billing_bdr where call_start_date_time::date = '2026-10-08'`);
  ledger.sandbox.billing.files = () => [{ name: 'x.csv', content: 'CallStartDateTime,CallID\n' }];
  const { result, error } = await ledger.run(job, { now: later });
  t.is(result, 'failed');
  t.regex(error?.message ?? '', /2026-10-08: 20 before, 0 after/);
});
