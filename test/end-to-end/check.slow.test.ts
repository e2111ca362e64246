import { execSync } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { migrationNames } from '../../migrations/index.js';
import { readRepeatables } from '../../migrations/repeatable.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { isRoot, nobody } from '../database/support/accounts.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import {
  cli,
  cliProcess,
  type Env,
  makeDatabase,
  makeEmptyDatabase,
  makeFolder,
  startProxy,
  startServer,
  settingsOf as usualSettings,
} from './support.js';

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 50 })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

const settingsOf = (...of: Parameters<typeof usualSettings>): Env => ({
  ...usualSettings(...of),
  TN_LEDGER_ASSIGNMENT_REPORT: 'weekly',
  TN_LEDGER_KEEP_NOTES: '1',
});

/** The verdict and the text of each line, by check. */
function verdicts(stdout: string): Record<string, { verdict: string; text: string }> {
  const lines = stdout.trimEnd().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [, verdict = '', title = '', text = ''] = /^(\w+) +([^:]+): (.+)$/.exec(line) ?? [];
      return [title, { verdict, text }];
    }),
  );
}

test('with a valid setup, each check prints one aligned line with ok', async (t) => {
  const { url } = await makeEmptyDatabase(t, server);
  const { status, stdout, stderr } = await cliProcess(t, ['check'], { env: settingsOf(sandbox, url) });
  t.is(status, 0);
  t.is(stderr, '');
  const lines = verdicts(stdout);
  t.deepEqual(Object.keys(lines), [
    'configuration',
    'variables',
    'data folder',
    'folders',
    'file modes',
    'database',
    'migrations',
    'database rights',
    'disk space',
    'credentials kind',
    'token',
    'account 9900000',
    'account 9900000, in-service numbers',
    'account 9900000, number details (/tns)',
    'account 9900000, sub-accounts and locations (sites)',
    'account 9900000, number orders',
    'account 9900000, disconnect orders',
    'account 9900000, disconnected numbers',
    'account 9900000, port-ins',
    'account 9900000, bulk port-ins',
    'account 9900000, port-outs',
    'account 9900000, LSR orders',
    'account 9900000, import orders',
    'account 9900000, orders that remove imported numbers',
    'account 9900000, external number orders',
    'account 9900000, number assignment',
    'account 9900000, TN option orders',
    'account 9900000, LIDB orders',
    'account 9900000, directory listing orders',
    'account 9900000, E911 orders',
    'account 9900000, rate centers',
    'account 9900000, histories of port-ins',
    'account 9900000, notes of port-ins',
    'account 9900000, histories of number orders',
    'account 9900000, notes of number orders',
    'account 9900000, notes of disconnect orders',
    'account 9900000, billing reports',
    'account 9900000, assignment reports',
    'account 9900000, histories of single numbers (/tns/{tn}/history)',
    'clock',
    'database clock',
  ]);
  for (const [title, { verdict }] of Object.entries(lines)) t.is(verdict, 'ok', title);
  t.regex(lines.database?.text ?? '', new RegExp(`^127\\.0\\.0\\.1:\\d+/test_\\w+, PostgreSQL ${server.major}$`));
  t.is(
    lines.migrations?.text,
    `${migrationNames.length + readRepeatables().length + 1} applied, because the database had no ledger`,
  );
  for (const line of stdout.trimEnd().split('\n')) t.regex(line, /^ok {6}\S/);
});

test('check works with settings from .env and secrets in files', async (t) => {
  const cwd = await makeFolder(t);
  const { BANDWIDTH_CLIENT_SECRET = '', ...rest } = settingsOf(sandbox, (await makeDatabase(t, server)).url);
  await writeFile(join(cwd, 'secret'), `${BANDWIDTH_CLIENT_SECRET}\n`);
  const lines = Object.entries({ ...rest, BANDWIDTH_CLIENT_SECRET_FILE: 'secret' }).map(([k, v]) => `${k}=${v}\n`);
  await writeFile(join(cwd, '.env'), lines.join(''));
  const { status, stdout } = await cli(t, ['check'], { cwd });
  t.is(status, 0);
  t.is(verdicts(stdout)['account 9900000']?.verdict, 'ok');
});

