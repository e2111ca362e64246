import anyTest, { type TestFn } from 'ava';
import { daysWithoutRows } from '../../src/billing/missing-days.js';
import { daysToRequest } from '../../src/billing/nightly-days.js';
import { pruneMonths } from '../../src/billing/prune-months.js';
import { lockRecords } from '../../src/billing/records-table.js';
import { rollUpLoaded } from '../../src/billing/roll-up-loaded.js';
import { openDatabase } from '../../src/database/connect.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { callsCsv } from './support/calls.js';
import { type Loader, openLoader } from './support/load.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const account = '9900000';
const { signal } = new AbortController();
const days = { from: '2026-08-31', to: '2026-09-01' };
const csv = callsCsv(
  { at: '2026/08/31 12:00:00 PM', from: '9195550001' },
  { at: '2026/09/01 12:00:00 PM', from: '9195550001' },
  { at: '', from: '9195550001' },
);
const load = (loader: Loader, reportId: string, again = true) =>
  loader.load([{ name: 'calls.csv', content: csv }], { days, reportId, again });
const prune = ({ database }: Loader, now: string, dryRun = false) =>
  pruneMonths(database, 62, { now: new Date(now), dryRun, signal });
const daily = (loader: Loader) =>
  loader.query('select day::text, records::int, calls::int, amount from billing_daily order by day');

test('months older than the setting are dropped, and billing_daily keeps their sums', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await load(loader, 'one');
  const before = await daily(loader);
  t.is(before.length, 3);
  t.deepEqual(await prune(loader, '2026-11-01T00:00:00Z'), { dropped: [], kept: [] });
  t.deepEqual(await prune(loader, '2026-11-02T00:00:00Z', true), {
    dropped: ['tn_ledger.billing_bdr__2026_08'],
    kept: [],
  });
  t.deepEqual(await prune(loader, '2026-11-02T00:00:00Z'), { dropped: ['tn_ledger.billing_bdr__2026_08'], kept: [] });
  t.deepEqual(await daily(loader), before);
  t.deepEqual(await loader.query('select count(*)::int as rows from billing_bdr'), [{ rows: 2 }]);
  t.deepEqual(await loader.query('select pruned_count::int as pruned from billing_reports'), [{ pruned: 1 }]);
  await rollUpLoaded(loader.database, { account, full: true, signal });
  t.deepEqual(await daily(loader), before);
});

test('a month that others use stays, with the reason, and does not fail what else is pruned', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await load(loader, 'one');
  const impatient = await openDatabase({
    ...{ databaseUrl: loader.database.url, dataDir: loader.folder, applicationName: 'test', log: () => undefined },
    lockTimeoutMs: 100,
  });
  t.teardown(() => impatient.close());
  const other = await loader.database.pool.connect();
  await other.query('begin');
  await lockRecords(other, 'BDR');
  try {
    const { dropped, kept } = await pruneMonths(impatient, 62, {
      now: new Date('2026-11-02T00:00:00Z'),
      ...{ dryRun: false, signal },
    });
    t.deepEqual(dropped, []);
    t.deepEqual(
      kept.map(({ partition }) => partition),
      ['tn_ledger.billing_bdr__2026_08'],
    );
  } finally {
    await other.query('rollback');
    other.release();
  }
  t.deepEqual((await prune(loader, '2026-11-02T00:00:00Z')).dropped, ['tn_ledger.billing_bdr__2026_08']);
});

test('a month whose records billing_daily lacks stays, with the reason', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await load(loader, 'one');
  await loader.query(`update billing_daily set amount = amount + 0.000001 where day = '2026-08-31'`);
  await loader.query(`delete from billing_daily where day = '2026-09-01'`);
  const { dropped, kept } = await prune(loader, '2027-01-01T00:00:00Z');
  t.deepEqual(dropped, []);
  t.deepEqual(
    kept.map(({ partition }) => partition),
    ['tn_ledger.billing_bdr__2026_08', 'tn_ledger.billing_bdr__2026_09'],
  );
  t.regex(kept[0]?.reason ?? '', /doesn't have what the records of 2026-08-31 add up to.* tn-ledger rollup --full$/);
  await rollUpLoaded(loader.database, { account, full: true, signal });
  t.is((await prune(loader, '2027-01-01T00:00:00Z')).dropped.length, 2);
});

test('pruned days are neither missed nor requested again, even if all days are requested', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await load(loader, 'one');
  await prune(loader, '2026-11-02T00:00:00Z');
  const without = await daysWithoutRows(loader.database, account, 'BDR');
  t.deepEqual(without, { gone: [], dropped: ['2026-08-31'] });
  const now = new Date('2026-09-03T06:00:00Z');
  const requested = await daysToRequest(loader.database.pool, {
    ...{ account, type: 'BDR', now, since: '2026-08-30', full: true },
    ...without,
  });
  t.deepEqual(requested, ['2026-08-30', '2026-09-01', '2026-09-02']);
});

test('a report with the content of a pruned one is not loaded again', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await load(loader, 'one');
  await prune(loader, '2026-11-02T00:00:00Z');
  const before = await daily(loader);
  t.is((await load(loader, 'two', false)).sameAs, 'one');
  t.deepEqual(await daily(loader), before);
});

test('a pruned report that is loaded again on purpose is counted once', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await load(loader, 'one');
  const before = await daily(loader);
  await prune(loader, '2027-01-01T00:00:00Z');
  await load(loader, 'one');
  t.deepEqual(await daily(loader), before);
  t.deepEqual(await loader.query('select pruned_count from billing_reports'), [{ pruned_count: null }]);
  await prune(loader, '2027-01-01T00:00:00Z');
  await load(loader, 'two');
  t.deepEqual(await daily(loader), before);
});

test('types that are not rolled up stay', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await loader.load([{ name: 'calls.csv', content: csv }], { days, type: 'STMTBDR' });
  t.deepEqual(await prune(loader, '2027-01-01T00:00:00Z'), { dropped: [], kept: [] });
});

test('a report that would leave fewer records than a pruned one had is refused', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await load(loader, 'one');
  await prune(loader, '2026-11-02T00:00:00Z');
  const before = await daily(loader);
  const empty = callsCsv({ at: '2026/09/01 12:00:00 PM', from: '9195550001' }, { at: '', from: '9195550001' });
  await t.throwsAsync(loader.load([{ name: 'calls.csv', content: empty }], { days }), {
    name: 'FewerRowsError',
    message: /2026-08-31: 1 before, 0 after/,
  });
  t.deepEqual(await daily(loader), before);
});
