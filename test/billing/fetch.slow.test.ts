import { createHash } from 'node:crypto';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { zipWhole } from '../../src/sandbox/billing/zip.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';
import { archiveWith } from './support/malformed-zip.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'fetch-billing-reports';
const now = new Date('2026-10-10T06:00:00Z');
const lastThree = ['2026-10-07', '2026-10-08', '2026-10-09'];

const open = (t: Parameters<typeof openLedger>[0], server: TestServer, types = ['BDR']) =>
  openLedger(t, server, { sandbox: { numbers: 10, now, billing: { rowsPerDay: 20 } }, billing: { types } });

const callsADay = (ledger: Ledger) =>
  ledger.query(
    `select call_start_date_time::date::text as day, count(*)::int as calls, count(distinct report_id)::int as reports
       from billing_bdr group by 1 order by 1`,
  );

const reports = (ledger: Ledger) =>
  ledger.query<Record<string, unknown>>(
    `select start_date::text as day, state, status, row_count::int as rows, error from billing_reports order by requested_at, 1`,
  );

const posts = (ledger: Ledger) =>
  ledger.sandbox.requests.filter(({ method, path }) => method === 'POST' && /billingreports|bdrs/.test(path));

test('a nightly run loads one report for each of the last three days; a rerun requests nothing', async (t) => {
  const ledger = await open(t, t.context.server);
  const report = await ledger.run(job, { now });
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(report.counts, { pages: 3, rowsRead: 60, rowsWritten: 60 });
  t.deepEqual(report.warnings, []);
  t.deepEqual(
    ledger.sandbox.billing.reports.map(({ type, from, to }) => [type, from, to]),
    lastThree.map((day) => ['BDR', day, day]),
  );
  t.deepEqual(
    await callsADay(ledger),
    lastThree.map((day) => ({ day, calls: 20, reports: 1 })),
  );
  t.deepEqual(
    await reports(ledger),
    lastThree.map((day) => ({ day, state: 'loaded', status: 'COMPLETED', rows: 20, error: null })),
  );
  const again = await ledger.run(job, { now: new Date(now.getTime() + 3_600_000) });
  t.is(again.result, 'succeeded');
  t.is(again.counts.rowsWritten, 0);
  t.is(ledger.sandbox.billing.reports.length, 3);
});

test('the next run requests three days and replaces older calls; a day three days old is final', async (t) => {
  const ledger = await open(t, t.context.server);
  await ledger.run(job, { now });
  ledger.sandbox.billing.rowsPerDay = 30;
  const next = await ledger.run(job, { now: new Date('2026-10-11T06:00:00Z') });
  t.is(next.result, 'succeeded', next.error?.message);
  t.deepEqual(
    ledger.sandbox.billing.reports.slice(3).map(({ from }) => from),
    ['2026-10-08', '2026-10-09', '2026-10-10'],
  );
  t.deepEqual(await callsADay(ledger), [
    { day: '2026-10-07', calls: 20, reports: 1 },
    { day: '2026-10-08', calls: 30, reports: 1 },
    { day: '2026-10-09', calls: 30, reports: 1 },
    { day: '2026-10-10', calls: 30, reports: 1 },
  ]);
  // Runs were missed: the days in between are requested, except those that are final.
  await ledger.run(job, { now: new Date('2026-10-18T06:00:00Z') });
  t.deepEqual(
    ledger.sandbox.billing.reports.slice(6).map(({ from }) => from),
    [
      '2026-10-09',
      '2026-10-10',
      '2026-10-11',
      '2026-10-12',
      '2026-10-13',
      '2026-10-14',
      '2026-10-15',
      '2026-10-16',
      '2026-10-17',
    ],
  );
});

