import anyTest, { type TestFn } from 'ava';
import { InterruptedError } from '../../src/errors.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, leftovers, openLedger } from './support/ledger.js';
import { waitForBlocked } from './support/moments.js';
import { watchRuns } from './support/watch-runs.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** Runs a job that is asked to stop at its n-th request. */
async function interruptedRun(ledger: Ledger, job: string, nth: number) {
  const controller = new AbortController();
  let count = 0;
  ledger.proxy.onRequest = () => {
    count += 1;
    if (count === nth) controller.abort(new InterruptedError('Stopped by the test.'));
  };
  ledger.sandbox.clearRequests();
  const report = await ledger.run(job, { signal: controller.signal });
  ledger.proxy.onRequest = () => undefined;
  return report;
}

function askedPages(ledger: Ledger, path: string): string[] {
  const pages = ledger.sandbox.requests.filter((request) => request.path === path && request.method === 'GET');
  return pages.map(({ query }) => query.page ?? '');
}

const paths = { inservice_numbers: `/api/accounts/${account}/inserviceNumbers`, number_details: '/api/tns' };

for (const [listing, job] of [
  ['inservice_numbers', 'sync-inservice-numbers'],
  ['number_details', 'sync-number-details'],
] as const) {
  const path = paths[listing];

  test(`${job}, asked to stop, ends after the current page and resumes without rereading pages`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 2000 }, pageSize: 200 });
    const first = await interruptedRun(ledger, job, 6);
    t.is(first.result, 'interrupted', first.error?.message);
    const committed = askedPages(ledger, path).slice(0, first.counts.pages);
    t.true(committed.length >= 4 && committed.length < 10);
    const [cursor] = await ledger.query('select state, rows_staged::int from sync_cursors');
    t.deepEqual(cursor, { state: 'reading', rows_staged: committed.length * 200 });
    const [row] = await ledger.query('select status, pages::int from sync_runs');
    t.deepEqual(row, { status: 'interrupted', pages: committed.length });
    t.is((await ledger.query('select 1 from telephone_numbers')).length, 0);

    ledger.sandbox.clearRequests();
    const second = await ledger.run(job);
    t.is(second.result, 'succeeded', second.error?.message);
    const pages = askedPages(ledger, path);
    t.is(pages.length + committed.length, 10);
    t.deepEqual(
      pages.filter((page) => committed.includes(page)),
      [],
    );
    t.is(
      first.counts.rowsRead + second.counts.rowsRead,
      (await ledger.query('select 1 from telephone_numbers')).length,
    );
    t.deepEqual(await leftovers(ledger), []);
  });

  for (const [title, spoil, after] of [
    ['older than six hours', `update sync_cursors set updated_at = now() - interval '6 hours 1 second'`, 10],
    ['not yet six hours old', `update sync_cursors set updated_at = now() - interval '5 hours 59 minutes'`, 5],
    ['emptied by a crash of the server', `truncate tn_ledger_staging."${listing} ${account}"`, 10],
    ['whose staging table is gone', `drop table tn_ledger_staging."${listing} ${account}"`, 10],
  ] as const) {
    test(`${job} ${after === 10 ? 'starts over' : 'resumes'} with a partially read listing ${title}`, async (t) => {
      const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 2000 }, pageSize: 200 });
      ledger.proxy.onRequest = ({ nth }) => {
        ledger.sandbox.faults = nth === 6 ? { '500': 1 } : {};
      };
      const failing = ledger.openClient({ retry: { tries: 1 } });
      t.teardown(() => failing.close());
      const first = await ledger.run(job, { client: failing });
      t.is(first.result, 'failed');
      t.is(first.counts.pages, 5);
      ledger.sandbox.faults = {};
      ledger.proxy.onRequest = () => undefined;
      await ledger.query(spoil);
      ledger.sandbox.clearRequests();
      const second = await ledger.run(job);
      t.is(second.result, 'succeeded', second.error?.message);
      t.is(askedPages(ledger, path).length, after);
      t.deepEqual(await leftovers(ledger), []);
    });
  }
}

test('a run stopped between its listings does not reread the first one', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1000 }, pageSize: 200 });
  const watch = watchRuns(ledger);
  // Five pages and the totals of the list, then the third page of details.
  const first = await interruptedRun(ledger, 'nightly', 9);
  t.is(first.result, 'interrupted', first.error?.message);
  t.deepEqual(
    first.parts.map(({ result }) => result),
    ['succeeded', 'interrupted'],
  );
  ledger.sandbox.clearRequests();
  const second = await ledger.run('nightly');
  t.is(second.result, 'succeeded', second.error?.message);
  t.is(askedPages(ledger, paths.inservice_numbers).length, 0);
  t.true(askedPages(ledger, paths.number_details).length <= 3);
  await watch.compare(t);
});

test('a run asked to stop while it compares cancels the running statement and writes nothing', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 500 } });
  const watch = watchRuns(ledger);
  const controller = new AbortController();
  const blocker = await ledger.database.pool.connect();
  try {
    await blocker.query('begin');
    await blocker.query('lock table number_status_history in share mode');
    const running = ledger.run('nightly', { signal: controller.signal });
    await waitForBlocked(ledger);
    controller.abort(new InterruptedError('Stopped by the test.'));
    const report = await running;
    t.is(report.result, 'interrupted', report.error?.message);
    await blocker.query('rollback');
  } finally {
    blocker.release();
  }
  t.is((await ledger.query('select 1 from telephone_numbers')).length, 0);
  t.deepEqual(
    (await ledger.query('select distinct status from sync_runs order by 1')).map(({ status }) => status),
    ['interrupted', 'succeeded'],
  );
  t.is((await ledger.run('nightly')).result, 'succeeded');
  await watch.compare(t);
});
