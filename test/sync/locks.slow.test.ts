import anyTest, { type TestFn } from 'ava';
import { inTransaction } from '../../src/database/transaction.js';
import { AlreadyRunningError } from '../../src/errors.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { differences, expectedRow, storedRows } from './support/expected-numbers.js';
import { impossibilities } from './support/history-model.js';
import { account, type Ledger, leftovers, openLedger } from './support/ledger.js';
import { until, waitForBlocked } from './support/moments.js';
import { watchRuns } from './support/watch-runs.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** Holds the n-th request until `go` is called. */
function holdRequest(ledger: Ledger, nth: number): { held: Promise<void>; go: () => void } {
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const held = new Promise<void>((resolve) => {
    ledger.proxy.onRequest = async (request) => {
      if (request.nth !== nth) return;
      resolve();
      await gate;
    };
  });
  return { held, go };
}

test('a second run of the same job does nothing; other accounts and jobs can run', async (t) => {
  const accounts = [
    { id: '9900000', numbers: 600 },
    { id: '9900001', numbers: 50 },
  ];
  const ledger = await openLedger(t, t.context.server, { sandbox: { accounts }, pageSize: 200 });
  const { held, go } = holdRequest(ledger, 2);
  const first = ledger.run('sync-number-details');
  await held;
  const asked = ledger.sandbox.requests.length;
  const second = await ledger.run('sync-number-details');
  t.is(second.result, 'already running');
  t.true(second.error instanceof AlreadyRunningError);
  t.regex(second.error?.message ?? '', /sync-number-details is already running for account 9900000.*did nothing/);
  t.is(ledger.sandbox.requests.length, asked);
  t.is((await ledger.query('select 1 from sync_runs')).length, 1);
  t.is((await ledger.run('sync-number-details', { account: '9900001' })).result, 'succeeded');

  // The nightly run skips the job that is already running, and reports it.
  const night = await ledger.run('nightly');
  t.is(night.result, 'already running', night.error?.message);
  t.deepEqual(
    night.parts.slice(0, 3).map(({ job, result }) => [job, result]),
    [
      ['sync-inservice-numbers', 'succeeded'],
      ['sync-number-details', 'already running'],
      ['sync-sites', 'succeeded'],
    ],
  );
  go();
  t.is((await first).result, 'succeeded');
  t.deepEqual(await leftovers(ledger), []);
});

test('number details can be read and applied while the in-service list is being read', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600 }, pageSize: 100 });
  const watch = watchRuns(ledger);
  const { held, go } = holdRequest(ledger, 3);
  const list = ledger.run('sync-inservice-numbers');
  await held;
  const details = await ledger.run('sync-number-details');
  t.is(details.result, 'succeeded', details.error?.message);
  go();
  const report = await list;
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(report.counts.rowsWritten, 0);
  await watch.compare(t);
});

test('of two concurrent comparisons with the ledger, one waits for the other', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600 } });
  const blocker = await ledger.database.pool.connect();
  await blocker.query('begin');
  await blocker.query('lock table telephone_numbers in share mode');
  let ended = false;
  const running = ['sync-inservice-numbers', 'sync-number-details'].map(async (job) => {
    const report = await ledger.run(job);
    ended = true;
    return report;
  });
  // Both have reached their comparison: one waits for the table, the other for it or for the first.
  await until(async () => {
    if (ended) return true;
    const waiting = await ledger.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return waiting.length === 2 ? true : undefined;
  });
  await blocker.query('rollback');
  blocker.release();
  for (const report of await Promise.all(running)) t.is(report.result, 'succeeded', report.error?.message);
  const numbers = await ledger.query('select 1 from telephone_numbers');
  t.is(numbers.length, 600);
  t.is((await ledger.run('nightly')).result, 'succeeded');
  t.deepEqual(await impossibilities(ledger), []);
  t.deepEqual(await leftovers(ledger), []);
  ledger.sandbox.account(account).churn(60);
  t.is((await ledger.run('nightly')).result, 'succeeded');
  t.deepEqual(
    differences(
      await storedRows(ledger, account, 'removed_at is null'),
      new Map([...ledger.sandbox.account(account).numbers()].map((each) => [each.telephoneNumber, expectedRow(each)])),
    ),
    [],
  );
});

