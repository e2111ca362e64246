import test from 'ava';
import pg from 'pg';
import { queueSchema } from '../../src/database/queue-schema.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import {
  cli,
  ledgerLines,
  makeDatabase,
  makeFolder,
  sandboxLines,
  settingsOf,
  startCli,
  startProxy,
  until,
} from './support.js';

let server: TestServer;
let sandbox: Sandbox;
const accounts = ['9900000', '9900001'] as const;

test.before(async () => {
  [server, sandbox] = await Promise.all([
    startPostgres(),
    startSandbox({ accounts: accounts.map((id) => ({ id, numbers: 200 })), ...withoutOrders }),
  ]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

const settings = (url: string) => ({
  ...settingsOf(sandbox, url),
  BANDWIDTH_ACCOUNT_ID: accounts.join(','),
  TN_LEDGER_LOG_FORMAT: 'pretty',
});

test('an enqueued night is worked on by two workers, which exit when it is done; status shows it', async (t) => {
  const database = await makeDatabase(t, server);
  const env = settings(database.url);
  const planned = await cli(t, ['enqueue', 'nightly'], { env });
  t.is(planned.status, 0);
  t.regex(planned.stdout, /^Planned a nightly run: 9900000, 9900001\.\nProcesses with `tn-ledger schedule` or/);
  t.regex(
    (await cli(t, ['status'], { env })).stdout,
    /^Nightly run of \d{4}-\d\d-\d\d .+, enqueued: 2 waiting\n {2}9900000 is waiting for a worker\n {2}9900001 is/m,
  );
  const again = await cli(t, ['enqueue', 'nightly', '--account', '9900001', '--json'], { env });
  t.deepEqual(JSON.parse(again.stdout), { planned: [], already_open: ['9900001'] });

  const oneLane = { ...env, TN_LEDGER_CONCURRENT_ACCOUNTS: '1' };
  const cwd = await makeFolder(t);
  const workers = ['worker', 'worker'].map((name) => startCli(t, [name, '--until-done'], { env: oneLane, cwd }));
  const results = await Promise.all(workers.map(({ result }) => result));
  for (const { status } of results) t.is(status, 0);
  const log = results.map(({ stderr }) => stderr).join('');
  for (const account of accounts) {
    t.is(log.split(`, enqueued, for account ${account} started`).length, 2);
    t.regex(log, new RegExp(`INFO: The nightly run of .+, enqueued, for account ${account} finished: [\\d,]+ pages, `));
  }
  t.deepEqual(await ledgerLines(database), accounts.flatMap((account) => sandboxLines(sandbox, account)).sort());

  const { stdout } = await cli(t, ['status'], { env });
  t.regex(stdout, /^Nightly run of .+, enqueued: 2 done$/m);
  const { nights } = JSON.parse((await cli(t, ['status', '--json'], { env })).stdout);
  t.is(nights.length, 1);
  t.is(nights[0].origin, 'enqueue');
  t.like(nights[0].accounts[0], { account_id: '9900000', state: 'done', attempts: 1, error: null });
});

test('a night that waits for something temporary logs for what and until when, and another attempt completes it', async (t) => {
  const database = await makeDatabase(t, server);
  const wrongClock: Record<string, string> = { date: new Date(Date.now() - 5 * 86_400_000).toUTCString() };
  const origin = await startProxy(t, sandbox, () => undefined, wrongClock);
  const env = {
    ...settingsOf(sandbox, database.url, origin),
    BANDWIDTH_ACCOUNT_ID: '9900000',
    TN_LEDGER_LOG_FORMAT: 'pretty',
  };
  await cli(t, ['enqueue', 'nightly'], { env });
  const worker = cli(t, ['worker', '--until-done'], { env });
  await until(async () => (await database.query(`select from ${queueSchema}.job where state = 'retry'`)).length === 1);
  delete wrongClock.date;
  await database.query(`update ${queueSchema}.job set start_after = now()`);
  const { status, stderr } = await worker;
  t.is(status, 0);
  t.regex(
    stderr,
    /INFO: The nightly run of account 9900000 is tried again in [\d.]+ s, at .+ UTC \(attempt 2\), waiting for the clocks to agree$/m,
  );
  t.regex(stderr, /continues \(attempt 2\)[\s\S]*for account 9900000 finished/);
});

test('status shows on which host a night is running and how many pages it has read', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settings(database.url), BANDWIDTH_ACCOUNT_ID: '9900000' };
  await cli(t, ['enqueue', 'nightly'], { env });
  // The run waits for the table after its first two listings, of a page each.
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  await holder.query('begin; lock tn_ledger.telephone_numbers in exclusive mode');
  const worker = startCli(t, ['worker'], { env, cwd: await makeFolder(t) });
  const running = /^ {2}9900000 is running on \S+ for [\d.]+ s: 2 pages read$/m;
  await until(async () => running.test((await cli(t, ['status'], { env })).stdout));
  await holder.end();
  worker.child.kill('SIGTERM');
  t.is((await worker.result).status, 0);
});

test('only the nightly run of a configured account can be enqueued', async (t) => {
  const database = await makeDatabase(t, server);
  const env = settings(database.url);
  const job = await cli(t, ['enqueue', 'sync-orders'], { env });
  t.is(job.status, 2);
  t.regex(
    job.stderr,
    /^Only the nightly run can be planned, not sync-orders\.\nTo plan it: tn-ledger enqueue nightly\./,
  );
  const account = await cli(t, ['enqueue', 'nightly', '--account', '1'], { env });
  t.is(account.status, 2);
  t.regex(account.stderr, /^Account 1 is not configured \(configured: 9900000, 9900001\)\./);
});

test('with --until-done, a worker that cannot reach the database fails; without, it keeps trying', async (t) => {
  const env = settings('postgresql://user:other-password@127.0.0.1:1/ledger');
  const { status, stderr } = await cli(t, ['worker', '--until-done'], { env, alsoSecret: ['other-password'] });
  t.is(status, 1);
  t.regex(stderr, /^The database 127\.0\.0\.1:1\/ledger is not reachable/m);
  const { child, result } = startCli(t, ['worker'], {
    ...{ env, cwd: await makeFolder(t), alsoSecret: ['other-password'] },
  });
  let output = '';
  child.stderr?.on('data', (text: string) => {
    output += text;
  });
  await until(async () =>
    /ERROR: The planned nightly runs can't be read; trying again every 30 s\. The data/.test(output),
  );
  child.kill('SIGTERM');
  t.is((await result).status, 0);
});
