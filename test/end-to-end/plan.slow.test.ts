import test from 'ava';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { cli, makeDatabase, settingsOf } from './support.js';

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 6000, orders: 20 })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

const limit = 'TN_LEDGER_REQUESTS_PER_NIGHT';

test('plan prints the requests of each job and their time, in text and in JSON, and changes nothing', async (t) => {
  const { url, query } = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, url), BANDWIDTH_REQUESTS_PER_MINUTE: '60' };
  const { status, stdout, stderr } = await cli(t, ['plan'], { env });
  t.is(status, 0);
  t.is(stderr, '');
  const [title = '', header, rule, ...rows] = stdout.trimEnd().split('\n');
  const [, requests, minutes] =
    /^Next nightly run of account 9900000: about (\d+) requests, at least (\d+) min 0 s at 60 requests per minute$/.exec(
      title,
    ) ?? [];
  t.is(header, 'job                        requests  for');
  t.regex(rule ?? '', /^─+$/);
  t.is(rows[0], 'sync-inservice-numbers            3  first run: 2 pages of numbers in service, and their total');
  t.true(
    rows.some((row) => /^sync-orders +\d+ {2}\d+ pages of lists, and 20 orders to read by id$/.test(row)),
    stdout,
  );
  t.is(Number(minutes), Math.ceil(Number(requests) / 60) - 1);

  const [plan, ...others] = JSON.parse((await cli(t, ['plan', '--json'], { env })).stdout);
  t.deepEqual(others, []);
  t.like(plan, {
    account_id: '9900000',
    requests: Number(requests),
    least_seconds: Number(minutes) * 60,
    requests_per_minute: 60,
    requests_per_night: null,
  });
  t.deepEqual(plan.jobs[0], {
    job: 'sync-inservice-numbers',
    requests: 3,
    least: 3,
    reason: 'first run: 2 pages of numbers in service, and their total',
    fits: true,
    error: null,
  });
  t.is(
    plan.jobs.reduce((sum: number, { requests }: { requests: number }) => sum + requests, 0),
    plan.requests,
  );
  t.deepEqual(await query('select from tn_ledger.sync_runs'), []);
  t.deepEqual(await query('select from tn_ledger.telephone_numbers'), []);
});

test('an account that is not configured and an invalid limit are usage errors', async (t) => {
  const env = settingsOf(sandbox, (await makeDatabase(t, server)).url);
  const unknown = await cli(t, ['plan', '--account', '5'], { env });
  t.is(unknown.status, 2);
  t.is(unknown.stdout, '');
  t.regex(unknown.stderr, /^Account 5 is not configured \(configured: 9900000\)\.\nChoose one of these accounts/);
  for (const value of ['0', '-5', '1.5', 'many']) {
    const { status, stdout, stderr } = await cli(t, ['plan'], { env: { ...env, [limit]: value } });
    t.is(status, 2);
    t.is(stdout, '');
    t.regex(stderr, new RegExp(`${limit} must be a whole number of at least 1, such as 5000`));
  }
});

test('jobs that do not fit the limit are marked, and the total is at most the limit', async (t) => {
  const env = { ...settingsOf(sandbox, (await makeDatabase(t, server)).url), [limit]: '10' };
  const { status, stdout } = await cli(t, ['plan'], { env });
  t.is(status, 0);
  t.regex(stdout, /^Next nightly run of account 9900000: about \d+ requests, /);
  t.regex(stdout, /^sync-inservice-numbers +3 {2}first run: /m);
  t.regex(stdout, /^sync-orders +\d+ {2}left to a later run: \d+ pages of lists, /m);
  t.regex(
    stdout,
    new RegExp(
      `^${limit}=10 is not enough for \\d+ requests\\. .*sync-orders, .* and possibly some orders, are left to the next run\\.$`,
      'm',
    ),
  );
  const [plan] = JSON.parse((await cli(t, ['plan', '--json'], { env })).stdout);
  t.is(plan.requests_per_night, 10);
  t.true(plan.requests <= 10);
  const fits = ({ job }: { job: string }) => job === 'sync-orders';
  t.false(plan.jobs.find(fits).fits);
  t.regex((await cli(t, ['plan'], { env: { ...env, [limit]: '100000' } })).stdout, /=100000 is enough\.$/m);
});

test('a list that the API refuses is a row with the reason, and the exit status is 1', async (t) => {
  const refusing = await startSandbox({ numbers: 10, oddities: { 'forbid-portins': 1 } });
  t.teardown(() => refusing.close());
  const env = settingsOf(refusing, (await makeDatabase(t, server)).url);
  const { status, stdout } = await cli(t, ['plan'], { env });
  t.is(status, 1);
  t.regex(stdout, /^sync-portins +\? {2}.*portins.* 403/m);
  t.regex(stdout, /^sync-orders +\d+ {2}\d+ pages of lists/m);
  const [plan] = JSON.parse((await cli(t, ['plan', '--json'], { env })).stdout);
  const [refused] = plan.jobs.filter(({ job }: { job: string }) => job === 'sync-portins');
  t.like(refused, { requests: null, reason: null, fits: true });
  t.regex(refused.error, /portins/);
});

test('refused credentials are reported once, with the fix', async (t) => {
  const env = { ...settingsOf(sandbox, (await makeDatabase(t, server)).url), BANDWIDTH_CLIENT_SECRET: 'wrong' };
  const { status, stdout } = await cli(t, ['plan'], { env });
  t.is(status, 1);
  t.is(stdout.match(/rejected the client credentials/g)?.length, 1, stdout);
  t.regex(stdout, /Check BANDWIDTH_CLIENT_ID/);
  t.regex(stdout, /\nFor the same reason, the other jobs were not estimated\.\n$/);
});
