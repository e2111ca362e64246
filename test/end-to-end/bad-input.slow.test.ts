import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { plan } from '../../jobs/nightly.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import {
  cli,
  makeDatabase,
  makeEmptyDatabase,
  makeFolder,
  query,
  settingsOf,
  startProxy,
  startServer,
} from './support.js';

/** Logs only warnings and errors, so that standard error contains only the failure. */
const quiet = { TN_LEDGER_LOG_LEVEL: 'warn' };

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 300, ...withoutOrders })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

test('without any configuration, one error lists everything missing, exit 2', async (t) => {
  for (const args of [['check'], ['run', 'nightly']]) {
    const { status, stdout, stderr } = await cli(t, args);
    t.is(status, 2);
    t.is(stdout, '');
    t.regex(stderr, /^2 configuration errors:\n {2}- BANDWIDTH_ACCOUNT_ID is missing/);
    t.regex(
      stderr,
      /\n {2}- BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET are missing[^\n]+\nFix these settings in[^\n]+\n$/,
    );
  }
});

for (const [title, address, told] of [
  ['an unknown scheme', 'htps://api.bandwidth.com/api', 'must start with https:, not htps:'],
  ['plain http to another host', 'http://api.bandwidth.com/api', 'would send the credentials over plain http'],
  ['no /api', 'https://api.bandwidth.com', 'must be a base URL that ends in /api'],
] as const) {
  test(`an API URL with ${title} exits 2 before anything is sent or created`, async (t) => {
    const database = await makeEmptyDatabase(t, server);
    const env = { ...settingsOf(sandbox, database.url), BANDWIDTH_API_URL: address };
    const { status, stdout, stderr } = await cli(t, ['run', 'nightly'], { env });
    t.is(status, 2);
    t.is(stdout, '');
    t.true(stderr.includes(`  - BANDWIDTH_API_URL ${told}`), stderr);
    t.deepEqual(await database.query(`select from pg_namespace where nspname = 'tn_ledger'`), []);
  });
}

test('wrong credentials stop the nightly run after its first job and name the variables to check, exit 1', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, database.url), BANDWIDTH_CLIENT_SECRET: 'wrong-client-secret', ...quiet };
  const { status, stdout, stderr } = await cli(t, ['run', 'nightly'], { env, alsoSecret: ['wrong-client-secret'] });
  t.is(status, 1);
  t.regex(stderr, /^sync-inservice-numbers: the token URL [^\n]+ 401 [^\n]+\nCheck BANDWIDTH_CLIENT_ID and [^\n]+\n$/);
  t.notRegex(stdout, /sync-number-details/);
  t.deepEqual(await database.query('select job, status from tn_ledger.sync_runs order by run_id'), [
    { job: 'nightly', status: 'failed' },
    { job: 'sync-inservice-numbers', status: 'failed' },
  ]);
});

test('an inaccessible or nonexistent account exits 1 with the account ID, and nothing is saved', async (t) => {
  for (const [account, code, told] of [
    [sandbox.foreignAccountId, 403, 'The credentials have no access to account 9999999'],
    ['1234567', 404, 'Check that account 1234567 exists'],
  ] as const) {
    const database = await makeDatabase(t, server);
    const env = { ...settingsOf(sandbox, database.url), BANDWIDTH_ACCOUNT_ID: account, ...quiet };
    const { status, stderr } = await cli(t, ['run', 'nightly'], { env });
    t.is(status, 1);
    t.regex(
      stderr,
      new RegExp(
        `^sync-inservice-numbers: GET [^\\n]+status ${code}[^\\n]+\\n${told}[^\\n]+\\nsync-number-details: GET `,
      ),
    );
    t.deepEqual(await database.query('select from tn_ledger.telephone_numbers'), []);
    // Jobs that have nothing to ask about the account don't fail: no file was submitted, no order is known, and rate centers are shared.
    const asked = `select distinct status from tn_ledger.sync_runs
      where job = 'nightly' or job like 'sync-%' and job not in ('sync-order-history', 'sync-rate-centers')`;
    t.deepEqual(await database.query(asked), [{ status: 'failed' }]);
  }
});

