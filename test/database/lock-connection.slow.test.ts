import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { takeJobLock } from '../../src/database/advisory-locks.js';
import { type Database, openDatabase } from '../../src/database/connect.js';
import type { LockTimings } from '../../src/database/lock-connection.js';
import { AlreadyRunningError, LedgerError } from '../../src/errors.js';
import { type DatabaseProxy, startDatabaseProxy } from '../support/database-proxy.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { until } from '../sync/support/moments.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

async function open(t: ExecutionContext<{ server: TestServer }>): Promise<Database> {
  return (await openLedgerDatabase(t, t.context.server)).database;
}

async function holders({ pool }: Database): Promise<{ pid: number; locks: number }[]> {
  const { rows } = await pool.query(
    `select pid, count(*)::int as locks from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
      group by pid`,
  );
  return rows;
}

const accounts = ['1', '2', '3'];

/** The session also holds a lock by which transactions see that it is still there. */
const sessionLock = 1;

test('one connection holds all locks of a process, and is returned after the last one', async (t) => {
  const database = await open(t);
  const locks = await Promise.all(accounts.map((account) => takeJobLock(database, 'nightly', account)));
  t.deepEqual(
    (await holders(database)).map(({ locks: count }) => count),
    [3 + sessionLock],
  );
  await locks[0]?.release();
  t.deepEqual(
    (await holders(database)).map(({ locks: count }) => count),
    [2 + sessionLock],
  );
  await Promise.all(locks.slice(1).map((lock) => lock.release()));
  t.deepEqual(await holders(database), []);
  t.is(database.pool.idleCount, database.pool.totalCount);
});