test('Basic credentials work, with a warning', async (t) => {
  const { BANDWIDTH_CLIENT_ID, BANDWIDTH_CLIENT_SECRET, ...rest } = settingsOf(
    sandbox,
    (await makeDatabase(t, server)).url,
  );
  const env = { ...rest, BANDWIDTH_USERNAME: sandbox.username, BANDWIDTH_PASSWORD: sandbox.password };
  const { status, stdout, stderr } = await cli(t, ['check'], { env });
  t.is(status, 0);
  const lines = verdicts(stdout);
  t.is(lines['credentials kind']?.verdict, 'warning');
  t.regex(lines['credentials kind']?.text ?? '', /which Bandwidth is retiring.*set BANDWIDTH_CLIENT_ID/);
  t.is(lines['account 9900000']?.verdict, 'ok');
  t.regex(stderr, /which Bandwidth is retiring/);
});

test('without the database, only the token is requested, and every other check of the API is skipped', async (t) => {
  const own = await startSandbox({ numbers: 5 });
  t.teardown(own.close);
  const env = settingsOf(own, 'postgresql://u:some-password@127.0.0.1:1/none');
  const { status, stdout, stderr } = await cli(t, ['check'], { env, alsoSecret: ['some-password'] });
  t.is(status, 1);
  const lines = verdicts(stdout);
  t.regex(
    lines.database?.text ?? '',
    /^The database 127\.0\.0\.1:1\/none is not reachable: .*\. Check that the server is running/,
  );
  t.is(lines.migrations?.verdict, 'skipped');
  t.is(lines.token?.verdict, 'ok');
  const skipped = Object.entries(lines).filter(([title]) => title.startsWith('account 9900000'));
  t.is(skipped.length, 28);
  for (const [title, line] of skipped) {
    const text = 'no request was sent, because the database, which keeps the rate limit, is not available';
    t.deepEqual(line, { verdict: 'skipped', text }, title);
  }
  t.deepEqual(
    own.requests.map(({ path }) => path),
    ['/api/v1/oauth2/token'],
  );
  t.regex(stderr, /^1 of \d+ checks failed: database\.\n$/);
});

test('in a ledger of an earlier version, check applies nothing and says what to run before it asks the API', async (t) => {
  const database = await makeDatabase(t, server);
  await database.query(
    `drop function tn_ledger.lease_requests;
     delete from tn_ledger.repeatable_migrations where name = 'request-leases'`,
  );
  const { status, stdout } = await cli(t, ['check'], { env: settingsOf(sandbox, database.url) });
  t.is(status, 0);
  t.regex(verdicts(stdout).migrations?.text ?? '', /^1 pending; /);
  t.deepEqual(verdicts(stdout)['account 9900000'], {
    verdict: 'skipped',
    text: 'no request was sent, because the ledger does not keep the rate limit yet; run `tn-ledger migrate`, and check again',
  });
});

test('a failed check prints its fix, does not stop the others, and is listed on standard error', async (t) => {
  const { url } = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, url), BANDWIDTH_ACCOUNT_ID: '9900000,9999999,12345' };
  const { status, stdout, stderr } = await cli(t, ['check'], { env });
  t.is(status, 1);
  const lines = verdicts(stdout);
  t.is(lines['account 9900000']?.verdict, 'ok');
  t.regex(
    lines['account 9999999']?.text ?? '',
    /status 403: 1001 Access Denied\. The credentials have no access to account 9999999\. Check BANDWIDTH_ACCOUNT_ID.* Accounts in the token: 9900000\./,
  );
  t.deepEqual(lines['account 9999999, number orders'], { verdict: 'skipped', text: 'the account is not accessible' });
  t.regex(
    lines['account 12345']?.text ?? '',
    /status 404: .*\. There is no account 12345 at .*\. Check BANDWIDTH_ACCOUNT_ID/,
  );
  t.is(lines.clock?.verdict, 'ok');
  t.regex(stderr, /^2 of \d+ checks failed: account 9999999, account 12345\.\n$/);
});