test('an account that is not configured is a usage error, exit 2', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const env = settingsOf(sandbox, database.url);
  const { status, stderr } = await cli(t, ['run', 'nightly', '--account', '9900001'], { env });
  t.is(status, 2);
  t.regex(stderr, /^Account 9900001 is not configured \(configured: 9900000\)\.\nChoose one/);
  t.deepEqual(await database.query(`select from pg_namespace where nspname = 'tn_ledger'`), []);
});

test('if the API URL is a web page or an unknown host, the job fails and names the variable', async (t) => {
  const origin = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><html><body>Welcome</body></html>');
  });
  const failing = async (BANDWIDTH_API_URL: string) => {
    const database = await makeDatabase(t, server);
    const env = { ...settingsOf(sandbox, database.url), BANDWIDTH_API_URL, ...quiet };
    const { status, stderr } = await cli(t, ['run', 'sync-inservice-numbers'], { env });
    t.is(status, 1);
    const [run] = await database.query('select status, error from tn_ledger.sync_runs');
    t.is(run?.status, 'failed');
    t.true(stderr.startsWith(`sync-inservice-numbers: ${run?.error}\n`), stderr);
    return stderr;
  };
  const [page, host] = await Promise.all([failing(`${origin}/api`), failing('https://api.bandwidht.invalid/api')]);
  t.regex(page, /HTML instead of XML\nBANDWIDTH_API_URL may point to something that is not the Dashboard API[^\n]+\n$/);
  t.regex(host, /api\.bandwidht\.invalid\nCheck the connection and BANDWIDTH_API_URL[^\n]+\n$/);
});

test('a database that is down, rejects the password, or does not exist exits 1 without API requests', async (t) => {
  const { url } = await makeDatabase(t, server);
  const proxied: string[] = [];
  const origin = await startProxy(t, sandbox, ({ url: path = '' }) => void proxied.push(path));
  for (const [databaseUrl, told] of [
    ['postgresql://user:other-password@127.0.0.1:1/ledger', /^The database 127\.0\.0\.1:1\/ledger is not reachable: /],
    [url.replace(/:[^:@]+@/, ':other-password@'), /^The database .+ rejected the user name or password: /],
    [url.replace(/test_\w+$/, 'no_such'), /^The database .+\/no_such does not exist on that server: /],
  ] as const) {
    for (const args of [['run', 'nightly'], ['status']]) {
      const env = settingsOf(sandbox, databaseUrl, origin);
      const { status, stdout, stderr } = await cli(t, args, { env, alsoSecret: ['other-password'] });
      t.is(status, 1);
      t.is(stdout, '');
      t.regex(stderr, told);
      t.regex(stderr, /^[^\n]+\n[^\n]*DATABASE_URL[^\n]*\n$/);
    }
  }
  t.deepEqual(proxied, []);
});

for (const [since, told] of [
  ['yesterday', '--since must be a date in the form yyyy-mm-dd, such as 2024-01-31, not "yesterday".'],
  ['2024-02-30', '--since must be a date in the form yyyy-mm-dd, such as 2024-01-31, not "2024-02-30".'],
  ['31.01.2024', '--since must be a date in the form yyyy-mm-dd, such as 2024-01-31, not "31.01.2024".'],
  ['', '--since must be a date in the form yyyy-mm-dd, such as 2024-01-31, not "".'],
  ['1999-12-31', '--since 1999-12-31 is too early: the earliest date is 2000-01-01.'],
] as const) {
  test(`--since ${JSON.stringify(since)} is rejected in one line, exit 2, and nothing is created`, async (t) => {
    const database = await makeEmptyDatabase(t, server);
    const env = settingsOf(sandbox, database.url);
    const { status, stdout, stderr } = await cli(t, ['run', 'sync-orders', '--since', since], { env });
    t.deepEqual([status, stdout, stderr], [2, '', `${told}\n`]);
    t.deepEqual(await database.query(`select from pg_namespace where nspname = 'tn_ledger'`), []);
  });
}

