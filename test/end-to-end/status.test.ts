import test from 'ava';
import { nightly, plan } from '../../jobs/nightly.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import { cli, makeEmptyDatabase, settingsOf } from './support.js';

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 100, ...withoutOrders })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

test('before anything ran, it says so and what to type, on an empty database too, which stays empty', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const env = { DATABASE_URL: database.url };
  const { status, stdout, stderr } = await cli(t, ['status'], { env });
  t.is(status, 0);
  t.is(stderr, '');
  t.regex(stdout, /^No job has run yet\. `tn-ledger run nightly` runs them all\.\n/);
  t.deepEqual(await database.query(`select from pg_namespace where nspname = 'tn_ledger'`), []);
  t.deepEqual(JSON.parse((await cli(t, ['status', '--json'], { env })).stdout).runs, []);
});

test('the next night follows from the schedule and its zone', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const env = { DATABASE_URL: database.url, TN_LEDGER_SCHEDULE: '30 3 1 1 *', TN_LEDGER_TIMEZONE: 'Asia/Tokyo' };
  const { stdout } = await cli(t, ['status'], { env });
  t.regex(stdout, /^Next night by TN_LEDGER_SCHEDULE \(30 3 1 1 \*, Asia\/Tokyo\): \d{4}-12-31 18:30 UTC$/m);
  const { next_night } = JSON.parse((await cli(t, ['status', '--json'], { env })).stdout);
  t.regex(next_night, /^\d{4}-12-31T18:30:00\.000Z$/);
  t.true(Date.parse(next_night) > Date.now());
});

test('after a night, the last run of each job is a row, in text and in JSON', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const env = settingsOf(sandbox, database.url);
  t.is((await cli(t, ['run', 'nightly'], { env })).status, 0);
  t.is((await cli(t, ['run', 'nightly'], { env })).status, 0);
  const { status, stdout } = await cli(t, ['status'], { env: { DATABASE_URL: database.url } });
  t.is(status, 0);
  for (const { name: job } of [nightly, ...plan]) {
    t.is(
      stdout.match(new RegExp(`^${job} +9900000 +succeeded +[\\d.]+ s ago +\\d+ +\\d+ +0 +0$`, 'gm'))?.length,
      1,
      stdout,
    );
  }
  const { runs, open } = JSON.parse((await cli(t, ['status', '--json'], { env })).stdout);
  t.deepEqual(open, []);
  t.like(runs[0], { job: 'nightly', account_id: '9900000', status: 'succeeded', rows_written: 0, error: null });
  t.like(
    runs.find(({ job }: { job: string }) => job === 'sync-number-details'),
    { account_id: '9900000', status: 'succeeded', pages: 1, rows_read: 100, rows_written: 0, error: null },
  );
  t.deepEqual(
    runs.map(({ job }: { job: string }) => job),
    [nightly, ...plan].map(({ name }) => name),
  );
});

test('failed runs are told with their reason, half-read and held listings with how far they came', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const env = { DATABASE_URL: database.url };
  t.is((await cli(t, ['migrate'], { env })).status, 0);
  await database.query(`
    insert into tn_ledger.sync_runs (job, account_id, started_at, finished_at, status, error) values
      ('nightly', '1', now() - interval '3 days', now() - interval '3 days', 'failed', '1 of 2 jobs failed: sync-number-details: the reason'),
      ('sync-number-details', '1', now() - interval '3 days', now() - interval '3 days', 'failed', 'the reason'),
      ('sync-inservice-numbers', '2', now() - interval '2 hours', null, 'running', null);
    insert into tn_ledger.sync_cursors (account_id, listing, state, pages_read, rows_staged, updated_at) values
      ('1', 'inservice_numbers', 'reading', '{1,abc}', 12345, now() - interval '2 hours'),
      ('1', 'number_details', 'held', '{1}', 10, now()),
      ('2', 'inservice_numbers', 'reading', '{}', 0, now())`);
  const { status, stdout } = await cli(t, ['status'], { env });
  t.is(status, 0);
  t.regex(stdout, /^sync-number-details of account 1 failed: the reason$/m);
  t.is(stdout.split('the reason').length, 2, 'told once');
  t.regex(stdout, /^sync-inservice-numbers +2 +running +2 h 0 min ago/m);
  t.regex(
    stdout,
    /^The listing inservice_numbers of account 1 is half-read after 2 pages \(12,345 rows\), 2 h 0 min ago$/m,
  );
  t.regex(
    stdout,
    /^The listing number_details of account 1 is held until it is accepted \(--accept-shrink\) after 1 page /m,
  );
  const { open } = JSON.parse((await cli(t, ['status', '--json'], { env })).stdout);
  t.is(open.length, 2);
});

test('each account’s night comes first and its jobs follow as they ran; a night that failed by itself is told beside them', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const env = { DATABASE_URL: database.url };
  t.is((await cli(t, ['migrate'], { env })).status, 0);
  const order = [nightly.name, ...plan.map(({ name }) => name), 'a-job-of-another-version'];
  for (const job of [...order].sort()) {
    await database.query(
      `insert into tn_ledger.sync_runs (job, account_id, finished_at, status, error)
       select '${job}', account, now(), 'failed', '${job} has its own reason' from unnest('{9,10,8}'::text[]) as account`,
    );
  }
  const { stdout } = await cli(t, ['status'], { env });
  const rows = [...stdout.matchAll(/^(\S+) +(\d+) +failed /gm)].map(([, job, account]) => `${account} ${job}`);
  t.deepEqual(
    rows,
    ['10', '8', '9'].flatMap((account) => order.map((job) => `${account} ${job}`)),
  );
  t.regex(stdout, /^nightly of account 8 failed: nightly has its own reason$/m);
});
