import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { queueSchema } from '../../src/database/queue-schema.js';
import { InterruptedError } from '../../src/errors.js';
import { type ClaimedNight, type Night, type NightQueue, openNightQueue } from '../../src/schedule/night-queue.js';
import { readNights } from '../../src/schedule/read-nights.js';
import { workOnNights } from '../../src/schedule/work-on-nights.js';
import { until } from '../end-to-end/support.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const scheduled = (time: string): Night => ({ time: new Date(time), origin: 'schedule' });
const first = scheduled('2026-11-27T07:00Z');
const second = scheduled('2026-11-28T07:00Z');

/** Opens an empty queue, as several hosts see it. */
async function openHosts(t: ExecutionContext<{ server: TestServer }>, count: number) {
  const { database } = await openLedgerDatabase(t, t.context.server, { dataDir: '/nowhere', log: () => undefined });
  const hosts: NightQueue[] = [];
  for (let host = 0; host < count; host += 1) {
    hosts.push(await openNightQueue(database, { supervise: false, onError: (error) => t.fail(error.message) }));
  }
  t.teardown(() => Promise.all(hosts.map((host) => host.close())));
  return { database, hosts: hosts as [NightQueue, ...NightQueue[]] };
}

const accountsOf = (nights: readonly ClaimedNight[]) => nights.map(({ account }) => account).sort();

test('however many hosts plan a night at the same time, it is planned once for each account', async (t) => {
  const { hosts } = await openHosts(t, 3);
  const plans = await Promise.all(hosts.map((host) => host.plan(first, ['1', '2'])));
  t.deepEqual(plans.flatMap(({ planned }) => planned).sort(), ['1', '2']);
  t.deepEqual(
    plans.flatMap(({ blocked }) => blocked),
    [],
  );
  const [host] = hosts;
  const nights = await host.claim(5, undefined);
  t.deepEqual(accountsOf(nights), ['1', '2']);
  for (const night of nights) await host.finish(night, { result: 'succeeded' });
  t.deepEqual(await host.plan(first, ['1', '2']), { planned: [], blocked: [] }, 'not again after its end either');
  t.is(await host.countOpen(undefined), 0);
});

test('a scheduled night replaces one that still waits, also for another attempt, but not one in progress', async (t) => {
  const { database, hosts } = await openHosts(t, 1);
  const [host] = hosts;
  await host.plan(first, ['1', '2', '3']);
  const [one, other] = await host.claim(2, ['1', '2']);
  await host.retryLater(one as ClaimedNight, { error: 'the API is down' });
  const plan = await host.plan(second, ['1', '2', '3']);
  t.deepEqual(plan.blocked, [(other as ClaimedNight).account]);
  t.deepEqual(plan.planned.sort(), [(one as ClaimedNight).account, '3'].sort());
  const nights = await readNights(database.pool);
  t.deepEqual(
    nights.map(({ night }) => night),
    [second.time, first.time],
  );
  t.deepEqual(
    nights[1]?.accounts.map(({ state }) => state),
    ['running'],
  );
});

test('an enqueued night is not planned for an account whose night waits or is in progress', async (t) => {
  const { hosts } = await openHosts(t, 1);
  const [host] = hosts;
  await host.plan(first, ['1', '2']);
  await host.claim(1, ['1']);
  const enqueued: Night = { time: new Date('2026-11-27T09:00Z'), origin: 'enqueue' };
  t.deepEqual(await host.plan(enqueued, ['1', '2', '3']), { planned: ['3'], blocked: ['1', '2'] });
});

test('new accounts come first, then those with the most pages in their last complete night', async (t) => {
  const { database, hosts } = await openHosts(t, 1);
  const [host] = hosts;
  await database.pool.query(
    `insert into sync_runs (job, account_id, started_at, finished_at, status, pages) values
       ('nightly', 'small', now() - interval '1 day', now(), 'succeeded', 3),
       ('nightly', 'large', now() - interval '2 days', now(), 'succeeded', 900),
       ('nightly', 'large', now() - interval '1 day', now(), 'failed', 1),
       ('nightly', 'middle', now() - interval '1 day', now(), 'succeeded', 50)`,
  );
  await host.plan(first, ['small', 'large', 'new', 'middle']);
  const order: string[] = [];
  for (let count = 0; count < 4; count += 1) order.push(...accountsOf(await host.claim(1, undefined)));
  t.deepEqual(order, ['new', 'large', 'middle', 'small']);
});

test('a process claims only the accounts that it serves', async (t) => {
  const { hosts } = await openHosts(t, 2);
  const [host, other] = hosts as [NightQueue, NightQueue];
  await host.plan(first, ['1', '2', '3']);
  t.deepEqual(accountsOf(await host.claim(9, ['2', '8'])), ['2']);
  t.deepEqual(await host.claim(9, ['2', '8']), []);
  t.is(await host.countOpen(['2', '8']), 1);
  t.deepEqual(accountsOf(await other.claim(9, ['1', '3'])), ['1', '3']);
});

