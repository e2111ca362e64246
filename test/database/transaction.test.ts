import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { openDatabase } from '../../src/database/connect.js';
import { LockError } from '../../src/database/errors.js';
import { inTransaction } from '../../src/database/transaction.js';
import { insertRun } from '../../src/run/run-record.js';
import { openCountingLedger } from '../nruf/support/ledger.js';
import { makeLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

test('a snapshot reads one moment in time and can’t write', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const count = 'select count(*)::int as count from sync_runs';
  const write = `insert into sync_runs (job, account_id, status) values ('nightly', '1', 'running')`;
  await inTransaction(ledger.database, { snapshot: true }, async (client) => {
    t.deepEqual((await client.query(count)).rows, [{ count: 0 }]);
    await ledger.query(write);
    t.deepEqual((await client.query(count)).rows, [{ count: 0 }]);
  });
  await t.throwsAsync(
    inTransaction(ledger.database, { snapshot: true }, (client) => client.query(write)),
    { message: /read-only transaction/ },
  );
  t.deepEqual(await ledger.query(count), [{ count: 1 }]);
});

/** A ledger with a short limit for waits, and an analyst who has locked `sync_runs`. */
async function openLocked(t: ExecutionContext, lockTimeoutMs: number, role: 'the same' | 'a superuser' = 'the same') {
  const fresh = await makeLedgerDatabase(server);
  const analyst = new pg.Client({
    connectionString: role === 'the same' ? fresh.url : fresh.superuserUrl,
    application_name: 'psql',
  });
  await analyst.connect();
  await analyst.query('begin; lock table tn_ledger.sync_runs');
  const database = await openDatabase({
    ...{ databaseUrl: fresh.url, dataDir: '/nonexistent', applicationName: 'test', log: () => undefined },
    ...{ lockTimeoutMs, lockWatch: { everyMs: 10 } },
  });
  t.teardown(async () => {
    await analyst.end();
    await database.close();
    await fresh.drop();
  });
  return { analyst, database };
}

test('a repeatable transaction is retried if a lock is not available', async (t) => {
  const { analyst, database } = await openLocked(t, 300);
  let tries = 0;
  const { rows } = await inTransaction(database, { repeatable: true }, async (client) => {
    tries += 1;
    if (tries === 2) await analyst.query('rollback');
    return client.query('select count(*)::int as count from sync_runs');
  });
  t.deepEqual([tries, rows], [2, [{ count: 0 }]]);
});

test('a transaction that is not repeatable is attempted once', async (t) => {
  const { database } = await openLocked(t, 100);
  let tries = 0;
  const work = (client: pg.PoolClient) => {
    tries += 1;
    return client.query('select from sync_runs');
  };
  await t.throwsAsync(inTransaction(database, {}, work), { instanceOf: LockError });
  t.is(tries, 1);
});

test('after the last attempt the error names the limit and the lock holder', async (t) => {
  const { analyst, database } = await openLocked(t, 900);
  const { rows } = await analyst.query('select pg_backend_pid() as pid, current_user as name');
  const [{ pid, name }] = rows;
  const error = await t.throwsAsync(insertRun(database, 'nightly', '1'), { instanceOf: LockError });
  t.regex(
    error?.message ?? '',
    / on (tn_ledger\.)?sync_runs for longer than TN_LEDGER_LOCK_TIMEOUT=0\.9s allows: it is blocked by /,
  );
  t.regex(
    error?.message ?? '',
    new RegExp(`by pid ${pid} of ${name} \\(psql\\), whose transaction started \\d+ s ago: select pg_backend`),
  );
  t.regex(error?.message ?? '', /None of the transaction was written\.$/);
  t.regex(error?.hint ?? '', new RegExp(`select pg_terminate_backend\\(${pid}\\)`));
  await analyst.query('rollback');
  t.is((await database.pool.query('select from sync_runs')).rowCount, 0);
});

test('the error says if the lock holder’s query is hidden', async (t) => {
  const { database } = await openLocked(t, 900, 'a superuser');
  await t.throwsAsync(insertRun(database, 'nightly', '1'), {
    message:
      /by pid \d+ of postgres \(psql\), whose query this role may not see \(grant pg_read_all_stats to show it\)\./,
  });
});

for (const [title, code] of [
  ['a deadlock', '40P01'],
  ['changes of others at the same time', '40001'],
] as const) {
  test(`a repeatable transaction is restarted after ${title}`, async (t) => {
    const ledger = await openCountingLedger(t, server);
    let tries = 0;
    await inTransaction(ledger.database, { repeatable: true }, async (client) => {
      tries += 1;
      await client.query(`insert into sync_runs (job, account_id, status) values ('nightly', '1', 'failed')`);
      if (tries < 3) await client.query(`do $$ begin raise exception 'conflict' using errcode = '${code}'; end $$`);
    });
    t.deepEqual(await ledger.query('select count(*)::int as count from sync_runs'), [{ count: 1 }]);
    t.is(tries, 3);
  });
}

test('any other failure is not retried', async (t) => {
  const ledger = await openCountingLedger(t, server);
  let tries = 0;
  const work = async () => {
    tries += 1;
    throw new Error('no conflict');
  };
  await t.throwsAsync(inTransaction(ledger.database, { repeatable: true }, work), { message: 'no conflict' });
  t.is(tries, 1);
});
