import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import pg from 'pg';
import { type DatabaseOptions, openDatabase } from '../../src/database/connect.js';
import { InterruptedError } from '../../src/errors.js';
import { startPostgres, type TestServer, withFreshDatabase } from '../support/postgres.js';

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

test('sessions set every timeout themselves, whatever the server says', async (t) => {
  const { database } = await openLocked(t);
  const names = [
    'idle_session_timeout',
    'statement_timeout',
    'transaction_timeout',
    'idle_in_transaction_session_timeout',
  ];
  for (const name of names) {
    const { rows } = await database.pool.query(`select setting from pg_settings where name = '${name}'`);
    t.true(rows.length === 0 || rows[0].setting === '0', name);
  }
  t.is((await database.pool.query('show lock_timeout')).rows[0].lock_timeout, '15min');
});

test('a wait for a lock is reported with who holds it: pid, user, program, query and age', async (t) => {
  const { database, other, log } = await openLocked(t);
  const waiting = database.pool.query('select * from numbers');
  const line = await untilLogged(log);
  const { rows } = await other.query('select pg_backend_pid() as pid, current_user as user');
  t.regex(
    line,
    /^Waiting for \d+ s for a lock on (public\.)?numbers: held up by pid \d+ of \S+ \(psql of an analyst\), whose transaction began \d+ s ago: /,
  );
  t.true(line.includes(`pid ${rows[0].pid} of ${rows[0].user} `), line);
  await other.query('rollback');
  t.deepEqual((await waiting).rows, []);
});

test('a wait for a lock ends when the command is asked to stop, outside a transaction, too', async (t) => {
  const stop = new AbortController();
  const { database, log } = await openLocked(t, { signal: stop.signal });
  const waiting = database.pool.query('select * from numbers');
  await untilLogged(log);
  stop.abort(new InterruptedError('Stopped by a test.'));
  await t.throwsAsync(waiting, { code: '57014' });
});

test('a statement does not wait for a lock for ever', async (t) => {
  const { database } = await openLocked(t, { lockTimeoutMs: 100 });
  await t.throwsAsync(database.pool.query('select * from numbers'), { code: '55P03' });
});
