import test from 'ava';
import { refreshStatistics } from '../../src/database/statistics.js';
import { inTransaction } from '../../src/database/transaction.js';
import { reconcileNumbers } from '../../src/sync/history/reconcile.js';
import { explainSettings, type Plan, readPlan, scansOf } from '../database/support/plans.js';
import { type CountingLedger, openCountingLedger } from '../nruf/support/ledger.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres({ settings: { ...explainSettings, autovacuum: false } });
});
test.after.always(() => server.stop());

const addAccount = (ledger: CountingLedger, account: string, numbers: number) =>
  ledger.query(
    `insert into telephone_numbers (account_id, telephone_number, status, assignment_status)
     select $1, (3035550000 + i)::text, 'Inservice', 'ASSIGNED' from generate_series(1, $2::int) i`,
    [account, numbers],
  );

test('an account that the statistics lack is not read once per number', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await addAccount(ledger, 'known', 5000);
  await ledger.query('analyze');
  await addAccount(ledger, 'new', 5000);
  const plans: Plan[] = [];
  await inTransaction(ledger.database, {}, async (client) => {
    client.on('notice', (notice) => plans.push(...readPlan(notice)));
    const text = 'select telephone_number from telephone_numbers where account_id = $1 order by 1 limit 100';
    t.is(await reconcileNumbers(client, 'new', { text, values: ['new'] }), 200, 'a status and a mark of each');
    client.removeAllListeners('notice');
  });
  const read = plans
    .flatMap((plan) => scansOf(plan).map(({ table, rows }) => ({ table, rows, sql: plan.sql })))
    .filter(({ table, rows }) => table === 'telephone_numbers' && rows > 10_000);
  t.true(plans.length > 4);
  t.deepEqual(read, []);
});

test('statistics of a table are refreshed after many changes, and not after few', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const analyzed = async () => {
    await ledger.query('select pg_stat_force_next_flush()');
    await refreshStatistics(ledger.database);
    const [table] = await ledger.query<{ rows: number }>(
      `select greatest(reltuples, 0)::int as rows from pg_class where oid = 'telephone_numbers'::regclass`,
    );
    return table?.rows;
  };
  await addAccount(ledger, 'small', 9000);
  t.is(await analyzed(), 0);
  await addAccount(ledger, 'further', 9000);
  t.is(await analyzed(), 18_000);
});
