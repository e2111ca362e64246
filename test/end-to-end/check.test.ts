import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { migrations } from '../../migrations/index.js';
import { readRepeatables } from '../../migrations/repeatable.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { cli, makeEmptyDatabase, makeFolder, settingsOf, startProxy, startServer } from './support.js';

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
    'credentials kind',
    'data folder',
    'database',
    'migrations',
    'account 9900000',
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
    /status 403: 1001 Access Denied\. The credentials do not reach account 9999999: check BANDWIDTH_ACCOUNT_ID/,
  );
  t.regex(
    lines['account 12345']?.text ?? '',
    /status 404: .*\. There is no account 12345 at .*: check BANDWIDTH_ACCOUNT_ID/,
  );
  t.is(lines.clock?.verdict, 'ok');
  t.is(stderr, '3 of 9 checks failed: database, account 9999999, account 12345.\n');
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

test('a clock that is off from the API’s is a warning that says by how much and which way', async (t) => {
  const { url } = await makeEmptyDatabase(t, server);
  const behind = new Date(Date.now() - 3_600_000).toUTCString();
  const origin = await startProxy(t, sandbox, () => undefined, { date: behind });
  const { status, stdout } = await cli(t, ['check'], { env: settingsOf(sandbox, url, origin) });
  t.is(status, 0);
  t.regex(verdicts(stdout).clock?.text ?? '', /^36\d\d s ahead of the API's: set it by NTP$/);
  t.is(verdicts(stdout).clock?.verdict, 'warning');
});
