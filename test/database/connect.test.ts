import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import pg from 'pg';
import { type Database, type DatabaseOptions, openDatabase, toLedgerError } from '../../src/database/connect.js';
import { accountForServer } from '../../src/database/embedded/account.js';
import { LedgerError, UsageError } from '../../src/errors.js';
import { onlyIf } from '../support/only-if.js';
import {
  freePort,
  installedPostgres,
  startPostgres,
  type TestServer,
  testPassword,
  withFreshDatabase,
} from '../support/postgres.js';
import { canMount } from './support/accounts.js';
import { startOldServer } from './support/old-server.js';
import { makePlace, postmasterOf } from './support/place.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server?.stop());

function open(databaseUrl: string | undefined, more: Partial<DatabaseOptions> = {}): Promise<Database> {
  return openDatabase({ databaseUrl, dataDir: '/nowhere', applicationName: 'a test', log: () => undefined, ...more });
}

/** The error of an attempt to open, or of what is done with the open database. */
async function failureOf(work: Promise<unknown>): Promise<LedgerError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof LedgerError) {
      return error;
    }
    throw error;
  }
  throw new Error('it did not fail');
}

test('sessions have their settings, whatever the user’s defaults', async (t) => {
  const fresh = await withFreshDatabase(server);
  const owner = new pg.Client({ connectionString: fresh.superuserUrl });
  await owner.connect();
  for (const setting of [
    "TimeZone = 'Asia/Kathmandu'",
    "DateStyle = 'German'",
    "search_path = 'elsewhere'",
    "statement_timeout = '1h'",
    "idle_in_transaction_session_timeout = '1h'",
    'jit = on',
    "default_transaction_isolation = 'serializable'",
    'synchronous_commit = off',
    'array_nulls = off',
    'standard_conforming_strings = off',
  ]) {
    await owner.query(`ALTER DATABASE ${fresh.name} SET ${setting}`);
  }
  await owner.end();
  const database = await open(fresh.url);
  const { rows } = await database.pool.query(
    `SELECT current_setting('TimeZone') AS zone, current_setting('DateStyle') AS dates, current_setting('search_path') AS path,
            current_setting('statement_timeout') AS statement, current_setting('idle_in_transaction_session_timeout') AS idle,
            current_setting('jit') AS jit, current_setting('transaction_isolation') AS isolation,
            current_setting('synchronous_commit') AS commits, current_setting('array_nulls') AS nulls,
            current_setting('standard_conforming_strings') AS strings, current_setting('application_name') AS name, '2026-01-31'::date::text AS day`,
  );
  t.deepEqual(rows, [
    {
      zone: 'UTC',
      dates: 'ISO, YMD',
      path: 'tn_ledger, public',
      statement: '0',
      idle: '0',
      jit: 'off',
      isolation: 'read committed',
      commits: 'on',
      nulls: 'on',
      strings: 'on',
      name: 'a test',
      day: '2026-01-31',
    },
  ]);
  t.is(database.describe, `127.0.0.1:${server.port}/${fresh.name}`);
  t.is(database.url, fresh.url);
  t.false(database.embedded);
  t.is(Math.floor(database.serverVersion / 10000), server.major);
  await database.close();
  await database.close();
  await fresh.drop();
});