test('large first runs don’t wait for each other’s ANALYZE, nor for tables being filled', async (t) => {
  const accounts = [
    { id: '9900000', numbers: 10_001 },
    { id: '9900001', numbers: 50 },
  ];
  const ledger = await openLedger(t, t.context.server, { sandbox: { accounts } });
  // What another account's run holds until it commits.
  const other = await ledger.database.pool.connect();
  await other.query('begin; analyze telephone_numbers, number_status_history');
  const report = await ledger.run('sync-number-details');
  t.is(report.result, 'succeeded', report.error?.message);
  await other.query('rollback');
  await other.query('truncate telephone_numbers, number_status_history');
  // Holds the lock that the run takes on an empty table, if it takes it.
  await other.query('begin; lock table telephone_numbers in row share mode');
  const blocked = ledger.run('sync-number-details', { account: '9900001' });
  t.is((await blocked).result, 'succeeded');
  await other.query('rollback');
  other.release();
});

for (const job of ['sync-inservice-numbers', 'nightly']) {
  test(`${job} fails when it loses the connection that holds its lock, and the next run resumes`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600 }, pageSize: 100 });
    const watch = watchRuns(ledger);
    const { held, go } = holdRequest(ledger, 3);
    const running = ledger.run(job);
    await held;
    const ended = await ledger.query(
      `select pg_terminate_backend(pid) from pg_locks
        where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
          and ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`,
      [`tn-ledger/${job}/9900000`],
    );
    t.is(ended.length, 1);
    const report = await running;
    go();
    t.is(report.result, 'failed');
    t.regex(
      report.error?.message ?? '',
      new RegExp(`^The connection to 127\\.0\\.0\\.1:\\d+/\\w+ was lost \\(.+\\) while ${job} ran for account 9900000`),
    );
    const rows = await ledger.query<{ status: string; error: string }>('select status, error from sync_runs');
    t.deepEqual([...new Set(rows.map(({ status }) => status))], ['failed']);
    t.true(rows.every(({ error }) => error.includes('was lost')));
    const again = await ledger.run('nightly');
    t.is(again.result, 'succeeded', again.error?.message);
    await watch.compare(t);
  });
}

test('a run that loses its connection while comparing fails clearly, writes nothing and can be repeated', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600 } });
  const watch = watchRuns(ledger);
  const blocker = await ledger.database.pool.connect();
  await blocker.query('begin');
  await blocker.query('lock table number_status_history in share mode');
  const running = ledger.run('sync-number-details');
  await ledger.query('select pg_terminate_backend($1)', [await waitForBlocked(ledger)]);
  const report = await running;
  await blocker.query('rollback');
  blocker.release();
  t.is(report.result, 'failed');
  t.regex(report.error?.message ?? '', /connection|terminat/i);
  t.is((await ledger.query('select 1 from telephone_numbers')).length, 0);
  ledger.sandbox.clearRequests();
  t.is((await ledger.run('sync-number-details')).result, 'succeeded');
  t.is(ledger.sandbox.requests.length, 0);
  await watch.compare(t);
});

test('a connection lost between two statements fails the transaction, not the process', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 0 } });
  const work = inTransaction(ledger.database, {}, async (client) => {
    const { rows } = await client.query('select pg_backend_pid() as pid');
    const broken = new Promise<void>((resolve) => client.once('end', resolve));
    await ledger.query('select pg_terminate_backend($1)', [rows[0].pid]);
    await broken;
    await client.query('select 1');
  });
  await t.throwsAsync(work);
  t.deepEqual(await ledger.query('select 1 as one'), [{ one: 1 }]);
});

test('only a run whose process is gone is marked as interrupted at the next start', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 20 } });
  await ledger.query(
    `insert into sync_runs (job, account_id, status) values
       ('nightly', '9900000', 'running'), ('sync-number-details', '9900000', 'running'), ('nightly', '1', 'running')`,
  );
  const report = await ledger.run('sync-number-details');
  t.is(report.result, 'succeeded', report.error?.message);
  const rows = await ledger.query(
    `select job, account_id, status, finished_at is not null as finished from sync_runs where run_id <= 3 order by run_id`,
  );
  t.deepEqual(rows, [
    { job: 'nightly', account_id: '9900000', status: 'running', finished: false },
    { job: 'sync-number-details', account_id: '9900000', status: 'interrupted', finished: true },
    { job: 'nightly', account_id: '1', status: 'running', finished: false },
  ]);
  t.true(ledger.log.some((line) => line.includes('a previous run exited without recording a result')));
});
