import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { createAccountQueue } from '../../src/dashboard/account-queue.js';
import { type Database, openDatabase } from '../../src/database/connect.js';
import { createRequestLeases } from '../../src/database/request-leases.js';
import type { LeaseRequest } from '../../src/permits.js';
import fc from '../support/fast-check.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { maxWithin } from '../sync/support/rate-limit.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const account = '9900000';
const { signal } = new AbortController();

const ask = (request: Partial<LeaseRequest> = {}): LeaseRequest => ({
  account,
  requestsPerMinute: 10,
  needed: 1,
  inAdvance: 0,
  signal,
  ...request,
});

/** The database through a TCP proxy that passes on each answer after `delayMs`. */
async function throughProxy(
  t: ExecutionContext<{ server: TestServer }>,
): Promise<{ database: Database; setDelay(ms: number): void; cut(): Promise<void> }> {
  const { url } = await openLedgerDatabase(t, t.context.server);
  let delayMs = 0;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connectSocket(t.context.server.port, '127.0.0.1');
    for (const socket of [client, server]) sockets.add(socket.on('error', () => undefined));
    client.pipe(server);
    server.on('data', (data) => setTimeout(() => client.write(data), delayMs));
    client.on('close', () => server.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const database = await openDatabase({
    databaseUrl: url.replace(`:${t.context.server.port}/`, `:${port}/`),
    dataDir: '/nonexistent',
    applicationName: 'tn-ledger tests',
    log: () => undefined,
  });
  const cut = async () => {
    for (const socket of sockets) socket.destroy();
    if (proxy.listening) await new Promise((resolve) => proxy.close(resolve));
  };
  t.teardown(async () => {
    await database.close();
    await cut();
  });
  return {
    database,
    setDelay(ms) {
      delayMs = ms;
    },
    cut,
  };
}

test('random grants to several processes with different limits never exceed the limit in any window', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const windowMs = 200;
  const step = fc.record({
    process: fc.nat(2),
    needed: fc.nat(6),
    inAdvance: fc.nat(3),
    limit: fc.constantFrom(5, 5, 8),
    usableMs: fc.constantFrom(20, 100),
    waitMs: fc.constantFrom(0, 0, 0, 10, 90),
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 20 }), async (steps) => {
      run += 1;
      const processes = [randomUUID(), randomUUID(), randomUUID()];
      // The latest that each permit can be used, and the limit it was granted for.
      const uses: { from: number; until: number; limit: number }[] = [];
      for (const { process, needed, inAdvance, limit, usableMs, waitMs } of steps) {
        await delay(waitMs);
        const { rows } = await database.pool.query(
          `select granted, extract(epoch from clock_timestamp()) * 1000 as at
             from lease_requests($1, $2, $3, $4, $5, $6)`,
          [`${run}`, processes[process], needed, inAdvance, limit, windowMs + usableMs],
        );
        const at = Number(rows[0].at);
        for (let n = 0; n < rows[0].granted; n += 1) uses.push({ from: at, until: at + usableMs, limit });
      }
      // The worst case for each grant: it and all that can still be used less than a window before it.
      for (const [index, { from, limit }] of uses.entries()) {
        const together = uses.slice(0, index + 1).filter(({ until }) => until > from - windowMs + 5);
        t.true(together.length <= limit, `${together.length} of ${limit}: ${JSON.stringify(uses)}`);
      }
    }),
    { numRuns: 5 },
  );
});

test('concurrent processes start no more tasks than the limit in any window, and all of them start', async (t) => {
  const { url, database } = await openLedgerDatabase(t, t.context.server);
  const [windowMs, limit, each] = [1000, 40, 40];
  const open = () =>
    openDatabase({
      databaseUrl: url,
      dataDir: '/nonexistent',
      applicationName: 'tn-ledger tests',
      log: () => undefined,
    });
  const databases = [database, await open(), await open()];
  t.teardown(() => Promise.all(databases.map((other) => other.close())));
  const starts: number[] = [];
  const ended: number[] = [];
  const begun = performance.now();
  await Promise.all(
    databases.map(async (own) => {
      const permits = createRequestLeases(async () => own, windowMs);
      const queue = createAccountQueue({ account, requestsPerMinute: limit, concurrency: 4, permits, signal });
      const task = async () => void starts.push(performance.now());
      await Promise.all(
        Array.from({ length: each }, () => queue.run(task, { priority: 0, signal: new AbortController().signal })),
      );
      ended.push(performance.now() - begun);
    }),
  );
  t.is(starts.length, 3 * each);
  t.true(maxWithin(starts, windowMs) <= limit, `${maxWithin(starts, windowMs)} in ${windowMs} ms`);
  t.log(`${starts.length} starts; the processes ended after ${ended.map(Math.round).join(', ')} ms`);
});

test('permits that nobody uses count until their window ends, and are granted again afterwards', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const permits = createRequestLeases(async () => database, 200);
  const first = await permits.lease(ask({ needed: 10 }));
  t.is(first.permits, 10);
  const none = await permits.lease(ask());
  t.is(none.permits, 0);
  t.true(none.waitMs > 0 && none.waitMs <= 200 + 250 + 250);
  await delay(Math.ceil(none.waitMs));
  t.is((await permits.lease(ask({ needed: 10 }))).permits, 10);
});

test('permits in advance are granted only while they are plentiful', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const permits = createRequestLeases(async () => database);
  t.is((await permits.lease(ask({ requestsPerMinute: 99, needed: 2, inAdvance: 50 }))).permits, 2);
  t.is((await permits.lease(ask({ requestsPerMinute: 1000, needed: 2, inAdvance: 50 }))).permits, 2 + 9);
  t.is((await permits.lease(ask({ requestsPerMinute: 1_000_000_000, needed: 2, inAdvance: 50 }))).permits, 52);
});