test('a pool waits for a free connection, and never exceeds its maximum', async (t) => {
  const fresh = await withFreshDatabase(server);
  const database = await open(fresh.url, { maxConnections: 2 });
  const pids = await Promise.all(
    Array.from({ length: 10 }, async () => (await database.pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid),
  );
  t.true(new Set(pids).size <= 2);
  await database.close();
  await fresh.drop();
});

test('read-only sessions write nothing', async (t) => {
  const fresh = await withFreshDatabase(server);
  const database = await open(fresh.url, { readOnly: true });
  t.deepEqual((await database.pool.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
  const error = await t.throwsAsync(database.pool.query('CREATE TABLE x ()'));
  t.regex(toLedgerError(error, database.describe).message, /is read-only/);
  await database.close();
  await fresh.drop();
});

test('a server that is down and an unknown host are reported with a fix', async (t) => {
  const port = await freePort();
  for (const host of ['127.0.0.1', 'localhost']) {
    const down = await failureOf(open(`postgres://someone:secret@${host}:${port}/ledger`));
    t.regex(down.message, new RegExp(`^The database ${host}:${port}/ledger is not reachable: connect ECONNREFUSED`));
    t.regex(down.hint ?? '', /server is running/);
    t.notRegex(`${down.message} ${down.hint}`, /secret/);
  }
  const unknown = await failureOf(open('postgres://someone:secret@no-such-host.invalid/ledger'));
  t.regex(unknown.message, /no-such-host\.invalid:5432\/ledger has (an unknown host name|a host name that DNS)/);
  const socket = await failureOf(open('postgres://someone:secret@%2Fno%2Fsuch%2Ffolder/ledger'));
  t.regex(socket.message, /is not reachable: connect ENOENT/);
});

test('a wrong password, user, or database is reported with a fix', async (t) => {
  const at = `127.0.0.1:${server.port}`;
  const password = await failureOf(open(`postgres://postgres:wrong@${at}/postgres`));
  t.regex(password.message, /rejected the user name or password: password authentication failed for user "postgres"/);
  t.notRegex(`${password.message} ${password.hint}`, /wrong\b/);
  const missing = await failureOf(open(`postgres://postgres@${at}/postgres`));
  t.regex(missing.message, /requires a password/);
  const name = await failureOf(open(`postgres://postgres:${testPassword}@${at}/no_such_database`));
  t.regex(name.message, /does not exist on that server/);
  t.regex(name.hint ?? '', /CREATE DATABASE/);
  t.notRegex(`${name.message} ${name.hint}`, new RegExp(testPassword));
});

test('a user who may not log in, and one without connections left, are reported', async (t) => {
  const fresh = await withFreshDatabase(server);
  const owner = new pg.Client({ connectionString: fresh.superuserUrl });
  await owner.connect();
  await owner.query(`CREATE ROLE no_login PASSWORD '${testPassword}'`);
  await owner.query(`CREATE ROLE no_room LOGIN CONNECTION LIMIT 0 PASSWORD '${testPassword}'`);
  await owner.end();
  const as = (user: string) => open(`postgres://${user}:${testPassword}@127.0.0.1:${server.port}/${fresh.name}`);
  t.regex((await failureOf(as('no_login'))).message, /rejected the login/);
  t.regex((await failureOf(as('no_room'))).message, /has no connections left: too many connections for role "no_room"/);
  await fresh.drop();
});

test('a server without TLS is reported if TLS is required', async (t) => {
  const error = await failureOf(open(`${server.url}?sslmode=verify-full`));
  t.regex(error.message, /could not be reached over TLS/);
  t.regex(error.hint ?? '', /sslmode/);
});

test('a read-only database is rejected up front, unless it is opened for reading', async (t) => {
  const fresh = await withFreshDatabase(server);
  const owner = new pg.Client({ connectionString: fresh.superuserUrl });
  await owner.connect();
  await owner.query(`ALTER DATABASE ${fresh.name} SET default_transaction_read_only = on`);
  const error = await failureOf(open(fresh.url));
  t.regex(error.message, /is read-only: default_transaction_read_only is on/);
  t.regex(error.hint ?? '', /primary/);
  await (await open(fresh.url, { readOnly: true })).close();
  await owner.end();
  await fresh.drop();
});

test('a hot standby is rejected for writing', async (t) => {
  const standby = await startPostgres({ standby: true });
  const error = await failureOf(open(standby.url));
  t.regex(error.message, /is read-only: it is a standby/);
  const database = await open(standby.url, { readOnly: true });
  t.deepEqual((await database.pool.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
  await database.close();
  await standby.stop();
});

test('a database that is not UTF-8 is rejected up front, with the command to create one', async (t) => {
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`create database latin encoding 'LATIN1' locale 'C' template template0`);
  const error = await failureOf(open(server.url.replace(/\/postgres$/, '/latin')));
  t.regex(error.message, /:\d+\/latin uses LATIN1; tn-ledger needs UTF8\. Nothing was changed\.$/);
  const [, command = ''] = /\((create database .+)\)/.exec(error.hint ?? '') ?? [];
  await admin.query(command);
  await admin.end();
  const database = await open(server.url.replace(/\/postgres$/, '/tn_ledger'));
  t.true(database.serverVersion >= 150_000);
  await database.close();
});

test('a server that is too old is rejected with its version', async (t) => {
  const old = await startOldServer();
  const error = await failureOf(open(`postgres://someone:secret@127.0.0.1:${old.port}/ledger`));
  t.regex(error.message, /is too old: PostgreSQL 12\.22, but 15 or later is required/);
  t.regex(error.hint ?? '', /Upgrade/);
  await old.stop();
});

test('a missing permission is reported', async (t) => {
  const fresh = await withFreshDatabase(server);
  const owner = new pg.Client({ connectionString: fresh.superuserUrl });
  await owner.connect();
  await owner.query(`CREATE ROLE guest LOGIN PASSWORD '${testPassword}'`);
  await owner.end();
  const database = await open(`postgres://guest:${testPassword}@127.0.0.1:${server.port}/${fresh.name}`);
  const error = toLedgerError(await t.throwsAsync(database.pool.query('CREATE SCHEMA tn_ledger')), database.describe);
  t.regex(error.message, /denied a permission: permission denied for database/);
  t.regex(error.hint ?? '', /GRANT CREATE/);
  await database.close();
  await fresh.drop();
});

test('an idle connection that an administrator ends is logged, and the next query opens a new one', async (t) => {
  const fresh = await withFreshDatabase(server);
  let logged: (message: string) => void = () => undefined;
  const message = new Promise<string>((resolve) => {
    logged = resolve;
  });
  const database = await open(fresh.url, { maxConnections: 1, log: (text) => logged(text) });
  const { rows } = await database.pool.query('SELECT pg_backend_pid() AS pid');
  const owner = new pg.Client({ connectionString: fresh.superuserUrl });
  await owner.connect();
  await owner.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
  t.regex(await message, /was shut down, or an administrator ended the connection/);
  t.deepEqual((await database.pool.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
  await owner.end();
  await database.close();
  await fresh.drop();
});

test('a server that goes away during a statement is reported', async (t) => {
  const own = await startPostgres();
  const database = await open(own.url, { maxConnections: 1 });
  const client = await database.pool.connect();
  const running = t.throwsAsync(client.query('SELECT pg_sleep(600)'));
  await own.stop();
  const error = toLedgerError(await running, database.describe);
  t.regex(error.message, /was shut down|crashed and is recovering|closed the connection unexpectedly/);
  t.truthy(error.hint);
  client.release(true);
  await database.close();
});

test('a malformed connection string is a usage error, and never quoted', async (t) => {
  const bad = [
    'ledger',
    'mysql://u:secret@h/d',
    'postgres://u:secret@h:port/d',
    'postgres://u:secret@h/d?sslrootcert=/no/such',
  ];
  for (const url of bad) {
    const error = await failureOf(open(url));
    t.true(error instanceof UsageError, url);
    t.regex(error.message, /DATABASE_URL/);
    t.notRegex(`${error.message} ${error.hint}`, /secret/);
  }
  t.regex((await failureOf(open(bad[3]))).message, /\/no\/such/);
});

test('an abort ends a connection attempt without a response', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  const controller = new AbortController();
  const reason = new Error('stop');
  silent.once('connection', () => controller.abort(reason));
  const opening = open(`postgres://someone:secret@127.0.0.1:${port}/ledger`, { signal: controller.signal });
  t.is(await t.throwsAsync(opening), reason);
  t.is(await t.throwsAsync(open(server.url, { signal: controller.signal })), reason);
  silent.close();
  await once(silent, 'close');
});

test('without a connection string the embedded server is used, and stopped when the database is closed', async (t) => {
  const { dataDir } = await makePlace(t);
  const database = await open(undefined, { dataDir });
  t.true(database.embedded);
  t.is(database.describe, `embedded PostgreSQL in ${dataDir}`);
  t.is(Math.floor(database.serverVersion / 10000), 18);
  const tool = new pg.Client({ connectionString: database.url });
  await tool.connect();
  t.deepEqual((await tool.query('SELECT current_database() AS name')).rows, [{ name: 'tn_ledger' }]);
  await tool.end();
  await database.close();
  await database.close();
  t.is(await postmasterOf({ dataDir }), undefined);
});

const fifteen = installedPostgres(15);
onlyIf(
  test,
  fifteen !== undefined,
  'needs PostgreSQL 15',
)('PostgreSQL 15 is opened like any other', async (t) => {
  const older = await startPostgres({ binDir: fifteen });
  const fresh = await withFreshDatabase(older);
  const database = await open(fresh.url);
  t.is(Math.floor(database.serverVersion / 10000), 15);
  await database.pool.query('CREATE SCHEMA tn_ledger');
  await database.close();
  await older.stop();
});

onlyIf(
  test,
  canMount,
  'needs root and the right to mount',
)("a full disk on the database's side is reported", async (t) => {
  const { base } = await makePlace(t, 'empty');
  const folder = join(base, 'small');
  await mkdir(folder);
  const account = await accountForServer();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=2m,uid=${account?.uid},mode=700`, 'tn-ledger-test', folder]);
  const own = await startPostgres();
  t.teardown(async () => {
    await own.stop();
    execFileSync('umount', ['--lazy', folder]);
  });
  const database = await open(own.url);
  await database.pool.query(`CREATE TABLESPACE small LOCATION '${folder}'`);
  const filling = "CREATE TABLE big TABLESPACE small AS SELECT repeat('x', 1000) FROM generate_series(1, 10000)";
  const error = toLedgerError(await t.throwsAsync(database.pool.query(filling)), database.describe);
  t.regex(error.message, /has no disk space left/);
  t.regex(error.hint ?? '', /disk space/);
  await database.close();
});
