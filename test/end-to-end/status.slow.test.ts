import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { nightly, plan } from '../../jobs/nightly.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import {
  cli,
  cliProcess,
  type Env,
  makeDatabase,
  makeEmptyDatabase,
  makeFolder,
  settingsOf,
  startCli,
  startProxy,
  until,
} from './support.js';

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 100, ...withoutOrders })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

test('before any run, status prints what to run and leaves an empty database empty', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const env = { DATABASE_URL: database.url };
  const { status, stdout, stderr } = await cliProcess(t, ['status'], { env });
  t.is(status, 0);
  t.is(stderr, '');
  t.regex(stdout, /^No job has run yet\. To run all jobs: `tn-ledger run nightly`\n/);
  t.deepEqual(await database.query(`select from pg_namespace where nspname = 'tn_ledger'`), []);
  t.deepEqual(JSON.parse((await cli(t, ['status', '--json'], { env })).stdout).runs, []);
});

test('the next run follows from the schedule and its time zone', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const env = { DATABASE_URL: database.url, TN_LEDGER_SCHEDULE: '30 3 1 1 *', TN_LEDGER_TIMEZONE: 'Asia/Tokyo' };
  const { stdout } = await cli(t, ['status'], { env });
  t.regex(stdout, /^Next nightly run \(TN_LEDGER_SCHEDULE: 30 3 1 1 \*, Asia\/Tokyo\): \d{4}-12-31 18:30 UTC$/m);
  const { next_night } = JSON.parse((await cli(t, ['status', '--json'], { env })).stdout);
  t.regex(next_night, /^\d{4}-12-31T18:30:00\.000Z$/);
  t.true(Date.parse(next_night) > Date.now());
});

test('after a nightly run, status lists the last run of each job, in text and in JSON', async (t) => {
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
  t.is(runs[0].host, hostname());
  t.like(
    runs.find(({ job }: { job: string }) => job === 'sync-number-details'),
    { account_id: '9900000', status: 'succeeded', pages: 1, rows_read: 100, rows_written: 0, error: null },
  );
  t.deepEqual(
    runs.map(({ job }: { job: string }) => job),
    [nightly, ...plan].map(({ name }) => name),
  );
});

test('failed runs are shown with their reason, and incomplete and held listings with their progress', async (t) => {
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
  t.is(stdout.split('the reason').length, 2, 'reported once');
  // No process holds the lock of that job, so its run is interrupted, whatever its row says.
  t.regex(stdout, /^sync-inservice-numbers +2 +interrupted +2 h 0 min ago/m);
  t.regex(
    stdout,
    /^The listing inservice_numbers of account 1 is incomplete after 2 pages \(12,345 rows\), 2 h 0 min ago$/m,
  );
  t.regex(
    stdout,
    /^The listing number_details of account 1 is held until it is accepted \(--accept-shrink\) after 1 page .* ago\. To accept it: `tn-ledger run sync-number-details --account 1 --accept-shrink`$/m,
  );
  const { open } = JSON.parse((await cli(t, ['status', '--json'], { env })).stdout);
  t.is(open.length, 2);
});

