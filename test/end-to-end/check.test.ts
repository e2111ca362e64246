import { execSync } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { migrations } from '../../migrations/index.js';
import { readRepeatables } from '../../migrations/repeatable.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { isRoot, nobody } from '../database/support/accounts.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import {
  cli,
  type Env,
  makeDatabase,
  makeEmptyDatabase,
  makeFolder,
  settingsOf,
  startProxy,
  startServer,
} from './support.js';

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 50 })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

/** The verdict and the text of each line, by what was checked. */
function verdicts(stdout: string): Record<string, { verdict: string; text: string }> {
  const lines = stdout.trimEnd().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [, verdict = '', title = '', text = ''] = /^(\w+) +([^:]+): (.+)$/.exec(line) ?? [];
      return [title, { verdict, text }];
    }),
  );
}

test('with everything in place each check is a line that says ok, in one column', async (t) => {
  const { url } = await makeEmptyDatabase(t, server);
  const { status, stdout, stderr } = await cli(t, ['check'], { env: settingsOf(sandbox, url) });
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
    'account 9900000, number orders',
    'account 9900000, disconnect orders',
    'account 9900000, disconnected numbers',
    'account 9900000, port-ins',
    'account 9900000, port-outs',
    'account 9900000, import orders',
    'account 9900000, orders that remove imported numbers',
    'account 9900000, number assignment',
    'account 9900000, billing reports',
    'clock',
  ]);
  for (const [title, { verdict }] of Object.entries(lines)) t.is(verdict, 'ok', title);
  t.regex(lines.database?.text ?? '', new RegExp(`^127\\.0\\.0\\.1:\\d+/test_\\w+, PostgreSQL ${server.major}$`));
  t.is(
    lines.migrations?.text,
    `${migrations.length + readRepeatables().length} pending; the next \`tn-ledger run\` or \`tn-ledger migrate\` applies them`,
  );
  for (const line of stdout.trimEnd().split('\n')) t.regex(line, /^ok {6}\S/);
});

test('it works from .env alone, and with secrets in files', async (t) => {
  const cwd = await makeFolder(t);
  const { BANDWIDTH_CLIENT_SECRET = '', ...rest } = settingsOf(sandbox, (await makeEmptyDatabase(t, server)).url);
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
    (await makeEmptyDatabase(t, server)).url,
  );
  const env = { ...rest, BANDWIDTH_USERNAME: sandbox.username, BANDWIDTH_PASSWORD: sandbox.password };
  const { status, stdout, stderr } = await cli(t, ['check'], { env });
  t.is(status, 0);
  const lines = verdicts(stdout);
  t.is(lines['credentials kind']?.verdict, 'warning');
  t.regex(lines['credentials kind']?.text ?? '', /whose end Bandwidth has announced.*set BANDWIDTH_CLIENT_ID/);
  t.is(lines['account 9900000']?.verdict, 'ok');
  t.regex(stderr, /whose end Bandwidth has announced/);
});

test('a check that fails keeps no other from running; it names the mend, and standard error names what failed', async (t) => {
  const env = {
    ...settingsOf(sandbox, 'postgresql://u:some-password@127.0.0.1:1/none'),
    BANDWIDTH_ACCOUNT_ID: '9900000,9999999,12345',
  };
  const { status, stdout, stderr } = await cli(t, ['check'], { env, alsoSecret: ['some-password'] });
  t.is(status, 1);
  const lines = verdicts(stdout);
  t.regex(
    lines.database?.text ?? '',
    /^The database 127\.0\.0\.1:1\/none is not reachable: .*\. Check that the server runs/,
  );
  t.is(lines.migrations?.verdict, 'skipped');
  t.is(lines['account 9900000']?.verdict, 'ok');
  t.regex(
    lines['account 9999999']?.text ?? '',
    /status 403: 1001 Access Denied\. The credentials do not reach account 9999999: check BANDWIDTH_ACCOUNT_ID.* Their token names 9900000\./,
  );
  t.deepEqual(lines['account 9999999, number orders'], { verdict: 'skipped', text: 'the account was not reached' });
  t.regex(
    lines['account 12345']?.text ?? '',
    /status 404: .*\. There is no account 12345 at .*: check BANDWIDTH_ACCOUNT_ID/,
  );
  t.is(lines.clock?.verdict, 'ok');
  t.regex(stderr, /^3 of \d+ checks failed: database, account 9999999, account 12345\.\n$/);
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
  test(`${oddity}: the lines of ${refused.join(' and ')} name the missing role and who adds it, exit 1; the others are ok`, async (t) => {
    const own = await startSandbox({ numbers: 5, oddities: { [oddity]: 1 } });
    t.teardown(own.close);
    const { url } = await makeEmptyDatabase(t, server);
    const { status, stdout } = await cli(t, ['check'], { env: settingsOf(own, url) });
    t.is(status, 1);
    const lines = verdicts(stdout);
    const failed = Object.keys(lines).filter((title) => lines[title]?.verdict !== 'ok');
    t.deepEqual([...failed].sort(), refused.map((what) => `account 9900000, ${what}`).sort());
    for (const title of failed) {
      t.regex(
        lines[title]?.text ?? '',
        new RegExp(
          `status 403: the credentials may not use .* of account 9900000: the role (${role}) is missing\\. An account admin adds it in the Bandwidth App .*Bandwidth account manager\\. Roles in the token: \\w`,
        ),
      );
      t.notRegex(lines[title]?.text ?? '', /BANDWIDTH_ACCOUNT_ID/);
    }
  });
}

test('a role that the credentials lack is not among those of the token that check shows', async (t) => {
  const own = await startSandbox({ numbers: 5, oddities: { 'forbid-portins': 1 } });
  t.teardown(own.close);
  const { url } = await makeEmptyDatabase(t, server);
  const { stdout } = await cli(t, ['check'], { env: settingsOf(own, url) });
  t.is(
    verdicts(stdout).token?.text,
    'roles Numbers, Ordering, Disconnect, External TNs, Billing Reports; accounts 9900000',
  );
});

test('number assignment: without a documented role the line says so; without the feature TN_ASSIGNMENT it is a warning', async (t) => {
  const { url } = await makeEmptyDatabase(t, server);
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
    /a role is missing\. Bandwidth's documents do not name that role: ask your Bandwidth account manager/,
  );
  const without = await line({ mayAssign: false });
  t.is(without.status, 0);
  t.is(without.verdict, 'warning');
  t.regex(
    without.text ?? '',
    /account 9900000 does not have the feature TN_ASSIGNMENT: .*12752.* Ask Bandwidth to enable/,
  );
});