test('reports with the content of those before are not loaded again, unless rows are missing', async (t) => {
  const ledger = await open(t, t.context.server);
  await ledger.run(job, { now });
  const before = await ledger.query('select report_id from billing_reports order by start_date');
  await ledger.query(
    `delete from billing_bdr where report_id = $1 and call_id = (select min(call_id) from billing_bdr where report_id = $1)`,
    [before[1]?.report_id],
  );
  const next = await ledger.run(job, { now: new Date('2026-10-11T06:00:00Z') });
  t.is(next.result, 'succeeded', next.error?.message);
  // The day with the missing row and the new one.
  t.deepEqual(next.counts, { pages: 3, rowsRead: 40, rowsWritten: 40 });
  t.deepEqual(
    await callsADay(ledger),
    [...lastThree, '2026-10-10'].map((day) => ({ day, calls: 20, reports: 1 })),
  );
  t.deepEqual(
    await ledger.query(
      `select start_date::text as day, state, same_as, row_count::int as rows from billing_reports
        where report_id <> all ($1) order by start_date`,
      [before.map(({ report_id }) => report_id)],
    ),
    [
      { day: '2026-10-08', state: 'loaded', same_as: null, rows: 20 },
      { day: '2026-10-09', state: 'kept', same_as: before[2]?.report_id, rows: 0 },
      { day: '2026-10-10', state: 'loaded', same_as: null, rows: 20 },
    ],
  );
  // 8 October is final: a report that was kept makes a day final, too.
  await ledger.run(job, { now: new Date('2026-10-12T19:00:00Z') });
  t.deepEqual(
    ledger.sandbox.billing.reports.slice(6).map(({ from }) => from),
    ['2026-10-09', '2026-10-10', '2026-10-11'],
  );
});

test('the first run starts at --since', async (t) => {
  const ledger = await open(t, t.context.server);
  const report = await ledger.run(job, { now, since: '2026-09-28' });
  t.is(report.result, 'succeeded', report.error?.message);
  t.is((await callsADay(ledger)).length, 12);
  t.deepEqual(
    await ledger.query(
      `select relname from pg_class where relname like 'billing_bdr%' and relkind in ('r', 'p') order by 1`,
    ),
    ['billing_bdr', 'billing_bdr__2026_09', 'billing_bdr__2026_10', 'billing_bdr__other'].map((relname) => ({
      relname,
    })),
  );
});

test("reports requested by a clock five days ahead are requested again and aren't final", async (t) => {
  const ledger = await open(t, t.context.server);
  await ledger.run(job, { now });
  await ledger.query(
    `update billing_reports set requested_at = requested_at + interval '5 days', completed_at = requested_at`,
  );
  await ledger.run(job, { now: new Date('2026-10-11T06:00:00Z') });
  t.deepEqual(
    ledger.sandbox.billing.reports.slice(3).map(({ from }) => from),
    ['2026-10-08', '2026-10-09', '2026-10-10'],
  );
});

test('archives are kept under unique names with size and SHA-256 until they are old', async (t) => {
  const ledger = await open(t, t.context.server);
  await ledger.run(job, { now });
  const folder = join(ledger.dataDir, 'downloads');
  const rows = await ledger.query<{ archive_file: string; archive_bytes: string; archive_sha256: string }>(
    'select archive_file, archive_bytes, archive_sha256 from billing_reports order by start_date',
  );
  t.deepEqual((await readdir(folder)).sort(), rows.map(({ archive_file }) => archive_file).sort());
  for (const { archive_file, archive_bytes, archive_sha256 } of rows) {
    t.regex(archive_file, /^9900000-BDR-2026-10-0\d-2026-10-0\d-[0-9a-f-]{36}\.zip$/);
    const content = await readFile(join(folder, archive_file));
    t.is(content.length, Number(archive_bytes));
    t.is(createHash('sha256').update(content).digest('hex'), archive_sha256);
  }
  await writeFile(join(folder, 'notes.txt'), 'not ours');
  const kept = await readdir(folder);
  for (const { archive_file } of rows) await utimes(join(folder, archive_file), 0, 0);
  await ledger.run(job, { now: new Date(Date.now() + 500 * 86_400_000), billing: { types: [] } });
  t.deepEqual(await readdir(folder), kept, 'by the database they are of today');
  await ledger.query(`update billing_reports set completed_at = completed_at - interval '500 days'`);
  await ledger.run(job, { billing: { types: [] } });
  t.deepEqual(await readdir(folder), ['notes.txt']);
  t.deepEqual(await ledger.query('select 1 from billing_reports where archive_file is not null'), []);
});