const forbidding = [
  ['forbid-inservice-numbers', ['in-service numbers'], 'Numbers'],
  ['forbid-tns', ['number details (/tns)'], 'Numbers'],
  ['forbid-orders', ['number orders', 'disconnect orders'], 'Ordering|Disconnect'],
  ['forbid-portins', ['port-ins', 'port-outs'], 'Porting'],
  ['forbid-imports', ['import orders', 'orders that remove imported numbers'], 'External TNs'],
  ['forbid-billing', ['billing reports'], 'Billing Reports'],
] as const;
for (const [oddity, refused, role] of forbidding) {
  test(`${oddity}: only ${refused.join(' and ')} fail, with the missing role and who adds it, exit 1`, async (t) => {
    const own = await startSandbox({ numbers: 5, oddities: { [oddity]: 1 } });
    t.teardown(own.close);
    const { url } = await makeDatabase(t, server);
    const { status, stdout } = await cli(t, ['check'], { env: settingsOf(own, url) });
    t.is(status, 1);
    const lines = verdicts(stdout);
    const failed = Object.keys(lines).filter((title) => lines[title]?.verdict === 'failed');
    t.deepEqual([...failed].sort(), refused.map((what) => `account 9900000, ${what}`).sort());
    for (const title of failed) {
      t.regex(
        lines[title]?.text ?? '',
        new RegExp(
          `status 403: the credentials have no access to .* of account 9900000: the role (${role}) is missing\\. Have an account admin add it in the Bandwidth App .*Bandwidth account manager\\. Roles in the token: \\w`,
        ),
      );
      t.notRegex(lines[title]?.text ?? '', /BANDWIDTH_ACCOUNT_ID/);
    }
  });
}

test('a missing role for an optional resource is a warning with the job name, exit 0', async (t) => {
  const own = await startSandbox({
    numbers: 5,
    oddities: { 'forbid-features': 1, 'forbid-sites': 1, 'forbid-rate-centers': 1, 'forbid-histories': 1 },
  });
  t.teardown(own.close);
  const { url } = await makeDatabase(t, server);
  const { status, stdout } = await cli(t, ['check'], { env: settingsOf(own, url) });
  t.is(status, 0, stdout);
  for (const [what, job] of [
    ['bulk port-ins', 'sync-bulk-portins'],
    ['LSR orders', 'sync-lsrorders'],
    ['external number orders', 'sync-external-tns'],
    ['TN option orders', 'sync-tnoptions'],
    ['LIDB orders', 'sync-lidbs'],
    ['directory listing orders', 'sync-dldas'],
    ['E911 orders', 'sync-e911s'],
    ['rate centers', 'sync-rate-centers'],
    ['sub-accounts and locations (sites)', 'sync-sites'],
    ['histories of single numbers (/tns/{tn}/history)', 'fetch-number-histories'],
  ] as const) {
    const line = verdicts(stdout)[`account 9900000, ${what}`];
    t.is(line?.verdict, 'warning');
    t.regex(
      line?.text ?? '',
      new RegExp(
        `status 403: the credentials have no access to ${what.replace(/[()]/g, '\\$&')} .*; ${job} skips them$`,
      ),
    );
  }
});

test('check lists only the roles in the token', async (t) => {
  const own = await startSandbox({ numbers: 5, oddities: { 'forbid-portins': 1 } });
  t.teardown(own.close);
  const { url } = await makeDatabase(t, server);
  const { stdout } = await cli(t, ['check'], { env: settingsOf(own, url) });
  t.is(
    verdicts(stdout).token?.text,
    'roles Numbers, Ordering, Disconnect, External TNs, Billing Reports; accounts 9900000',
  );
});

