import anyTest, { type TestFn } from 'ava';
import type { ClientEvent } from '../../src/dashboard/client.js';
import type { BillingJobOptions } from '../../src/run/job.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'fetch-billing-reports';
const now = new Date('2026-10-10T06:00:00Z');
/** A rate that no connection reaches. */
const unreachable = 1e12;

/** Three archives of several chunks each. */
const open = (
  t: Parameters<typeof openLedger>[0],
  server: TestServer,
  onEvent: (event: ClientEvent) => void = () => {},
) =>
  openLedger(t, server, {
    sandbox: { numbers: 10, now, billing: { rowsPerDay: 3000 } },
    client: { retry: { baseMs: 1, tries: 3 }, onEvent },
  });
const billing = (download: BillingJobOptions['download']) => ({ types: ['BDR'], download });
const usual = { bytesPerSecond: 1, extraMs: 600_000 };

test('a connection below the minimum rate is dropped, and the download resumes where it stopped', async (t) => {
  const reasons = new Set<string>();
  const ledger = await open(t, t.context.server, (event) => event.type === 'retry' && reasons.add(event.reason));
  const limits = { ...usual, bytesPerSecond: unreachable, windowMs: 0 };
  const report = await ledger.run(job, { now, billing: billing(limits) });
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(report.counts.rowsWritten, 9000);
  const files = ledger.sandbox.requests.filter(({ path }) => path.endsWith('/file'));
  t.true(files.length > 6, `${files.length} requests for three files`);
  t.regex(
    [...reasons].join('\n'),
    /only [\d,]+ bytes received in \d+ s, less than the minimum of .* \(TN_LEDGER_MIN_DOWNLOAD_RATE\)/,
  );
});

test('a download that is too slow for its size fails by name, and the next run downloads it', async (t) => {
  const ledger = await open(t, t.context.server);
  const late = await ledger.run(job, { now, billing: billing({ bytesPerSecond: unreachable, extraMs: 0 }) });
  t.is(late.result, 'failed');
  t.regex(
    late.error?.message ?? '',
    /^3 of 3 billing reports .*The download of 9900000-BDR-\S+ was stopped after \d+ s and [\d,]+ bytes: the limit is 0 s \(TN_LEDGER_DOWNLOAD_TIMEOUT\) plus one second per 1,000,000,000,000 bytes \(TN_LEDGER_MIN_DOWNLOAD_RATE\)\./,
  );
  const next = await ledger.run(job, { now, billing: billing(usual) });
  t.is(next.result, 'succeeded', next.error?.message);
  t.is(ledger.sandbox.billing.reports.length, 3);
});

test('a download of more bytes than can be loaded is stopped', async (t) => {
  const ledger = await open(t, t.context.server);
  const { result, error } = await ledger.run(job, { now, billing: billing({ ...usual, bytes: 1000 }) });
  t.is(result, 'failed');
  t.regex(error?.message ?? '', /archives larger than 1,000 bytes can't be loaded/);
});