test('a slow report is polled repeatedly and requested once', async (t) => {
  const ledger = await open(t, t.context.server);
  Object.assign(ledger.sandbox.billing, { pace: { reads: 5 }, location: 'relative' });
  const report = await ledger.run(job, { now });
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(posts(ledger).length, 3);
  t.is((await callsADay(ledger)).length, 3);
});

test("a report that isn't ready in time is awaited by the next run without a new request", async (t) => {
  const ledger = await open(t, t.context.server);
  Object.assign(ledger.sandbox.billing, { pace: { ms: 3_600_000 }, location: 'foreign' });
  await ledger.run(job, { now, billing: { types: ['BDR'], timeoutMs: 0 } });
  const late = await ledger.run(job, { now, billing: { types: ['BDR'], timeoutMs: 0 } });
  t.is(late.result, 'succeeded', late.error?.message);
  t.is(late.warnings.length, 3);
  t.regex(
    late.warnings[0] ?? '',
    /BDR 2026-10-07 was not ready in time \(PROCESSING\)\. The next run waits for it again/,
  );
  t.deepEqual(new Set((await reports(ledger)).map(({ state }) => state)), new Set(['waiting']));
  ledger.sandbox.clock.advance(3_600_000);
  const report = await ledger.run(job, { now });
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(posts(ledger).length, 3);
  t.deepEqual(
    await callsADay(ledger),
    lastThree.map((day) => ({ day, calls: 20, reports: 1 })),
  );
});

test('responses that mean "not yet" are retried: 204, 15606 and 15602', async (t) => {
  const ledger = await open(t, t.context.server);
  ledger.sandbox.billing.refuse = {
    request: [{ status: 204 }, { status: 404, code: '15606', description: 'Try again later' }],
    read: [{ status: 404, code: '15602' }, { status: 204 }, { status: 400, code: '15606' }],
    file: [{ status: 200, code: '15602' }, { status: 204 }, { status: 404, code: '15602' }],
  };
  const report = await ledger.run(job, { now });
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(ledger.sandbox.billing.reports.length, 3);
  t.deepEqual(
    await callsADay(ledger),
    lastThree.map((day) => ({ day, calls: 20, reports: 1 })),
  );
});

for (const [outcome, what] of [
  ['FAILED', /No data could be read \(status FAILED\)/],
  ['described as failed', /The requested report archive is failed \(status COMPLETE\)/],
] as const) {
  test(`a report that ends as ${outcome} fails with its text and is requested again by the next run`, async (t) => {
    const ledger = await open(t, t.context.server);
    ledger.sandbox.billing.outcome = outcome;
    const report = await ledger.run(job, { now });
    t.is(report.result, 'failed');
    t.regex(report.error?.message ?? '', /3 of 3 billing reports of account 9900000 failed/);
    t.regex(report.error?.message ?? '', what);
    t.deepEqual(new Set((await reports(ledger)).map(({ state }) => state)), new Set(['failed']));
    ledger.sandbox.billing.outcome = 'COMPLETED';
    const next = await ledger.run(job, { now: new Date('2026-10-11T06:00:00Z') });
    t.is(next.result, 'succeeded', next.error?.message);
    t.is((await callsADay(ledger)).length, 4);
  });
}