test('number assignment: a missing role fails, and a missing feature TN_ASSIGNMENT is a warning', async (t) => {
  const { url } = await makeDatabase(t, server);
  const line = async (options: Parameters<typeof startSandbox>[0]) => {
    const own = await startSandbox({ numbers: 5, ...options });
    t.teardown(own.close);
    const { status, stdout } = await cli(t, ['check'], { env: settingsOf(own, url) });
    return { status, ...verdicts(stdout)['account 9900000, number assignment'] };
  };
  const forbidden = await line({ oddities: { 'forbid-assignment': 1 } });
  t.is(forbidden.status, 1);
  t.regex(
    forbidden.text ?? '',
    /a role is missing\. Bandwidth's documentation doesn't name the role\. Ask your Bandwidth account manager/,
  );
  const without = await line({ mayAssign: false });
  t.is(without.status, 0);
  t.is(without.verdict, 'warning');
  t.regex(
    without.text ?? '',
    /account 9900000 does not have the feature TN_ASSIGNMENT: .*12752.* Ask Bandwidth to enable/,
  );
});

test('the assignment report is optional: without it, check warns, and if it is off, nothing is requested', async (t) => {
  const own = await startSandbox({ numbers: 5 });
  t.teardown(own.close);
  const env = settingsOf(own, (await makeDatabase(t, server)).url);
  const line = async (more: Env = {}) => {
    const { status, stdout } = await cli(t, ['check'], { env: { ...env, ...more } });
    t.is(status, 0);
    return verdicts(stdout)['account 9900000, assignment reports'];
  };
  t.deepEqual(await line(), { verdict: 'ok', text: 'readable: 34 End-User Phone Number Assignment' });
  own.oddities = { 'no-assignment-report': 1 };
  t.like(await line(), { verdict: 'warning' });
  own.oddities = { 'forbid-reports': 1 };
  const forbidden = await line();
  t.is(forbidden?.verdict, 'warning');
  t.regex(forbidden?.text ?? '', /no access to assignment reports .*; fetch-assignment-report skips them$/);
  own.clearRequests();
  t.is((await line({ TN_LEDGER_ASSIGNMENT_REPORT: 'off' }))?.verdict, 'skipped');
  t.false(own.requests.some(({ path }) => path.endsWith('/reports')));
});

test('billing reports are checked only if report types are configured', async (t) => {
  const own = await startSandbox({ numbers: 5, oddities: { 'forbid-billing': 1 } });
  t.teardown(own.close);
  const { url } = await makeDatabase(t, server);
  const { status, stdout } = await cli(t, ['check'], { env: { ...settingsOf(own, url), TN_LEDGER_BILLING_TYPES: '' } });
  t.is(status, 0);
  t.is(verdicts(stdout)['account 9900000, billing reports']?.verdict, 'skipped');
});

test('with Basic credentials, a missing role is reported with the advice to use client credentials', async (t) => {
  const own = await startSandbox({ numbers: 5, oddities: { 'forbid-tns': 1 } });
  t.teardown(own.close);
  const { BANDWIDTH_CLIENT_ID, BANDWIDTH_CLIENT_SECRET, ...rest } = settingsOf(
    own,
    (await makeDatabase(t, server)).url,
  );
  const env = { ...rest, BANDWIDTH_USERNAME: own.username, BANDWIDTH_PASSWORD: own.password };
  const { status, stdout } = await cli(t, ['check'], { env });
  t.is(status, 1);
  t.regex(
    verdicts(stdout)['account 9900000, number details (/tns)']?.text ?? '',
    /the role Numbers is missing\. Roles of API users can no longer be changed\. Have .*client credentials/,
  );
});