test('--since rejects a future day in one line, exit 2, and accepts today and 2000-01-01', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, database.url), ...quiet };
  const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
  const { status, stderr } = await cli(t, ['run', 'sync-portouts', '--since', day(2)], { env });
  t.is(status, 2);
  t.regex(stderr, /^--since \S{10} is in the future: today is \S{10} \(UTC\)\.\n$/);
  t.is((await cli(t, ['run', 'sync-portouts', '--since', day(0)], { env })).status, 0);
  const marks = () => database.query('select since::text from tn_ledger.sync_watermarks');
  t.deepEqual(await marks(), [{ since: day(0) }]);
  t.is((await cli(t, ['run', 'sync-portouts', '--since', '2000-01-01'], { env })).status, 0);
  t.deepEqual(await marks(), [{ since: '2000-01-01' }]);
  t.is((await cli(t, ['run', 'sync-portouts', '--full'], { env })).status, 0);
});

test('a database that is too old is reported with its version, exit 1', async (t) => {
  const database = await makeDatabase(t, server);
  // Simulates an older server: the program reads the version with current_setting.
  await database.querySuperuser(`
    create schema older;
    create function older.current_setting(name text) returns text language sql as
      $$ select case name when 'server_version_num' then '120022' else pg_catalog.current_setting(name) end $$;
    grant usage on schema older to public;
    alter database ${database.name} set search_path = older, pg_catalog`);
  for (const args of [['run', 'nightly'], ['migrate'], ['status']]) {
    const { status, stdout, stderr } = await cli(t, args, { env: settingsOf(sandbox, database.url) });
    t.is(status, 1);
    t.is(stdout, '');
    t.regex(stderr, /^The database .+ is too old: PostgreSQL 12\.22, but 15 or later is required\.\nUpgrade [^\n]+\n$/);
  }
});

test('with a read-only database, commands that write exit 1, and commands that read work', async (t) => {
  const database = await makeDatabase(t, server);
  const env = settingsOf(sandbox, database.url);
  t.is((await cli(t, ['run', 'nightly'], { env })).status, 0);
  await database.querySuperuser(`alter database ${database.name} set default_transaction_read_only = on`);
  for (const args of [['run', 'nightly'], ['migrate'], ['sql', '--write', 'delete from telephone_numbers']]) {
    const { status, stdout, stderr } = await cli(t, args, { env });
    t.is(status, 1);
    t.is(stdout, '');
    t.regex(
      stderr,
      /^The database .+ is read-only: default_transaction_read_only is on\nPoint DATABASE_URL at [^\n]+\n$/,
    );
  }
  const check = await cli(t, ['check'], { env });
  t.is(check.status, 1);
  t.regex(check.stdout, /^failed {2}database: .+ is read-only: /m);
  t.is((await cli(t, ['status'], { env })).status, 0);
  t.regex((await cli(t, ['sql', 'select count(*) from telephone_numbers'], { env })).stdout, /\b300\b/);
  t.deepEqual(await database.query('select count(*) from tn_ledger.sync_runs'), [{ count: String(1 + plan.length) }]);
});

