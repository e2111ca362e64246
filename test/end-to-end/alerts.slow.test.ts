import test from 'ava';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startListener, startMailServer } from '../alerts/support/listeners.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import { cli, makeDatabase, settingsOf, startProxy } from './support.js';

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 100, ...withoutOrders })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

const secretPath = '/services/secret-of-the-webhook';

test('a nightly run that fails pings and alerts, its fix is in status, and the next one reports the recovery', async (t) => {
  const database = await makeDatabase(t, server);
  const webhook = await startListener(t);
  const ping = await startListener(t);
  let forbidden = true;
  const origin = await startProxy(t, sandbox, ({ url = '' }) =>
    forbidden && /\/portins\b/.test(url) ? { status: 403 } : undefined,
  );
  const env = {
    ...settingsOf(sandbox, database.url, origin),
    TN_LEDGER_ALERT_WEBHOOK: `${webhook.origin}${secretPath}`,
    TN_LEDGER_PING_URL: `${ping.origin}/ping/secret-of-the-ping`,
  };
  const options = { env, alsoSecret: [secretPath, 'secret-of-the-ping'] };
  t.is((await cli(t, ['run', 'nightly'], options)).status, 1);
  const alerts = () =>
    webhook.received
      .splice(0)
      .map(({ body }): string => JSON.parse(body).text)
      .filter((text) => !text.startsWith('tn-ledger: digest'));
  const [alert, ...others] = alerts();
  t.deepEqual(others, []);
  t.regex(
    alert ?? '',
    /^tn-ledger: sync-portins of account 9900000 is failing since .+\n\n.+\n- sync-portins of account 9900000: portins never loaded completely\nFix: .*Porting/,
  );
  t.deepEqual(
    ping.received.splice(0).map(({ path }) => path),
    ['/ping/secret-of-the-ping/start', '/ping/secret-of-the-ping/1'],
  );
  const { stdout } = await cli(t, ['status'], { env });
  t.regex(
    stdout,
    /^sync-portins of account 9900000 failed: .+\n {2}.*Porting.* To run it again: `tn-ledger run sync-portins --account 9900000`$/m,
  );

  forbidden = false;
  t.is((await cli(t, ['run', 'nightly'], options)).status, 0);
  t.regex(alerts().join(), /^tn-ledger: recovered: sync-portins of account 9900000 is working again/);
  t.regex(ping.received[1]?.body ?? '', /^job +account +result/);
  t.is(ping.received[1]?.path, '/ping/secret-of-the-ping/0');
});

test('a run that cannot reach the database alerts, and a failing alert changes nothing', async (t) => {
  const webhook = await startListener(t);
  const env = {
    ...settingsOf(sandbox, 'postgresql://user:other-password@127.0.0.1:1/ledger'),
    TN_LEDGER_ALERT_WEBHOOK: `${webhook.origin}${secretPath}`,
    TN_LEDGER_PING_URL: 'http://127.0.0.1:1/ping/secret-of-the-ping',
  };
  const { status, stderr } = await cli(t, ['run', 'nightly'], {
    env,
    alsoSecret: [secretPath, 'secret-of-the-ping', 'other-password'],
  });
  t.is(status, 1);
  t.regex(stderr, /The ping \/start to TN_LEDGER_PING_URL could not be sent: connect ECONNREFUSED/);
  t.regex(webhook.received[0]?.body ?? '', /the database is failing since .+- the database: nothing is loaded until/);
});

test('a worker pings around an enqueued night', async (t) => {
  const database = await makeDatabase(t, server);
  const ping = await startListener(t);
  const env = { ...settingsOf(sandbox, database.url), TN_LEDGER_PING_URL: ping.origin };
  t.is((await cli(t, ['enqueue', 'nightly'], { env })).status, 0);
  t.is((await cli(t, ['worker', '--until-done'], { env })).status, 0);
  t.deepEqual(
    ping.received.map(({ path }) => path),
    ['/start', '/0'],
  );
});