test('histories and notes are optional: without access, check warns, and notes are requested only if they are kept', async (t) => {
  const own = await startSandbox({ numbers: 5, oddities: { 'forbid-order-history': 1 } });
  t.teardown(own.close);
  const { url } = await makeDatabase(t, server);
  const { status, stdout } = await cli(t, ['check'], { env: settingsOf(own, url) });
  t.is(status, 0, stdout);
  for (const what of ['histories of port-ins', 'notes of disconnect orders']) {
    const line = verdicts(stdout)[`account 9900000, ${what}`];
    t.is(line?.verdict, 'warning');
    t.regex(line?.text ?? '', /status 403: the credentials have no access to .*; sync-order-history skips them$/);
  }
  own.clearRequests();
  const without = await cli(t, ['check'], { env: { ...settingsOf(own, url), TN_LEDGER_KEEP_NOTES: '0' } });
  t.is(verdicts(without.stdout)['account 9900000, notes of port-ins']?.verdict, 'skipped');
  t.false(own.requests.some(({ path }) => path.endsWith('/notes')));
});

const noOrder = '00000000-0000-0000-0000-000000000000';

test('check sends the smallest request that each resource allows', async (t) => {
  const own = await startSandbox({ numbers: 5000 });
  t.teardown(own.close);
  const { url } = await makeDatabase(t, server);
  t.is((await cli(t, ['check'], { env: settingsOf(own, url) })).status, 0);
  const asked = own.requests.map(
    ({ method, path, query: { size = '-' } }) => `${method} ${path.split('/').slice(2).join('/')} ${size}`,
  );
  t.deepEqual(asked, [
    'POST v1/oauth2/token -',
    'GET accounts/9900000 -',
    'GET accounts/9900000/inserviceNumbers/totals -',
    'GET tns 1',
    'GET accounts/9900000/sites -',
    'GET accounts/9900000/orders 1',
    'GET accounts/9900000/disconnects 1',
    'GET accounts/9900000/discnumbers/totals -',
    'GET accounts/9900000/portins 1',
    'GET accounts/9900000/bulkPortins 1',
    'GET accounts/9900000/portouts 1',
    'GET accounts/9900000/lsrorders -',
    'GET accounts/9900000/importTnOrders -',
    'GET accounts/9900000/removeImportedTnOrders -',
    'GET accounts/9900000/externalTns -',
    'GET accounts/9900000/numbersAssignment -',
    'GET accounts/9900000/products -',
    'GET accounts/9900000/tnoptions -',
    'GET accounts/9900000/lidbs -',
    'GET accounts/9900000/dldas -',
    'GET accounts/9900000/e911s -',
    'GET coveredRateCenters 1',
    `GET accounts/9900000/portins/${noOrder}/history -`,
    `GET accounts/9900000/portins/${noOrder}/notes -`,
    `GET accounts/9900000/orders/${noOrder}/history -`,
    `GET accounts/9900000/orders/${noOrder}/notes -`,
    `GET accounts/9900000/disconnects/${noOrder}/notes -`,
    'GET accounts/9900000/billingreports -',
    'GET accounts/9900000/reports -',
    'GET tns/2025550100/history -',
  ]);
});

test('without BANDWIDTH_ACCOUNT_ID, check uses the accounts in the token, with one token request', async (t) => {
  const own = await startSandbox({
    accounts: [
      { id: '9900002', numbers: 3 },
      { id: '9900001', numbers: 2 },
    ],
  });
  t.teardown(own.close);
  const { BANDWIDTH_ACCOUNT_ID, ...env } = settingsOf(own, (await makeDatabase(t, server)).url);
  const { status, stdout } = await cli(t, ['check'], { env });
  t.is(status, 0);
  const lines = verdicts(stdout);
  t.is(lines.accounts?.text, '9900001, 9900002, from the token');
  t.is(lines['account 9900001, in-service numbers']?.text, '2');
  t.is(lines['account 9900002, in-service numbers']?.text, '3');
  t.is(own.requests.filter(({ path }) => path.endsWith('/token')).length, 1);
  t.notRegex(stdout, /eyJ/);
});