test('a process that waits gets its permits before one that began to wait later', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const [first, second, greedy] = [1, 2, 3].map(() => createRequestLeases(async () => database, 100));
  await greedy?.lease(ask({ needed: 10 }));
  const { waitMs } = (await first?.lease(ask({ needed: 8 }))) ?? { waitMs: 0 };
  await second?.lease(ask({ needed: 8 }));
  await delay(Math.ceil(waitMs));
  t.is((await greedy?.lease(ask({ needed: 10 })))?.permits, 0);
  t.is((await second?.lease(ask({ needed: 8 })))?.permits, 2);
  t.is((await first?.lease(ask({ needed: 8 })))?.permits, 8);
});

test('each process is held to its own limit, counting the permits of all', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const [fast, slow] = [1, 2].map(() => createRequestLeases(async () => database));
  t.is((await fast?.lease(ask({ requestsPerMinute: 20, needed: 12 })))?.permits, 12);
  t.is((await slow?.lease(ask({ requestsPerMinute: 10, needed: 4 })))?.permits, 0);
  t.is((await slow?.lease(ask({ account: 'other', requestsPerMinute: 10, needed: 4 })))?.permits, 4);
});

test('a pause by one process stops the others until it ends, and a shorter one does not shorten it', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const [one, other] = [1, 2].map(() => createRequestLeases(async () => database));
  await one?.pause(account, 400, signal);
  await one?.pause(account, 10, signal);
  const paused = await other?.lease(ask());
  t.is(paused?.permits, 0);
  t.true((paused?.waitMs ?? 0) > 100 && (paused?.waitMs ?? 0) <= 400);
  t.is((await other?.lease(ask({ account: 'other' })))?.permits, 1);
  await delay(Math.ceil(paused?.waitMs ?? 0));
  t.is((await other?.lease(ask()))?.permits, 1);
});

test('a 429 in one process pauses the requests of the others', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const [one, other] = [1, 2].map(() => {
    const permits = createRequestLeases(async () => database);
    return createAccountQueue({ account, requestsPerMinute: 10, concurrency: 2, permits, signal });
  });
  const pausedAt = performance.now();
  one?.pause(1000);
  while ((await database.pool.query('select from request_permits')).rowCount === 0) await delay(5);
  const startedAt = await other?.run(async () => performance.now(), { priority: 0, signal });
  t.true((startedAt ?? 0) - pausedAt >= 999);
});

test('if the clock of the database was set back, permits count no longer than before', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const permits = createRequestLeases(async () => database, 5000);
  await permits.lease(ask({ needed: 10 }));
  await database.pool.query('update request_permits set first_slot = first_slot + 4 * 86400');
  const { permits: granted, waitMs } = await permits.lease(ask());
  t.is(granted, 0);
  t.true(waitMs > 0 && waitMs <= 5000 + 1000);
});

test('a slow database wastes permits, never exceeds the limit, and does not stop all requests', async (t) => {
  const { database, setDelay } = await throughProxy(t);
  // The connection is open before it becomes slow.
  await createRequestLeases(async () => database).lease(ask({ account: 'other' }));
  setDelay(400);
  const permits = createRequestLeases(async () => database);
  const starts: number[] = [];
  const queue = createAccountQueue({ account, requestsPerMinute: 10, concurrency: 2, permits, signal });
  await Promise.all(
    [1, 2].map(() => queue.run(async () => void starts.push(performance.now()), { priority: 0, signal })),
  );
  t.is(starts.length, 2);
  setDelay(0);
  const { rows } = await database.pool.query(
    'select sum(n)::int as counted from request_permits, unnest(permits) n where account_id = $1',
    [account],
  );
  // The first permits arrived too late: they count, but weren't used.
  t.true(rows[0].counted > 2 && rows[0].counted <= 10, `${rows[0].counted} permits count`);
});

test('without the database, tasks fail with the reason and do not run, and run when it is back', async (t) => {
  const { database, cut } = await throughProxy(t);
  const { database: alive } = await openLedgerDatabase(t, t.context.server);
  let current = database;
  const permits = createRequestLeases(async () => current);
  const queue = createAccountQueue({ account, requestsPerMinute: 10, concurrency: 2, permits, signal });
  let ran = 0;
  const count = async () => {
    ran += 1;
  };
  const run = () => queue.run(count, { priority: 0, signal });
  await run();
  await cut();
  const error = await t.throwsAsync(run());
  t.regex(
    error?.message ?? '',
    /^A request of account 9900000 was not sent, because its rate limit is kept in the database\. The database 127\.0\.0\.1:\d+\/test_\w+ is not reachable: /,
  );
  t.regex((error as { hint?: string }).hint ?? '', /^Check that the server is running/);
  t.is(ran, 1);
  current = alive;
  await run();
  t.is(ran, 2);
});

test('a request waits for no connection of the pool, whose users may wait for it', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const clients = await Promise.all(Array.from({ length: 10 }, () => database.pool.connect()));
  await Promise.all(clients.map((client) => client.query('begin')));
  t.is((await createRequestLeases(async () => database).lease(ask())).permits, 1);
  for (const client of clients) client.release(true);
});

test('a task that waits for a permit ends at once when it is aborted', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const permits = createRequestLeases(async () => database);
  await permits.lease(ask({ needed: 10 }));
  const client = new AbortController();
  const queue = createAccountQueue({ account, requestsPerMinute: 10, concurrency: 2, permits, signal: client.signal });
  const waiting = queue.run(async () => t.fail(), { priority: 0, signal: client.signal });
  while ((await database.pool.query('select from request_waiters')).rowCount === 0) await delay(5);
  client.abort(new Error('stopped'));
  await t.throwsAsync(waiting, { message: 'stopped' });
});