test('check --alerts sends a test message to each channel, and names the one that fails', async (t) => {
  const database = await makeDatabase(t, server);
  const webhook = await startListener(t);
  const mail = await startMailServer(t, { user: 'ops', password: 'mail-password' });
  const env = {
    ...settingsOf(sandbox, database.url),
    TN_LEDGER_BILLING_TYPES: '',
    TN_LEDGER_ALERT_WEBHOOK: `${webhook.origin}${secretPath}`,
    TN_LEDGER_ALERT_SMTP_URL: `smtp://ops:mail-password@127.0.0.1:${mail.port}`,
    TN_LEDGER_ALERT_TO: 'ops@example.com',
  };
  webhook.status = 404;
  const options = { env, alsoSecret: [secretPath, 'mail-password'] };
  const { status, stdout } = await cli(t, ['check', '--alerts'], options);
  t.is(status, 1);
  t.regex(
    stdout,
    /^failed {2}alerts by webhook: the test message was not accepted: HTTP status 404\. Check TN_LEDGER_ALERT_WEBHOOK\.$/m,
  );
  t.regex(stdout, /^ok {6}alerts by email: a test message was sent$/m);
  t.regex(mail.mails[0] ?? '', /^Subject: tn-ledger: test message/m);
});

test('status --check exits as monitoring plug-ins do, by the age of the last success of each job', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { DATABASE_URL: database.url, BANDWIDTH_ACCOUNT_ID: '1,2' };
  const check = async (...options: string[]) => {
    const { status, stdout } = await cli(t, ['status', '--check', ...options], { env });
    t.is(stdout.split('\n').length, 2, stdout);
    return `${status} ${stdout.trimEnd()}`;
  };
  const age = (interval: string) =>
    database.query(
      `update tn_ledger.sync_runs set started_at = now() - interval '${interval}', finished_at = now() - interval '${interval}'`,
    );
  t.regex(
    await check(),
    /^2 TN-LEDGER CRITICAL: 2 of 2 jobs .+: nightly of account 1 \(never succeeded\), nightly of account 2 /,
  );
  await database.query(`insert into tn_ledger.sync_runs (job, account_id, finished_at, status)
    select job, account, now(), 'succeeded' from unnest('{1,2}'::text[]) account, unnest('{nightly,sync-orders,sync-portins}'::text[]) job`);
  await age('25 hours');
  t.regex(
    await check(),
    /^0 TN-LEDGER OK: 4 jobs, the oldest success 25 h 0 min ago \| oldest=900\d\ds;93600;187200;0 late=0;;;0 failing=0;;;0$/,
  );
  t.regex(
    await check('--max-age', '13h'),
    /^1 TN-LEDGER WARNING: 4 of 4 jobs without a success in the last 13 h 0 min: sync-.+, 1 more; see tn-ledger status \|/,
  );
  t.regex(await check('--max-age', '12h'), /^2 TN-LEDGER CRITICAL: 4 of 4 jobs /);
  await database.query(
    `insert into tn_ledger.sync_runs (job, account_id, finished_at, status) values ('sync-orders', '1', now(), 'failed')`,
  );
  t.regex(await check(), /^0 TN-LEDGER OK: .+, 1 failed in the last run: tn-ledger status \| .* failing=1/);
  await age('27 hours');
  t.regex(await check(), /^1 TN-LEDGER WARNING: .+ \(27 h 0 min ago, failed\)/);

  const unreadable = { ...env, DATABASE_URL: 'postgresql://user:other-password@127.0.0.1:1/ledger' };
  const unknown = await cli(t, ['status', '--check'], { env: unreadable, alsoSecret: ['other-password'] });
  t.is(unknown.status, 3);
  t.regex(unknown.stdout, /^TN-LEDGER UNKNOWN: The database 127\.0\.0\.1:1\/ledger is not reachable.+\n$/);
  const invalid = await cli(t, ['status', '--check'], { env: { ...env, TN_LEDGER_SCHEDULE: 'x' } });
  t.is(invalid.status, 3);
  t.regex(invalid.stdout, /^TN-LEDGER UNKNOWN: 1 configuration error: - TN_LEDGER_SCHEDULE .+\n$/);
  t.is((await cli(t, ['status', '--check', '--max-age', 'old'], { env })).status, 2);
});

test('status --check reports jobs that a limit of requests has always left out', async (t) => {
  const database = await makeDatabase(t, server);
  const limited = { ...settingsOf(sandbox, database.url), TN_LEDGER_REQUESTS_PER_NIGHT: '1' };
  t.is((await cli(t, ['run', 'nightly'], { env: limited })).status, 0);
  const { status, stdout } = await cli(t, ['status', '--check'], { env: limited });
  t.is(status, 1);
  t.regex(
    stdout,
    /^TN-LEDGER WARNING: .*: sync-inservice-numbers of account 9900000 \(never succeeded, left out by TN_LEDGER_REQUESTS_PER_NIGHT\), /,
  );
});