test('after another host has migrated to a newer schema, no night is claimed', async (t) => {
  const { database, hosts } = await openHosts(t, 1);
  const [host] = hosts;
  await host.plan(first, ['1']);
  await database.pool.query(`insert into knex_migrations (name, batch) values ('9999-future', 99)`);
  await t.throwsAsync(host.claim(1, undefined), { message: /is newer than this tn-ledger/ });
  await database.pool.query(`delete from knex_migrations where name = '9999-future'`);
  t.deepEqual(accountsOf(await host.claim(1, undefined)), ['1']);
});

test('a released night can be claimed immediately, as the next attempt of the same night', async (t) => {
  const { hosts } = await openHosts(t, 2);
  const [host, other] = hosts as [NightQueue, NightQueue];
  await host.plan(first, ['1']);
  const [night] = (await host.claim(1, undefined)) as [ClaimedNight];
  await host.release(night);
  const [again] = (await other.claim(1, undefined)) as [ClaimedNight];
  t.like(again, { account: '1', time: first.time, attempt: 2, plannedAt: night.plannedAt });
  await host.finish(night, { result: 'succeeded' });
  t.deepEqual(await host.renew([night]), [night], 'its claim is lost');
  t.deepEqual(await other.renew([again]), []);
  t.is(await host.countOpen(undefined), 1, 'a lost claim ends nothing');
});

test('a night that failed for a passing reason waits for its next attempt, and says why', async (t) => {
  const { database, hosts } = await openHosts(t, 1);
  const [host] = hosts;
  await host.plan(first, ['1']);
  const [night] = (await host.claim(1, undefined)) as [ClaimedNight];
  const retry = await host.retryLater(night, { error: 'the API is down', waitsFor: 'the API' });
  const [state] = await readNights(database.pool);
  t.like(state?.accounts[0], { state: 'waiting', attempts: 1, error: 'the API is down', waits_for: 'the API' });
  const next = state?.accounts[0]?.next_attempt_at as Date;
  t.deepEqual(retry?.at, next);
  const { rows } = await database.pool.query('select $1::timestamptz > clock_timestamp() as later', [next]);
  t.true(rows[0].later);
});

/** Starts a worker whose runs end when told to. */
function startWorker(queue: NightQueue, { lanes = 2, untilDone = false } = {}) {
  const end = new AbortController();
  const signals = new Map<string, AbortSignal>();
  const ends = new Map<string, () => void>();
  const done = workOnNights({
    ...{ queue, lanes, untilDone, served: undefined, signal: end.signal },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    run: async ({ account }, signal) => {
      signals.set(account, signal);
      await new Promise<void>((resolve) => {
        ends.set(account, resolve);
        signal.addEventListener('abort', () => resolve());
      });
      return signal.aborted ? { result: 'stopped' } : { result: 'succeeded' };
    },
  });
  return { done, end, signals, ends };
}

test('a worker runs as many nights at a time as it has lanes, and takes the next one when one ends', async (t) => {
  const { hosts } = await openHosts(t, 1);
  const [host] = hosts;
  await host.plan(first, ['1', '2', '3']);
  const worker = startWorker(host, { untilDone: true });
  await until(async () => worker.ends.size === 2);
  const [account] = worker.ends.keys();
  worker.ends.get(account as string)?.();
  await until(async () => worker.ends.size === 3);
  for (const finish of worker.ends.values()) finish();
  await worker.done;
  t.is(await host.countOpen(undefined), 0);
});

test('a worker that is stopped returns its nights to the queue before it ends', async (t) => {
  const { hosts } = await openHosts(t, 1);
  const [host] = hosts;
  await host.plan(first, ['1', '2']);
  const worker = startWorker(host);
  await until(async () => worker.ends.size === 2);
  worker.end.abort(new InterruptedError('Stopped by SIGTERM.'));
  await worker.done;
  t.deepEqual(accountsOf(await host.claim(9, undefined)), ['1', '2']);
});

test('a worker stops a run whose claim it has lost, and does not settle it', async (t) => {
  const { database, hosts } = await openHosts(t, 1);
  const [host] = hosts;
  await host.plan(first, ['1']);
  const worker = startWorker(host);
  await until(async () => worker.signals.size === 1);
  // Another worker has claimed it, after its claim had expired.
  await database.pool.query(`update ${queueSchema}.job set retry_count = retry_count + 1 where group_id = '1'`);
  await until(async () => worker.signals.get('1')?.aborted === true);
  t.regex(String(worker.signals.get('1')?.reason.message), /^Another worker took the nightly run over/);
  worker.end.abort();
  await worker.done;
  t.is(await host.countOpen(undefined), 1);
});

test('--until-done waits for a run that another host works on', async (t) => {
  const { hosts } = await openHosts(t, 2);
  const [host, other] = hosts as [NightQueue, NightQueue];
  await host.plan(first, ['1']);
  const [night] = (await other.claim(1, undefined)) as [ClaimedNight];
  let isDone = false;
  const worker = startWorker(host, { untilDone: true });
  void worker.done.then(() => {
    isDone = true;
  });
  await other.renew([night]);
  t.false(isDone);
  await other.finish(night, { result: 'succeeded' });
  await worker.done;
  t.is(worker.signals.size, 0);
});