test('per account, the nightly run is listed before its jobs, and its own failure is shown', async (t) => {
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

test('a run is shown as running while its process lives, and as interrupted once it is killed', async (t) => {
  const database = await makeDatabase(t, server);
  const origin = await startProxy(t, sandbox, ({ url = '' }) =>
    url.includes('/tns?') ? new Promise(() => undefined) : undefined,
  );
  const env = settingsOf(sandbox, database.url, origin);
  const cwd = await makeFolder(t);
  const seen = async (job: string) => {
    const text = await cli(t, ['status'], { env, cwd });
    const { runs } = JSON.parse((await cli(t, ['status', '--json'], { env, cwd })).stdout);
    t.is((await cli(t, ['report', '--out', 'report.html', '--force'], { env, cwd })).status, 0);
    const report = (await readFile(join(cwd, 'report.html'), 'utf8')).replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
    return [
      new RegExp(`^${job} +9900000 +(\\S+)`, 'm').exec(text.stdout)?.[1],
      runs.find((run: { job: string }) => run.job === job)?.status,
      new RegExp(`${job} 9900000 [….✗✓] (\\w+)`).exec(report)?.[1],
    ];
  };
  const { child, result } = startCli(t, ['run', 'nightly'], { env, cwd });
  const rowOf = `select status from tn_ledger.sync_runs where job = 'sync-number-details'`;
  await until(async () => (await database.query(rowOf)).length === 1);
  const alive = ['running', 'running', 'running'];
  t.deepEqual(await seen('nightly'), alive);
  t.deepEqual(await seen('sync-number-details'), alive);

  child.kill('SIGKILL');
  await result;
  await until(async () => (await database.query(`select from pg_locks where locktype = 'advisory'`)).length === 0);
  const dead = ['interrupted', 'interrupted', 'interrupted'];
  t.deepEqual(await seen('nightly'), dead);
  t.deepEqual(await seen('sync-number-details'), dead);
  t.deepEqual(await seen('sync-inservice-numbers'), ['succeeded', 'succeeded', 'succeeded']);
  t.regex(
    (await cli(t, ['status'], { env })).stdout,
    /^sync-number-details of account 9900000 interrupted: The process exited without recording a result/m,
  );
  t.deepEqual(await database.query(rowOf), [{ status: 'running' }], 'the next run marks it');
});

test('a mistyped account ID is one line for a day, and then disappears from status and report', async (t) => {
  const database = await makeDatabase(t, server);
  const right = settingsOf(sandbox, database.url);
  const cwd = await makeFolder(t);
  const wrong: Env = { ...right, BANDWIDTH_ACCOUNT_ID: '99000000' };
  t.is((await cli(t, ['run', 'sync-inservice-numbers', 'sync-number-details'], { env: wrong, cwd })).status, 1);
  // While it is configured, it is shown in full.
  t.regex((await cli(t, ['status'], { env: wrong, cwd })).stdout, /^sync-number-details +99000000 +failed /m);

  t.is((await cli(t, ['run', 'sync-number-details'], { env: right, cwd })).status, 0);
  const line =
    /^Account 99000000 is not configured, never had a successful run and has no data: sync-\S+ failed .* ago/m;
  const { stdout } = await cli(t, ['status'], { env: right, cwd });
  t.regex(stdout, line);
  t.is(stdout.split('\n').filter((each) => each.includes('99000000')).length, 1, stdout);
  const json = JSON.parse((await cli(t, ['status', '--json'], { env: right, cwd })).stdout);
  t.deepEqual(
    json.runs.map((run: { account_id: string }) => run.account_id),
    ['9900000'],
  );
  t.like(json.unconfigured, [{ account_id: '99000000', status: 'failed' }]);
  const report = async () => {
    t.is((await cli(t, ['report', '--out', 'report.html', '--force'], { env: right, cwd })).status, 0);
    return readFile(join(cwd, 'report.html'), 'utf8');
  };
  t.is((await report()).split('99000000').length, 2);
  const unknown = await cli(t, ['report', '--account', '99000000', '--out', 'x.html'], { env: right, cwd });
  t.is(unknown.status, 2);
  t.regex(unknown.stderr, /has no data for account "99000000".*\nKnown accounts: 9900000\./);

  await database.query(
    `update tn_ledger.sync_runs set started_at = started_at - interval '25 hours', finished_at = finished_at - interval '25 hours'
      where account_id = '99000000'`,
  );
  t.notRegex((await cli(t, ['status'], { env: right, cwd })).stdout, /99000000/);
  t.deepEqual(JSON.parse((await cli(t, ['status', '--json'], { env: right, cwd })).stdout).unconfigured, []);
  t.notRegex(await report(), /99000000/);
  // Without a configured account, it can't be recognized as wrong, so it is shown for a week.
  const unset = { DATABASE_URL: database.url };
  t.regex((await cli(t, ['status'], { env: unset, cwd })).stdout, /^sync-number-details +99000000 +failed /m);
  await database.query(
    `update tn_ledger.sync_runs set started_at = started_at - interval '7 days', finished_at = finished_at - interval '7 days'
      where account_id = '99000000'`,
  );
  t.notRegex((await cli(t, ['status'], { env: unset, cwd })).stdout, /99000000/);
});

test('an account that is no longer configured is shown while it has data or ever succeeded', async (t) => {
  const database = await makeDatabase(t, server);
  await database.query(
    `insert into tn_ledger.sync_runs (job, account_id, started_at, finished_at, status)
     select 'nightly', account, now() - interval '1 year', now() - interval '1 year', status
       from (values ('holds', 'failed'), ('worked', 'succeeded'), ('worked', 'failed')) as run (account, status);
     insert into tn_ledger.telephone_numbers (account_id, telephone_number, status) values ('holds', '9195550001', 'Inservice')`,
  );
  const { stdout } = await cli(t, ['status'], { env: { DATABASE_URL: database.url, BANDWIDTH_ACCOUNT_ID: '9900000' } });
  t.regex(stdout, /^nightly +holds +failed /m);
  t.regex(stdout, /^nightly +worked +/m);
});