test('a report that Bandwidth lost is requested again once in the same run', async (t) => {
  const ledger = await open(t, t.context.server);
  ledger.sandbox.billing.refuse.read = [
    { status: 404, code: '15603', description: 'The requested report was not found.' },
  ];
  const report = await ledger.run(job, { now });
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(posts(ledger).length, 4);
  t.is((await callsADay(ledger)).length, 3);
  const [lost] = (await reports(ledger)).filter(({ state }) => state === 'failed');
  t.regex(String(lost?.error), /abandoned: Bandwidth can't find it \(15603 The requested report was not found\.\)/);
});

test('an undocumented status is recorded and reported; a report is abandoned after two days', async (t) => {
  const ledger = await open(t, t.context.server);
  Object.assign(ledger.sandbox.billing, { outcome: 'PONDERING', pendingStatus: 'MUSING' });
  await ledger.run(job, { now, billing: { types: ['BDR'], timeoutMs: 0 } });
  const late = await ledger.run(job, { now, billing: { types: ['BDR'], timeoutMs: 0 } });
  t.is(late.result, 'succeeded', late.error?.message);
  t.regex(late.warnings.join(' '), /has the status "PONDERING", which Bandwidth doesn't document/);
  t.is((await reports(ledger))[0]?.status, 'PONDERING');
  ledger.sandbox.billing.outcome = 'COMPLETED';
  for (const report of [...ledger.sandbox.billing.reports])
    report.from < '2026-10-08' && ledger.sandbox.billing.forget(report.id);
  ledger.sandbox.billing.pace = { reads: 100 };
  const older = await ledger.run(job, {
    now: new Date('2026-10-12T07:00:00Z'),
    billing: { types: ['BDR'], timeoutMs: 0 },
  });
  t.is(older.result, 'succeeded', older.error?.message);
  const failed = (await reports(ledger)).filter(({ state }) => state === 'failed');
  t.is(failed.length, 3);
  t.regex(failed.map(({ error }) => error).join(' '), /was not ready 49 hours after it was requested/);
});

test('an undocumented type is requested with a warning; a refused range fails alone', async (t) => {
  const ledger = await open(t, t.context.server, ['NOVELTY', 'BDR']);
  ledger.sandbox.billing.refuse.request = [{ status: 400, code: '15501', description: 'Invalid date range' }];
  const report = await ledger.run(job, { now });
  t.is(report.result, 'failed');
  t.regex(report.warnings.join(' '), /NOVELTY isn't a report type that Bandwidth documents/);
  t.regex(report.error?.message ?? '', /refuses the days 2026-10-07 to 2026-10-07 for a report of type NOVELTY.*15501/);
  t.is((await callsADay(ledger)).length, 3);
  const [row] = await ledger.query(
    'select count(*)::int as rows, min(report_date)::text as first from billing_novelty',
  );
  t.deepEqual(row, { rows: 40, first: '2026-10-08' });
});

test("a broken download resumes without repeating bytes, or restarts if the API can't resume", async (t) => {
  const ledger = await open(t, t.context.server);
  const { billing } = ledger.sandbox;
  billing.rowsPerDay = 200;
  billing.breakAfter = [1000, 1500, 2000];
  t.is((await ledger.run(job, { now })).result, 'succeeded');
  const files = () =>
    ledger.sandbox.requests
      .filter(({ path, status }) => path.endsWith('/file') && status !== undefined)
      .map(({ status }) => status);
  t.deepEqual(files(), [206, 200, 200]);
  for (const [settings, expected] of [
    [{ ranges: false }, [200]],
    [{ sendsLength: false }, [200]],
  ] as const) {
    ledger.sandbox.clearRequests();
    Object.assign(billing, { ranges: true, sendsLength: true, ...settings, breakAfter: [1000, 1500] });
    const report = await ledger.run(job, { now: new Date(now.getTime() + 86_400_000), billing: { types: ['BDR'] } });
    t.is(report.result, 'succeeded', report.error?.message);
    t.deepEqual([...new Set(files())], expected);
    await ledger.query(`delete from billing_reports where start_date >= '2026-10-08'`);
    await ledger.query(`delete from billing_bdr where call_start_date_time >= '2026-10-08'`);
  }
  t.deepEqual(await callsADay(ledger), [{ day: '2026-10-07', calls: 200, reports: 1 }]);
});

test('the archive may have an XML Content-Type', async (t) => {
  const ledger = await open(t, t.context.server);
  ledger.sandbox.billing.contentType = 'application/xml';
  t.is((await ledger.run(job, { now })).result, 'succeeded');
  t.is((await callsADay(ledger)).length, 3);
});

test('connection and API faults of every kind result in the same calls', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 10, now, billing: { rowsPerDay: 50, pace: { reads: 2 } } },
    billing: { types: ['BDR', 'MDR'] },
    client: { timeouts: { firstByteMs: 1000, betweenBytesMs: 200 }, retry: { baseMs: 1, tries: 12 } },
  });
  ledger.sandbox.faults = { '500': 0.15, reset: 0.15, stall: 0.05, truncate: 0.15, html: 0.1, 'lost-answer': 0.2 };
  const report = await ledger.run(job, { now });
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(
    await callsADay(ledger),
    lastThree.map((day) => ({ day, calls: 50, reports: 1 })),
  );
  t.deepEqual(await ledger.query('select count(*)::int as count from billing_mdr'), [{ count: 150 }]);
  t.true(ledger.sandbox.requests.some(({ fault }) => fault !== undefined));
});