test('no command touches a database with a newer schema, exit 1', async (t) => {
  const database = await makeDatabase(t, server);
  const proxied: string[] = [];
  const origin = await startProxy(t, sandbox, ({ url: path = '' }) => void proxied.push(path));
  const env = settingsOf(sandbox, database.url, origin);
  t.is((await cli(t, ['migrate'], { env })).status, 0);
  await database.query(
    `insert into tn_ledger.knex_migrations (name, batch, migration_time) values ('0099-from-the-future', 2, now())`,
  );
  for (const args of [['run', 'nightly'], ['migrate'], ['migrate', '--down'], ['status']]) {
    const { status, stdout, stderr } = await cli(t, args, { env });
    t.is(status, 1);
    t.is(stdout, '');
    t.regex(
      stderr,
      /^The schema of .+ is newer than this tn-ledger .+: it has 0099-from-the-future\. Nothing was changed\.\nInstall the newer tn-ledger/,
    );
  }
  t.deepEqual(proxied, []);
  const check = await cli(t, ['check'], { env });
  t.regex(check.stdout, /^failed {2}migrations: The schema of .+ is newer/m);
  t.deepEqual(await database.query('select from tn_ledger.sync_runs'), []);
});

test('a database user without create privileges gets the required grant, exit 1', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const role = `plain_${database.name}`;
  await query(server.url, `create role ${role} login password 'plain-password'`);
  t.teardown(() => query(server.url, `drop role ${role}`));
  const env = settingsOf(sandbox, database.url.replace(/\/\/.+@/, `//${role}:plain-password@`));
  const { status, stderr } = await cli(t, ['run', 'nightly'], { env, alsoSecret: ['plain-password'] });
  t.is(status, 1);
  t.regex(
    stderr,
    /^The database .+ denied a permission: permission denied for database .+\nMake the user of DATABASE_URL the owner /,
  );
});

test('credentials echoed by the API appear neither in the output nor in the ledger', async (t) => {
  const database = await makeDatabase(t, server);
  const tokens: string[] = [];
  const origin = await startProxy(t, sandbox, ({ url = '', headers }) => {
    if (url.endsWith('/token')) return undefined;
    tokens.push(String(headers.authorization).replace('Bearer ', ''));
    const echoed = `${headers.authorization} ${sandbox.clientSecret} ${encodeURIComponent(database.url)} ${database.url}`;
    return { status: 400, body: `<R><Error><Code>1</Code><Description>${echoed}</Description></Error></R>` };
  });
  const env = { ...settingsOf(sandbox, database.url, origin), TN_LEDGER_LOG_LEVEL: 'debug' };
  const outputs: string[] = [];
  for (const args of [['run', 'nightly'], ['run', 'nightly', '--json'], ['check'], ['status'], ['status', '--json']]) {
    outputs.push((await cli(t, args, { env })).output);
  }
  outputs.push(JSON.stringify(await database.query('select * from tn_ledger.sync_runs')));
  const all = outputs.join('\n');
  t.true(tokens.length >= 5);
  for (const secret of [...tokens, sandbox.clientSecret, 'only-for-tests']) t.false(all.includes(secret), secret);
  t.regex(all, /\[secret\]/);
});

test('if a file is in the way of the data folder, every command reports it, exit 1', async (t) => {
  const cwd = await makeFolder(t);
  await writeFile(join(cwd, 'file'), 'kept');
  const { DATABASE_URL: _, ...rest } = settingsOf(sandbox, '');
  const env = { ...rest, TN_LEDGER_DATA_DIR: 'file/data' };
  for (const args of [
    ['run', 'nightly'],
    ['sql', 'select 1'],
    ['demo', '--numbers', '10'],
  ]) {
    const { status, stdout, stderr } = await cli(t, args, { env, cwd });
    t.is(status, 1);
    t.is(stdout, '');
    t.regex(
      stderr,
      /data folder [^\n]*\/file\/data[^\n]* can't be (used|created): [^\n]+\nA file is in the way[^\n]+\n$/,
    );
  }
  const check = await cli(t, ['check'], { env, cwd });
  t.is(check.status, 1);
  t.regex(check.stdout, /^failed {2}data folder: .*file is a file\. Remove the file/m);
  t.is(await readFile(join(cwd, 'file'), 'utf8'), 'kept');
});
