import test from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, openLedger } from '../sync/support/ledger.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

test('runs keep the intervals for NRUF counts current, and counts match the histories', async (t) => {
  const ledger = await openLedger(t, server, { sandbox: { numbers: 600, seed: 5 } });
  const night = async () => t.is((await ledger.run('nightly')).result, 'succeeded');
  const isUpToDate = async () => {
    const [row] = await ledger.query<{ made: boolean; changed: number }>(
      `select exists (select from nruf_intervals_mark) as made, (select count(*)::int from nruf_change_notes) as changed`,
    );
    return row?.made === true && row.changed === 0;
  };
  const query = 'select * from nruf_number_categories(current_date, known_at => $1) order by 2, 1';
  const counts = (knownAt?: Date) => ledger.query(query, [knownAt]);
  const countsOfHistories = async (knownAt?: Date) => {
    const client = await ledger.database.pool.connect();
    try {
      await client.query('begin');
      await client.query('delete from nruf_intervals_mark');
      return (await client.query(query, [knownAt])).rows;
    } finally {
      await client.query('rollback');
      client.release();
    }
  };
  for (const job of ['sync-inservice-numbers', 'sync-number-details']) await ledger.run(job);
  t.false(await isUpToDate());
  const first = await counts();
  t.true(first.length > 400);
  await night();
  t.true(await isUpToDate());
  const known = await counts();
  t.deepEqual(known, await countsOfHistories());
  const [time] = await ledger.query<{ now: Date }>('select now()');

  ledger.sandbox.account(account).churn(80, 1);
  await night();
  t.true(await isUpToDate());
  const changed = await counts();
  t.notDeepEqual(changed, first);
  t.deepEqual(changed, await countsOfHistories());
  t.deepEqual(await counts(time?.now), known, 'as known before the churn');
  t.deepEqual(await countsOfHistories(time?.now), known);
});