for (const [oddity, told] of [
  ['no-token-accounts', /lists no accounts because its credentials are system-wide\. Set BANDWIDTH_ACCOUNT_ID/],
  ['opaque-token', /does not list its accounts\. Set BANDWIDTH_ACCOUNT_ID/],
] as const) {
  test(`${oddity}: check requires BANDWIDTH_ACCOUNT_ID, exit 2, and passes with it`, async (t) => {
    const own = await startSandbox({ numbers: 5, oddities: { [oddity]: 1 } });
    t.teardown(own.close);
    const { BANDWIDTH_ACCOUNT_ID = '', ...env } = settingsOf(own, (await makeDatabase(t, server)).url);
    const without = await cli(t, ['check'], { env });
    t.is(without.status, 2);
    t.regex(verdicts(without.stdout).accounts?.text ?? '', told);
    const set = await cli(t, ['check'], { env: { ...env, BANDWIDTH_ACCOUNT_ID } });
    t.is(set.status, 0);
    t.is(verdicts(set.stdout)['account 9900000']?.verdict, 'ok');
  });
}

test('an unknown variable with our prefix is a warning with the closest known name', async (t) => {
  const { url } = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  await writeFile(join(cwd, '.env'), 'TN_LEDGER_BILING_TYPES=MDR\n');
  const { status, stdout, stderr } = await cli(t, ['check'], {
    cwd,
    env: { ...settingsOf(sandbox, url), BANDWIDTH_XYZZY: '1' },
  });
  t.is(status, 0);
  t.is(stderr, '');
  t.deepEqual(verdicts(stdout).variables, {
    verdict: 'warning',
    text: 'BANDWIDTH_XYZZY is set but has no effect; TN_LEDGER_BILING_TYPES is set but has no effect; did you mean TN_LEDGER_BILLING_TYPES?',
  });
});

test('a database user who may not create schemas or tables fails with the required grant', async (t) => {
  const database = await makeDatabase(t, server);
  const user = new URL(database.url);
  const name = `limited_${database.name}`;
  await database.querySuperuser(`create role ${name} login password 'limited-password'`);
  t.teardown(() => database.querySuperuser(`drop owned by ${name}; drop role ${name}`));
  user.username = name;
  user.password = 'limited-password';
  const rights = async () => {
    const { status, stdout } = await cli(t, ['check'], {
      env: settingsOf(sandbox, user.href),
      alsoSecret: ['limited-password'],
    });
    return { status, ...verdicts(stdout)['database rights'] };
  };
  t.deepEqual(await rights(), {
    status: 1,
    verdict: 'failed',
    text: `User ${name} may not create schemas in the database ${database.name}. Have an administrator run: grant create on database ${database.name} to ${name}.`,
  });
  await database.querySuperuser(`grant create on database ${database.name} to ${name}`);
  const second = await rights();
  t.is(second.status, 1);
  t.regex(second.text ?? '', /may not create tables in tn_ledger.* grant create, usage on schema tn_ledger/);
});

test('an output folder that is a file or is not writable fails with its path', async (t) => {
  const { url } = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  await mkdir(join(cwd, 'data', 'inbox'), { recursive: true });
  await writeFile(join(cwd, 'data', 'outbox'), '');
  const env = settingsOf(sandbox, url);
  const file = await cli(t, ['check'], { cwd, env });
  t.is(file.status, 1);
  t.regex(
    verdicts(file.stdout).folders?.text ?? '',
    /\/data\/outbox must be a folder, but is a file\. Move the file elsewhere/,
  );
  await chmod(join(cwd, 'data'), 0o755);
  await chmod(join(cwd, 'data', 'inbox'), 0o555);
  await rm(join(cwd, 'data', 'outbox'));
  const closed = await cliProcess(t, ['check'], { cwd, env, ...(isRoot && { account: nobody }) });
  t.is(closed.status, 1);
  t.regex(
    verdicts(closed.stdout).folders?.text ?? '',
    /\/data\/inbox is not writable\. Give the user write permission/,
  );
});

