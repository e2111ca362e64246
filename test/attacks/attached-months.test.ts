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

test('a new month behind a long reader makes no other reader wait for that reader', async (t) => {
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
  // It would wait for the reader above to end, which it does only below.
  t.is((await loader.query('select from tn_ledger.billing_bdr')).length, 15);

  await reader.query('commit');
  reader.release();
  t.is((await loading).rows, 15);
  t.is((await loader.query('select from tn_ledger.billing_bdr')).length, 30);
});