test('bad archives fail with a reason, are kept, load nothing and are requested again', async (t) => {
  const ledger = await open(t, t.context.server);
  ledger.sandbox.billing.archive = archiveWith('wrong-crc');
  const report = await ledger.run(job, { now });
  t.is(report.result, 'failed');
  t.regex(report.error?.message ?? '', /is damaged: the checksum \(CRC\) of "BDR-2026-10-07-2026-10-07\.csv" is wrong/);
  t.deepEqual(await ledger.query(`select to_regclass('tn_ledger.billing_bdr') as made`), [{ made: null }]);
  t.is((await readdir(join(ledger.dataDir, 'downloads'))).length, 3);
  ledger.sandbox.billing.archive = zipWhole;
  const next = await ledger.run(job, { now: new Date(now.getTime() + 3_600_000) });
  t.is(next.result, 'succeeded', next.error?.message);
  t.is((await callsADay(ledger)).length, 3);
});

test('invoices are kept and listed but not loaded', async (t) => {
  const ledger = await open(t, t.context.server, ['INVOICE']);
  ledger.sandbox.billing.invoice = 'document';
  const report = await ledger.run(job, { now });
  t.is(report.result, 'succeeded', report.error?.message);
  const rows = await ledger.query(`select state, files from billing_reports order by start_date limit 1`);
  const name = 'INVOICE-2026-10-07-2026-10-07.pdf';
  t.like(rows[0], { state: 'kept', files: [{ name, rows: null }] });
  t.is((await readdir(join(ledger.dataDir, 'downloads'))).length, 3);
  t.is((await ledger.run(job, { now })).counts.pages, 0);
});

test('accounts are kept apart', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: {
      accounts: [
        { id: account, numbers: 1 },
        { id: '9900001', numbers: 1 },
      ],
      now,
      billing: { rowsPerDay: 10 },
    },
    billing: { types: ['BDR'] },
  });
  await ledger.run(job, { now });
  await ledger.run(job, { now, account: '9900001' });
  await ledger.run(job, { now: new Date('2026-10-11T06:00:00Z') });
  t.deepEqual(await ledger.query('select account_id, count(*)::int as calls from billing_bdr group by 1 order by 1'), [
    { account_id: account, calls: 40 },
    { account_id: '9900001', calls: 30 },
  ]);
});