test('rejected credentials are reported with the variables to check', async (t) => {
  const { url } = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, url), BANDWIDTH_CLIENT_SECRET: 'wrong-client-secret' };
  const { status, stdout } = await cli(t, ['check'], { env, alsoSecret: ['wrong-client-secret'] });
  t.is(status, 1);
  t.regex(
    verdicts(stdout)['account 9900000']?.text ?? '',
    /401.*Check BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET/,
  );
});

test('a wrong API URL is reported after two attempts: web page, unknown host, refused connection', async (t) => {
  const { url } = await makeDatabase(t, server);
  const origin = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><html><body>Welcome</body></html>');
  });
  const settings = settingsOf(sandbox, url);
  const told = async (changes: Record<string, string>) => {
    const { status, stdout } = await cli(t, ['check'], { env: { ...settings, ...changes } });
    t.is(status, 1);
    return verdicts(stdout)['account 9900000']?.text ?? '';
  };
  const [page, host, refused, token] = await Promise.all([
    told({ BANDWIDTH_API_URL: `${origin}/api` }),
    told({ BANDWIDTH_API_URL: 'https://api.bandwidht.invalid/api' }),
    told({ BANDWIDTH_API_URL: 'http://127.0.0.1:1/api' }),
    told({ BANDWIDTH_TOKEN_URL: `${origin}/token` }),
  ]);
  t.regex(
    page,
    /2 tries.*HTML instead of XML\. BANDWIDTH_API_URL may point to something that is not the Dashboard API/,
  );
  t.regex(host, /2 tries.*api\.bandwidht\.invalid\. Check the connection and BANDWIDTH_API_URL/);
  t.regex(refused, /2 tries.*ECONNREFUSED.*\. Check the connection and BANDWIDTH_API_URL/);
  t.regex(token, /2 tries.*returned no access_token\. Check the connection and BANDWIDTH_TOKEN_URL/);
});

test('a clock minutes off the API’s is a warning with the difference, and hours off is a failure', async (t) => {
  const { url } = await makeDatabase(t, server);
  const checkBehind = async (minutes: number) => {
    const date = new Date(Date.now() - minutes * 60_000).toUTCString();
    const origin = await startProxy(t, sandbox, () => undefined, { date });
    const { status, stdout } = await cli(t, ['check'], { env: settingsOf(sandbox, url, origin) });
    t.is(verdicts(stdout)['database clock']?.verdict, verdicts(stdout).clock?.verdict);
    return { status, ...verdicts(stdout).clock };
  };
  const minutes = await checkBehind(5);
  t.like(minutes, { status: 0, verdict: 'warning' });
  t.regex(minutes.text ?? '', /^5 min \d+ s ahead of the API's: synchronize it with NTP$/);
  const hours = await checkBehind(120);
  t.like(hours, { status: 1, verdict: 'failed' });
  t.regex(
    hours.text ?? '',
    /^2 h 0 min ahead of the API's: no job will run\. Synchronize this machine's clock \(timedatectl set-ntp true\), or/,
  );
});

test('files with wider permissions than TN_LEDGER_FILE_MODE are a warning with a chmod command', async (t) => {
  const { url } = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const folder = join(cwd, 'data', 'reports');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'report.html'), '');
  await chmod(join(folder, 'report.html'), 0o644);
  const env = settingsOf(sandbox, url);
  const check = async (more: Env = {}) => {
    const { status, stdout } = await cli(t, ['check'], { cwd, env: { ...env, ...more } });
    t.is(status, 0, stdout);
    return verdicts(stdout)['file modes'];
  };
  const loose = await check();
  t.is(loose?.verdict, 'warning');
  t.regex(loose?.text ?? '', /report\.html: wider permissions than TN_LEDGER_FILE_MODE; chmod -R g=,o= /);
  t.is((await check({ TN_LEDGER_FILE_MODE: '0644' }))?.verdict, 'ok');
  execSync((loose?.text ?? '').replace(/.*; chmod/, 'chmod'));
  t.is((await check())?.verdict, 'ok');
});