test('billing reports count only where report types are configured', async (t) => {
  const own = await startSandbox({ numbers: 5, oddities: { 'forbid-billing': 1 } });
  t.teardown(own.close);
  const { url } = await makeEmptyDatabase(t, server);
  const { status, stdout } = await cli(t, ['check'], { env: { ...settingsOf(own, url), TN_LEDGER_BILLING_TYPES: '' } });
  t.is(status, 0);
  t.is(verdicts(stdout)['account 9900000, billing reports']?.verdict, 'skipped');
});

test('with Basic credentials a missing role can only come with client credentials, and check says so', async (t) => {
  const own = await startSandbox({ numbers: 5, oddities: { 'forbid-tns': 1 } });
  t.teardown(own.close);
  const { BANDWIDTH_CLIENT_ID, BANDWIDTH_CLIENT_SECRET, ...rest } = settingsOf(
    own,
    (await makeEmptyDatabase(t, server)).url,
  );
  const env = { ...rest, BANDWIDTH_USERNAME: own.username, BANDWIDTH_PASSWORD: own.password };
  const { status, stdout } = await cli(t, ['check'], { env });
  t.is(status, 1);
  t.regex(
    verdicts(stdout)['account 9900000, number details (/tns)']?.text ?? '',
    /the role Numbers is missing\. Roles of API users can no longer be changed: .*client credentials/,
  );
});

test('every request of check is as small as the resource allows', async (t) => {
  const own = await startSandbox({ numbers: 5000 });
  t.teardown(own.close);
  const { url } = await makeEmptyDatabase(t, server);
  t.is((await cli(t, ['check'], { env: settingsOf(own, url) })).status, 0);
  const asked = own.requests.map(
    ({ method, path, query: { size = '-' } }) => `${method} ${path.split('/').slice(2).join('/')} ${size}`,
  );
  t.deepEqual(asked, [
    'POST v1/oauth2/token -',
    'GET accounts/9900000 -',
    'GET accounts/9900000/inserviceNumbers/totals -',
    'GET tns 1',
    'GET accounts/9900000/orders 1',
    'GET accounts/9900000/disconnects 1',
    'GET accounts/9900000/discnumbers/totals -',
    'GET accounts/9900000/portins 1',
    'GET accounts/9900000/portouts 1',
    'GET accounts/9900000/importTnOrders -',
    'GET accounts/9900000/removeImportedTnOrders -',
    'GET accounts/9900000/numbersAssignment -',
    'GET accounts/9900000/products -',
    'GET accounts/9900000/billingreports -',
  ]);
});

test('without BANDWIDTH_ACCOUNT_ID the accounts of the token are checked, with one token', async (t) => {
  const own = await startSandbox({
    accounts: [
      { id: '9900002', numbers: 3 },
      { id: '9900001', numbers: 2 },
    ],
  });
  t.teardown(own.close);
  const { BANDWIDTH_ACCOUNT_ID, ...env } = settingsOf(own, (await makeEmptyDatabase(t, server)).url);
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
  ['no-token-accounts', /names no account: its credentials are system-wide\. Set BANDWIDTH_ACCOUNT_ID/],
  ['opaque-token', /does not say which accounts it is for\. Set BANDWIDTH_ACCOUNT_ID/],
] as const) {
  test(`${oddity}: without BANDWIDTH_ACCOUNT_ID check asks for it, exit 2; with it, all is well`, async (t) => {
    const own = await startSandbox({ numbers: 5, oddities: { [oddity]: 1 } });
    t.teardown(own.close);
    const { BANDWIDTH_ACCOUNT_ID = '', ...env } = settingsOf(own, (await makeEmptyDatabase(t, server)).url);
    const without = await cli(t, ['check'], { env });
    t.is(without.status, 2);
    t.regex(verdicts(without.stdout).accounts?.text ?? '', told);
    const set = await cli(t, ['check'], { env: { ...env, BANDWIDTH_ACCOUNT_ID } });
    t.is(set.status, 0);
    t.is(verdicts(set.stdout)['account 9900000']?.verdict, 'ok');
  });
}

