import test from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, openLedger } from '../sync/support/ledger.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres({ settings: { autovacuum: false } });
});
test.after.always(() => server.stop());

test('nights keep the copy that counting reads up to date, and it counts as the histories do', async (t) => {
  const ledger = await openLedger(t, server, { sandbox: { numbers: 600, seed: 5 } });
  const night = async () => t.is((await ledger.run('nightly')).result, 'succeeded');
  const isUpToDate = async () => {
    const [row] = await ledger.query<{ made: boolean; changed: number }>(
      'select nruf_mark() is not null as made, (select count(*)::int from nruf_changed_numbers(10)) as changed',
    );
    return row?.made === true && row.changed === 0;
  };
  const counts = (more: string) =>
    ledger.query(`select * from nruf_number_categories(current_date${more}) order by 2, 1`);
  for (const job of ['sync-inservice-numbers', 'sync-number-details', 'prepare-nruf']) await ledger.run(job);
  t.false(await isUpToDate(), 'the first copy is for whoever counts first: in a night, the report');
  const first = await counts('');
  t.true(first.length > 400);
  await night();
  t.true(await isUpToDate());
  t.deepEqual(await counts(''), first);

  ledger.sandbox.account(account).churn(80, 1);
  await night();
  t.true(await isUpToDate());
  const changed = await counts('');
  t.notDeepEqual(changed, first);
  // Whatever is known by now, from the histories alone.
  t.deepEqual(await counts(`, known_at => 'infinity'`), changed);
});
