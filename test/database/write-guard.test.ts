import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { takeJobLock } from '../../src/database/advisory-locks.js';
import { type Database, openDatabase } from '../../src/database/connect.js';
import { LockError } from '../../src/database/errors.js';
import { change, inTransaction } from '../../src/database/transaction.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** Two processes with one database, the first of which holds a lock. */
async function openTwo(t: ExecutionContext<{ server: TestServer }>) {
  const { database, url, superuserUrl } = await openLedgerDatabase(t, t.context.server);
  await database.pool.query('create table public.written (word text)');
  const openOther = async (databaseUrl = url, lockTimeoutMs = 60_000) => {
    const options = { dataDir: '/nonexistent', applicationName: 'tn-ledger tests', log: () => undefined };
    const opened = await openDatabase({ ...options, databaseUrl, lockTimeoutMs });
    t.teardown(() => opened.close());
    return opened;
  };
  const other = await openOther();
  const lock = await takeJobLock(database, 'nightly', '1');
  t.teardown(() => lock.release());
  return { database, other, openOther, superuserUrl, lock, guarded: lock.guard(database) };
}

const write = `insert into public.written values ('word')`;

async function written({ pool }: Database): Promise<number | null> {
  return (await pool.query('select from public.written')).rowCount;
}

/** Ends the session that holds a job's lock, and waits for its end. */
async function endSession({ pool }: Database, job = 'nightly'): Promise<void> {
  const { rowCount } = await pool.query(
    `select pg_terminate_backend(pid, 30000) from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
        and ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`,
    [`tn-ledger/${job}/1`],
  );
  if (rowCount !== 1) throw new Error(`${rowCount} sessions hold the lock`);
}

const lostMessage = { message: /^The connection to .+ was lost \(.+\) while [\w-]+ ran for account 1\. It stopped/ };

test('under a lock, transactions run side by side', async (t) => {
  const { database, guarded } = await openTwo(t);
  await inTransaction(guarded, {}, async (client) => {
    await client.query(write);
    await change(guarded, write, []);
    t.is(await written(database), 1);
  });
  t.is(await written(database), 2);
});

test('once the session with the lock has ended, no transaction starts, even if nobody else has the lock', async (t) => {
  const { database, other, guarded, lock } = await openTwo(t);
  await endSession(other);
  await t.throwsAsync(change(guarded, write, []), lostMessage);
  t.true(lock.lost.aborted);
  t.is(await written(database), 0);
});

test('a transaction that is open when the lock is lost is rolled back', async (t) => {
  const { database, other, guarded, lock } = await openTwo(t);
  const work = inTransaction(guarded, {}, async (client) => {
    await client.query(write);
    const lost = new Promise((resolve) => lock.lost.addEventListener('abort', resolve));
    await endSession(other);
    await lost;
  });
  await t.throwsAsync(work, lostMessage);
  t.is(await written(database), 0);
});

test('the work within a lock’s work stops with the outer lock', async (t) => {
  const { database, guarded, other } = await openTwo(t);
  const inner = await takeJobLock(other, 'sync-orders', '1');
  t.teardown(() => inner.release());
  const both = inner.guard(guarded);
  await change(both, write, []);
  await endSession(other);
  await t.throwsAsync(change(both, write, []), lostMessage);
  t.false(inner.lost.aborted);
  t.is(await written(database), 1);
});

/** What a transaction is doing when its process is frozen. */
const moments: [title: string, start: (client: PoolClient) => void][] = [
  ['idle', () => undefined],
  [
    'in the middle of a COPY',
    (client) => {
      const stream = client.query(copyFrom('copy public.written from stdin'));
      stream.on('error', () => undefined).write('word');
    },
  ],
];

for (const [title, start] of moments) {
  test(`the next holder ends an earlier holder's transaction that is ${title}`, async (t) => {
    const { database, other, guarded } = await openTwo(t);
    let freeze = () => {};
    const frozen = new Promise<void>((resolve) => {
      freeze = resolve;
    });
    const work = inTransaction(guarded, {}, async (client) => {
      await client.query(write);
      const broken = new Promise((resolve) => client.once('end', resolve));
      start(client);
      freeze();
      await broken;
      await client.query(write);
    });
    work.catch(() => undefined);
    await frozen;
    await endSession(other);
    const next = await takeJobLock(other, 'nightly', '1');
    await change(next.guard(other), write, []);
    await t.throwsAsync(work);
    t.is(await written(database), 1);
    await next.release();
  });
}

test('the next holder waits for an earlier holder’s transaction that it may not end', async (t) => {
  const { other, openOther, superuserUrl } = await openTwo(t);
  const superuser = await openOther(superuserUrl);
  const earlier = await takeJobLock(superuser, 'sync-orders', '1');
  const impatient = await openOther(undefined, 300);
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  // Its guard was checked; it doesn't notice that the lock is gone until it commits.
  const work = inTransaction(earlier.guard(superuser), {}, async (client) => {
    await client.query(write);
    start();
    await finished;
  });
  work.catch(() => undefined);
  await started;
  await endSession(superuser, 'sync-orders');
  await t.throwsAsync(takeJobLock(impatient, 'sync-orders', '1'), { instanceOf: LockError });
  finish();
  await t.throwsAsync(work, lostMessage);
  await (await takeJobLock(impatient, 'sync-orders', '1')).release();
  await earlier.release();
  t.is(await written(other), 0);
});
