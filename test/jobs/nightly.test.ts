import anyTest, { type TestFn } from 'ava';
import { plan } from '../../jobs/nightly.js';
import { onlyIf } from '../support/only-if.js';
import { installedPostgres, startPostgres, type TestServer } from '../support/postgres.js';
import { account, openLedger, versionsOf } from '../sync/support/ledger.js';
import { watchRuns } from '../sync/support/watch-runs.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('after a nightly run the tables match the account row by row, and a second run writes nothing', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5000, seed: 2 }, pageSize: 1000 });
  const held = [...ledger.sandbox.account(account).numbers()];
  // The comparison is only meaningful with the unusual numbers in it.
  t.true(held.some(({ telephoneNumber }) => /^\+/.test(telephoneNumber)));
  t.true(held.some(({ telephoneNumber }) => /^8(00|88|77|66|55|44|33)/.test(telephoneNumber)));
  t.true(held.some(({ status }) => status === 'Aging'));
  t.true(held.some(({ vendorName }) => /[<&"]/.test(vendorName ?? '')));
  t.true(held.some(({ city }) => /Ñ/.test(city ?? '')));
  t.true(held.some(({ inServiceDate }) => inServiceDate === undefined));
  t.true(held.some(({ lastModified }) => lastModified.toISOString().endsWith('T00:00:00.000Z')));

  const watch = watchRuns(ledger);
  const first = await ledger.run('nightly');
  t.is(first.result, 'succeeded', first.error?.message);
  await watch.compare(t);
  t.true(first.counts.rowsWritten >= 10_000);

  const before = await versionsOf(ledger);
  const second = await ledger.run('nightly');
  t.is(second.result, 'succeeded', second.error?.message);
  t.is(second.counts.rowsWritten, 0);
  // The list of rate centers is read once a month.
  t.is(second.counts.rowsRead, first.counts.rowsRead - ledger.sandbox.rateCenters.length);
  t.deepEqual(await versionsOf(ledger), before);
  const runs = await ledger.query('select job, status, rows_written::int from sync_runs order by run_id');
  const night = ['nightly', ...plan.map(({ name }) => name)];
  t.deepEqual(
    runs.map(({ job, status }) => [job, status]),
    [...night, ...night].map((job) => [job, 'succeeded']),
  );
});

test('a nightly run that continues another does not repeat its finished jobs, except those that depend on later ones', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 100 } });
  const [row] = await ledger.query<{ now: Date }>('select clock_timestamp() as now');
  const jobsOf = async (continuesFrom: Date | undefined) => {
    const report = await ledger.run('nightly', continuesFrom === undefined ? {} : { continuesFrom });
    t.is(report.result, 'succeeded', report.error?.message);
    return report.parts.map(({ job }) => job);
  };
  const all = plan.map(({ name }) => name);
  t.deepEqual(await jobsOf(row?.now), all, 'nothing is done yet');
  t.deepEqual(await jobsOf(row?.now), ['prepare-nruf', 'write-report']);
  await ledger.query(`update sync_runs set status = 'interrupted' where job in ('sync-number-details', 'sync-orders')`);
  t.deepEqual(await jobsOf(row?.now), [
    ...['sync-inservice-numbers', 'sync-number-details', 'sync-orders'],
    ...['prepare-nruf', 'write-report'],
  ]);
  t.deepEqual(await jobsOf(undefined), all);
});

test('runs after changes show exactly those, in the history and in its recorded past', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1500, seed: 3 } });
  const held = ledger.sandbox.account(account);
  const watch = watchRuns(ledger);
  const night = async (changed?: number) => {
    const report = await ledger.run('nightly');
    t.is(report.result, 'succeeded', report.error?.message);
    await watch.compare(t);
    if (changed !== undefined) {
      const [row] = await ledger.query<{ count: number }>(
        'select count(*)::int as count from telephone_numbers where changed_at = (select max(changed_at) from telephone_numbers)',
      );
      t.is(row?.count, changed);
    }
  };
  await night(1500);
  held.churn(200, 1);
  await night(200);
  held.churn(150, 2);
  await night(150);

  // Chosen by hand: every way a number can change.
  const inService = [...held.numbers()].filter(({ status }) => status === 'Inservice');
  const aging = [...held.numbers()].filter(({ status }) => status === 'Aging');
  const pick = (n: number) => {
    const found = inService[n * 17];
    if (found === undefined) throw new Error('too few numbers');
    return found;
  };
  const day = 86_400_000;
  held.change(pick(1).telephoneNumber, { rateCenter: undefined, city: 'EL PASO' });
  held.change(pick(2).telephoneNumber, { status: 'Reserved' });
  held.change(pick(3).telephoneNumber, { inServiceDate: new Date(Date.UTC(2015, 4, 3)) });
  held.change(pick(4).telephoneNumber, {
    inServiceDate: new Date((pick(4).inServiceDate?.getTime() ?? 0) + 3 * day),
  });
  held.change(pick(5).telephoneNumber, { inServiceDate: new Date() });
  held.change(pick(6).telephoneNumber, { inServiceDate: undefined });
  held.change(pick(7).telephoneNumber, { status: 'Aging', lastModified: new Date(Date.now() - 3600_000) });
  held.change(pick(8).telephoneNumber, { status: 'Aging', lastModified: new Date(Date.UTC(2001, 1, 1)) });
  held.change(pick(9).telephoneNumber, { inServiceDate: new Date(Date.now() + 30 * day) });
  const back = aging.slice(0, 4).map(({ telephoneNumber }) => telephoneNumber);
  held.change(back[0] as string, { status: 'Inservice' });
  held.change(back[1] as string, { status: 'Inservice', inServiceDate: new Date() });
  held.change(back[2] as string, { lastModified: new Date() });
  held.disconnect([back[3] as string]);
  await night(13);
  await night(13); // nothing new: the last change is still the last
  held.change(pick(7).telephoneNumber, { status: 'Inservice', inServiceDate: new Date() });
  held.change(pick(9).telephoneNumber, { tier: '4' });
  held.change(pick(2).telephoneNumber, { inServiceDate: new Date(Date.UTC(2020, 1, 1)), status: 'Inservice' });
  await night(3);
});

const fifteen = installedPostgres(15);
onlyIf(
  test,
  fifteen !== undefined,
  'needs PostgreSQL 15',
)('the same on PostgreSQL 15', async (t) => {
  const server = await startPostgres({ binDir: fifteen });
  t.teardown(server.stop);
  const ledger = await openLedger(t, server, { sandbox: { numbers: 3000, seed: 5 } });
  const watch = watchRuns(ledger);
  for (const changes of [0, 400, 0]) {
    if (changes > 0) ledger.sandbox.account(account).churn(changes, 9);
    const report = await ledger.run('nightly');
    t.is(report.result, 'succeeded', report.error?.message);
    await watch.compare(t);
  }
  t.is((await ledger.run('nightly')).counts.rowsWritten, 0);
});
