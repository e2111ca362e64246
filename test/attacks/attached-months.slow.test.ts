import anyTest, { type TestFn } from 'ava';
import { recordsCsv } from '../../src/sandbox/billing/records.js';
import { openLoader } from '../billing/support/load.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { until } from '../sync/support/moments.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

function calls(month: string): { days: { from: string; to: string }; files: { name: string; content: string }[] } {
  const [from, to] = [`${month}-01`, `${month}-03`];
  const time = (day: string) => Date.parse(`${day}T00:00:00Z`);
  const range = { from: time(from), to: time(to), rowsPerDay: 5 };
  const content = Buffer.concat([...recordsCsv({ seed: 5, account: '9900000', type: 'BDR', ...range })]).toString();
  return { days: { from, to }, files: [{ name: 'calls.csv', content }] };
}

test("a new month's table waiting for a long reader does not block other readers", async (t) => {
  const loader = await openLoader(t, t.context.server);
  const october = calls('2026-10');
  await loader.load(october.files, { days: october.days });

  const reader = await loader.database.pool.connect();
  await reader.query('begin; select count(*) from tn_ledger.billing_bdr');
  const november = calls('2026-11');
  const loading = loader.load(november.files, { days: november.days });
  await until(async () => {
    const waiting = `select from pg_stat_activity where datname = current_database() and query like 'alter table%' and wait_event_type = 'Lock'`;
    return (await loader.query(waiting))[0];
  });
  // It would wait for the reader above, which ends only below.
  t.is((await loader.query('select from tn_ledger.billing_bdr')).length, 15);

  await reader.query('commit');
  reader.release();
  t.is((await loading).rows, 15);
  t.is((await loader.query('select from tn_ledger.billing_bdr')).length, 30);
});

test('a call in a month without a table is loaded while others read, and the table is created later', async (t) => {
  const loader = await openLoader(t, t.context.server);
  const october = calls('2026-10');
  await loader.load(october.files, { days: october.days });

  const reader = await loader.database.pool.connect();
  await reader.query('begin; select count(*) from tn_ledger.billing_bdr');
  const head = 'CallStartDateTime,CallID\n';
  const late = [{ name: 'x.csv', content: `${head}2026/09/30 11:59:59 PM,late\n2026/10/04 01:00:00 AM,own\n` }];
  const spec = { days: { from: '2026-10-04', to: '2026-10-04' }, reportId: 'late' };
  const loading = loader.load(late, spec);
  await until(async () => {
    return (await loader.query(`select from billing_reports where report_id = 'late' and state = 'loaded'`))[0];
  });
  t.is((await loader.query('select from tn_ledger.billing_bdr')).length, 17);

  await reader.query('commit');
  reader.release();
  t.deepEqual((await loading).warnings, []);
  t.deepEqual(await loader.query('select call_id from billing_bdr__2026_09'), [{ call_id: 'late' }]);
  await loader.load(late, spec);
  await loader.load(late, { ...spec, reportId: 'newer' });
  t.is((await loader.query('select from tn_ledger.billing_bdr')).length, 17, 'its rows are found where they went');
});
