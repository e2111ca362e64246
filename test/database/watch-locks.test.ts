import { setTimeout as sleep } from 'node:timers/promises';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import knexFactory from 'knex';
import pg from 'pg';
import { takeJobLock } from '../../src/database/advisory-locks.js';
import { type DatabaseOptions, openDatabase } from '../../src/database/connect.js';
import { provision } from '../../src/database/embedded/provision.js';
import { knexConfig } from '../../src/database/migrations.js';
import { InterruptedError } from '../../src/errors.js';
import { startPostgres, type TestServer, testPassword, withFreshDatabase } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres({
    settings: {
      idle_session_timeout: '1234ms',
      lock_timeout: '45min',
      statement_timeout: '5678ms',
      transaction_timeout: '9s',
    },
  });
});
test.after.always((t) => t.context.server?.stop());

/** A database with a table that another session has locked. */
async function openLocked(t: ExecutionContext<{ server: TestServer }>, options: Partial<DatabaseOptions> = {}) {
  const fresh = await withFreshDatabase(t.context.server);
  const other = new pg.Client({ connectionString: fresh.url, application_name: 'psql of an analyst' });
  await other.connect();
  await other.query('create table numbers (number text)');
  await other.query(
    `set idle_in_transaction_session_timeout = 0; set transaction_timeout = 0; begin; lock table numbers`,
  );
  const log: string[] = [];
  const database = await openDatabase({
    ...{ databaseUrl: fresh.url, dataDir: '/nonexistent', applicationName: 'test' },
    log: (message) => void log.push(message),
    lockWatch: { everyMs: 20, reportAfterMs: 50 },
    ...options,
  });
  t.teardown(async () => {
    await other.end();
    await database.close();
    await fresh.drop();
  });
  return { database, other, log };
}

async function untilLogged(log: readonly string[]): Promise<string> {
  while (log.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  return log[0] as string;
}

const limits = `select name, setting from pg_settings where name like '%timeout%'
  and (name like 'idle%' or name in ('statement_timeout', 'transaction_timeout', 'lock_timeout')) and setting <> '0'`;
const fifteenMinutes = [{ name: 'lock_timeout', setting: '900000' }];

test('sessions set every timeout, whatever the server’s defaults', async (t) => {
  const { database } = await openLocked(t);
  t.deepEqual((await database.pool.query(limits)).rows, fifteenMinutes);
});

test('sessions of migrations set every timeout', async (t) => {
  const { database } = await openLocked(t);
  const knex = knexFactory(knexConfig(database));
  t.teardown(() => knex.destroy());
  t.deepEqual((await knex.raw(limits)).rows, fifteenMinutes);
});

test('the idle session that holds a job’s lock sets every timeout', async (t) => {
  // One for the lock, and one for the query that ends an earlier holder's transactions.
  const { database } = await openLocked(t, { maxConnections: 2 });
  await (await takeJobLock(database, 'sync-orders', '1')).release();
  const sessions = await Promise.all([database.pool.connect(), database.pool.connect()]);
  for (const session of sessions) {
    t.deepEqual((await session.query(limits)).rows, fifteenMinutes);
    session.release();
  }
});

// Serial: the limit holds for all that connects to that database.
test.serial('the session that sets up the embedded server sets every timeout', async (t) => {
  const { port, url } = t.context.server;
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  t.teardown(() => other.end());
  await other.query(
    `set transaction_timeout = 0; set statement_timeout = 0; alter database postgres set statement_timeout = '50ms'`,
  );
  await other.query('begin; lock table pg_database in share mode');
  const provisioned = provision({ port, password: testPassword, superuserPassword: testPassword });
  const waits = `select from pg_stat_activity
    where query like 'CREATE DATABASE%' and wait_event_type = 'Lock' and clock_timestamp() - query_start > '150ms'`;
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
  };
  provisioned.then(end, end);
  while (!hasEnded && (await other.query(waits)).rowCount === 0) {
    await sleep(10);
    await other.query('select pg_stat_clear_snapshot()');
  }
  t.false(hasEnded);
  await other.query('rollback; alter database postgres reset statement_timeout');
  await t.notThrowsAsync(provisioned);
});

test('a lock wait is reported with its holder: pid, user, program, query, and age', async (t) => {
  const { database, other, log } = await openLocked(t);
  const waiting = database.pool.query('select * from numbers');
  const line = await untilLogged(log);
  const { rows } = await other.query('select pg_backend_pid() as pid, current_user as user');
  t.regex(
    line,
    /^Waiting for \d+ s for a lock on (public\.)?numbers: blocked by pid \d+ of \S+ \(psql of an analyst\), whose transaction started \d+ s ago: /,
  );
  t.true(line.includes(`pid ${rows[0].pid} of ${rows[0].user} `), line);
  await other.query('rollback');
  t.deepEqual((await waiting).rows, []);
});

test('a lock wait of a migration is reported', async (t) => {
  const { database, other, log } = await openLocked(t);
  const knex = knexFactory(knexConfig(database));
  t.teardown(() => knex.destroy());
  const holder = await database.pool.connect();
  const waiting = knex.raw('select * from numbers').then(({ rows }) => rows);
  t.regex(await untilLogged(log), /^Waiting for \d+ s for a lock on (public\.)?numbers: blocked by pid \d+ of /);
  await other.query('rollback');
  t.deepEqual(await waiting, []);
  holder.release();
});

test('a lock wait ends on a stop request, even outside a transaction', async (t) => {
  const stop = new AbortController();
  const { database, log } = await openLocked(t, { signal: stop.signal });
  const waiting = database.pool.query('select * from numbers');
  await untilLogged(log);
  stop.abort(new InterruptedError('Stopped by a test.'));
  await t.throwsAsync(waiting, { code: '57014' });
});

test('a statement does not wait for a lock forever', async (t) => {
  const { database } = await openLocked(t, { lockTimeoutMs: 100 });
  await t.throwsAsync(database.pool.query('select * from numbers'), { code: '55P03' });
});