test('a lock that this process holds can’t be taken again, until it is released', async (t) => {
  const database = await open(t);
  const attempts = await Promise.allSettled([1, 2].map(() => takeJobLock(database, 'nightly', '1')));
  t.deepEqual(attempts.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  for (const attempt of attempts) {
    if (attempt.status === 'rejected') t.true(attempt.reason instanceof AlreadyRunningError);
    else await attempt.value.release();
  }
  await (await takeJobLock(database, 'nightly', '1')).release();
});

test('a lost connection aborts all its locks; the next lock opens another connection', async (t) => {
  const database = await open(t);
  const locks = await Promise.all(accounts.map((account) => takeJobLock(database, 'nightly', account)));
  const lost = locks.map(({ lost: signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)));
  const [holder] = await holders(database);
  await database.pool.query('select pg_terminate_backend($1)', [holder?.pid]);
  await Promise.all(lost);
  for (const [index, lock] of locks.entries()) {
    t.true(lock.lost.reason instanceof LedgerError);
    t.regex(lock.lost.reason.message, new RegExp(`was lost \\(.+\\) while nightly ran for account ${index + 1}`));
  }
  // The run that lost its lock is still ending.
  await t.throwsAsync(takeJobLock(database, 'nightly', '1'), { instanceOf: AlreadyRunningError });
  const other = await takeJobLock(database, 'nightly', '4');
  t.false(other.lost.aborted);
  await Promise.all([...locks, other].map((lock) => lock.release()));
  await (await takeJobLock(database, 'nightly', '1')).release();
});

test('a database that can’t be reached fails the lock, and a later one can be taken', async (t) => {
  const database = await open(t);
  const { connect } = database.pool;
  database.pool.connect = (() => Promise.reject(new Error('no connection'))) as typeof connect;
  await t.throwsAsync(takeJobLock(database, 'nightly', '1'), { message: 'no connection' });
  database.pool.connect = connect;
  await (await takeJobLock(database, 'nightly', '1')).release();
});

test('both ends of a connection notice an unreachable peer within a minute, the client first', async (t) => {
  const { pool } = await open(t);
  const { rows } = await pool.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name like 'tcp_keepalives%' order by name`,
  );
  const [count, idle, interval] = rows.map(({ setting }) => Number(setting)) as [number, number, number];
  const clientSeconds = (pool.options.keepAliveInitialDelayMillis as number) / 1000 + 10;
  t.true(clientSeconds < idle + count * interval);
  t.true(idle + count * interval <= 60);
});

/** A database behind a proxy, and another process's connection to it without one. */
async function openApart(
  t: ExecutionContext<{ server: TestServer }>,
  lockTimings: LockTimings,
): Promise<{ database: Database; other: Database; proxy: DatabaseProxy }> {
  const { database: other, url } = await openLedgerDatabase(t, t.context.server);
  const proxy = await startDatabaseProxy(t, url);
  const options = { dataDir: '/nonexistent', applicationName: 'tn-ledger tests', log: () => undefined };
  const database = await openDatabase({ ...options, databaseUrl: proxy.url, lockTimings });
  t.teardown(() => database.close());
  return { database, other, proxy };
}

test('without an answer the client gives its locks up, and without a query the server frees them', async (t) => {
  const { database, other, proxy } = await openApart(t, { pingMs: 50, answerMs: 3000, idleMs: 6000 });
  const lock = await takeJobLock(database, 'nightly', '1');
  const waiting = database.pool.query('select pg_sleep(600)');
  proxy.partition();
  await t.throwsAsync(waiting, undefined, 'nothing else waits for the server');
  t.true(lock.lost.aborted);
  t.regex(
    lock.lost.reason.message,
    /was lost \(the server has not answered for [\d.]+s\) while nightly ran for account 1\. It stopped/,
  );
  const next = await until(() => takeJobLock(other, 'nightly', '1').catch(() => undefined));
  await next.release();
  await lock.release();
});

test('a session that is pinged keeps its locks for longer than the server’s limit', async (t) => {
  const idleMs = 8000;
  const { database, other } = await openApart(t, { pingMs: 100, answerMs: 60_000, idleMs });
  const lock = await takeJobLock(database, 'nightly', '1');
  await until(async () => {
    const { rows } = await other.pool.query(
      `select clock_timestamp() - min(backend_start) > make_interval(secs => $1) as past from pg_stat_activity
        where query = 'select' and datname = current_database()`,
      [(1.5 * idleMs) / 1000],
    );
    return lock.lost.aborted || rows[0].past ? true : undefined;
  });
  t.false(lock.lost.aborted);
  await t.throwsAsync(takeJobLock(other, 'nightly', '1'), { instanceOf: AlreadyRunningError });
  await lock.release();
});

test('a connection that is returned to the pool has no locks and no limit', async (t) => {
  const { database } = await openApart(t, { pingMs: 50, answerMs: 60_000, idleMs: 60_000 });
  const lock = await takeJobLock(database, 'nightly', '1');
  const [holder] = await holders(database);
  await lock.release();
  const clients = await Promise.all(Array.from({ length: database.pool.totalCount }, () => database.pool.connect()));
  const sql = `select pg_backend_pid() as pid, current_setting('idle_session_timeout') as timeout`;
  const settings = await Promise.all(clients.map(async (client) => (await client.query(sql)).rows[0]));
  for (const client of clients) client.release();
  t.is(settings.find(({ pid }) => pid === holder?.pid)?.timeout, '0');
  t.deepEqual(await holders(database), []);
});

// Alone: it stops the other tests, too.
test.serial('a process that was frozen doesn’t rely on a lock that the server may have freed meanwhile', async (t) => {
  const { database } = await openApart(t, { pingMs: 20, answerMs: 5000, idleMs: 60_000 });
  const lock = await takeJobLock(database, 'nightly', '1');
  lock.assertHeld();
  // Nothing in this process runs in the meantime, as if it were stopped.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5100);
  t.throws(() => lock.assertHeld(), { message: /was lost \(the server has not answered for / });
  t.true(lock.lost.aborted);
  await lock.release();
});