test('a variable that looks like ours and is not is a warning with the name that was probably meant', async (t) => {
  const { url } = await makeEmptyDatabase(t, server);
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
    text: 'BANDWIDTH_XYZZY is set and has no effect; TN_LEDGER_BILING_TYPES is set and has no effect; did you mean TN_LEDGER_BILLING_TYPES?',
  });
});

test('a user who may not create schemas, or anything in them, fails with the grant that helps', async (t) => {
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
    text: `User ${name} may not create schemas in the database ${database.name}. An administrator grants it: grant create on database ${database.name} to ${name}.`,
  });
  await database.querySuperuser(`grant create on database ${database.name} to ${name}`);
  const second = await rights();
  t.is(second.status, 1);
  t.regex(second.text ?? '', /may not create tables in tn_ledger.* grant create, usage on schema tn_ledger/);
});

test('folders that jobs write to: a file in the place of one, and one that may not be written, fail by name', async (t) => {
  const { url } = await makeEmptyDatabase(t, server);
  const cwd = await makeFolder(t);
  await mkdir(join(cwd, 'data', 'inbox'), { recursive: true });
  await writeFile(join(cwd, 'data', 'outbox'), '');
  const env = settingsOf(sandbox, url);
  const file = await cli(t, ['check'], { cwd, env });
  t.is(file.status, 1);
  t.regex(
    verdicts(file.stdout).folders?.text ?? '',
    /\/data\/outbox must be a folder and is a file\. Move the file away/,
  );
  if (!isRoot) await chmod(join(cwd, 'data', 'inbox'), 0o555);
  await rm(join(cwd, 'data', 'outbox'));
  const closed = await cli(t, ['check'], { cwd, env, ...(isRoot && { account: nobody }) });
  t.is(closed.status, 1);
  t.regex(verdicts(closed.stdout).folders?.text ?? '', /\/data\/inbox cannot be written\. Give its user the right/);
});

test('credentials that the API refuses are told with the variables to look at', async (t) => {
  const { url } = await makeEmptyDatabase(t, server);
  const env = { ...settingsOf(sandbox, url), BANDWIDTH_CLIENT_SECRET: 'wrong-client-secret' };
  const { status, stdout } = await cli(t, ['check'], { env, alsoSecret: ['wrong-client-secret'] });
  t.is(status, 1);
  t.regex(
    verdicts(stdout)['account 9900000']?.text ?? '',
    /401.*Check BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET/,
  );
});

test('an address where there is no API is told after two tries: a web page, an unknown host, nothing at all', async (t) => {
  const { url } = await makeEmptyDatabase(t, server);
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
  t.regex(token, /2 tries.*without an access_token\. Check the connection and BANDWIDTH_TOKEN_URL/);
});

test('a clock that is minutes off from the API’s is a warning that says by how much and which way, and one that is hours off fails', async (t) => {
  const { url } = await makeEmptyDatabase(t, server);
  const checkBehind = async (minutes: number) => {
    const date = new Date(Date.now() - minutes * 60_000).toUTCString();
    const origin = await startProxy(t, sandbox, () => undefined, { date });
    const { status, stdout } = await cli(t, ['check'], { env: settingsOf(sandbox, url, origin) });
    return { status, ...verdicts(stdout).clock };
  };
  const minutes = await checkBehind(5);
  t.like(minutes, { status: 0, verdict: 'warning' });
  t.regex(minutes.text ?? '', /^5 min \d+ s ahead of the API's: set it by NTP$/);
  const hours = await checkBehind(120);
  t.like(hours, { status: 1, verdict: 'failed' });
  t.regex(hours.text ?? '', /^2 h 0 min ahead of the API's: no job reads anything\. Set the clock by NTP, or/);
});

test('files that more users may read than TN_LEDGER_FILE_MODE says are a warning with the command that closes them', async (t) => {
  const { url } = await makeEmptyDatabase(t, server);
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
  t.regex(loose?.text ?? '', /report\.html: open to more users than TN_LEDGER_FILE_MODE says; chmod -R g=,o= /);
  t.is((await check({ TN_LEDGER_FILE_MODE: '0644' }))?.verdict, 'ok');
  execSync((loose?.text ?? '').replace(/.*; chmod/, 'chmod'));
  t.is((await check())?.verdict, 'ok');
});
