import test from 'ava';
import { createAccountQueue } from '../../src/dashboard/account-queue.js';
import type { DashboardClient } from '../../src/dashboard/client.js';
import { RateLimitedError } from '../../src/dashboard/errors.js';
import { defaultPauseMs, longestPauseMs, rateLimitPause } from '../../src/dashboard/rate-limit.js';
import { localPermits } from '../support/permits.js';
import { clientFor, quantity, sendStatus, sendXml, serve, signalled } from './support.js';

function get(client: DashboardClient, account = '1', name = 'x', priority?: number): Promise<string> {
  return client.get({
    account,
    path: `/accounts/${account}/${name}`,
    parse: ({ text }) => text,
    ...(priority === undefined ? {} : { priority }),
  });
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

test('the rate limit of an account includes retries, and does not affect other accounts', async (t) => {
  const server = await serve(t, (request, response) => {
    return request.path.includes('/1/') ? sendStatus(response, 500) : sendXml(response, quantity(1));
  });
  const { client } = clientFor(t, server, { permits: localPermits(10), retry: { baseMs: 0, tries: 100 } });
  const limited = times(8, () => get(client).catch(() => undefined));
  // Nine rounds to the server and back: time enough for what should not be sent.
  for (let n = 0; n < 9; n += 1) {
    await get(client, '2');
  }
  t.is(client.requestCount('1'), 10);
  t.is(server.received.filter(({ path }) => path.includes('/1/')).length, 10);
  await client.close();
  await Promise.all(limited);
});

test('concurrency is limited, and requests with the highest priority go first', async (t) => {
  const gate = signalled();
  let inFlight = 0;
  let most = 0;
  const server = await serve(t, async (request, response) => {
    if (request.path.includes('/2/')) {
      return sendXml(response, quantity(2));
    }
    inFlight += 1;
    most = Math.max(most, inFlight);
    await gate.promise;
    inFlight -= 1;
    sendXml(response, quantity(1));
  });
  const { client } = clientFor(t, server, { concurrency: 2 });
  const priorities = [9, 9, 0, 5, -1, 5, 7];
  const requests = priorities.map((priority, index) => get(client, '1', `${priority}-${index}`, priority));
  // Three rounds to the server and back: time enough for a third request to arrive.
  for (let n = 0; n < 3; n += 1) {
    await get(client, '2');
  }
  gate.signal();
  await Promise.all(requests);
  t.is(most, 2);
  const order = server.received
    .filter(({ path }) => path.includes('/1/'))
    .map(({ path }) => Number(/(-?\d+)-\d$/.exec(path)?.[1]));
  t.deepEqual(order.slice(2), [7, 5, 5, 0, -1]);
});

test('a request that waits to be retried does not block others, and goes first afterwards', async (t) => {
  const server = await serve(t, (request, response, index) => {
    return index === 0 ? sendStatus(response, 500) : sendXml(response, quantity(request.path.length));
  });
  const { client } = clientFor(t, server, { concurrency: 1, retry: { baseMs: 1e9, capMs: 1e9 } });
  const failing = get(client, '1', 'failing').catch(() => 'ended');
  t.truthy(await get(client, '1', 'other'));
  t.is(server.received.length, 2);
  await client.close();
  t.is(await failing, 'ended');
});

test('after a 429, the account pauses until the limit resets; other accounts continue', async (t) => {
  let resetAt = 0;
  let cleared = false;
  const others: boolean[] = [];
  const server = await serve(t, (request, response) => {
    if (request.path.includes('/2/')) {
      others.push(cleared);
      return sendXml(response, quantity(2));
    }
    if (resetAt === 0) {
      resetAt = Math.ceil(Date.now() / 1000) + 1;
      return sendStatus(response, 429, { 'x-ratelimit-reset': String(resetAt) });
    }
    cleared ||= Date.now() >= resetAt * 1000;
    return cleared ? sendXml(response, quantity(1)) : sendStatus(response, 500);
  });
  // A single try: a request that came too early would fail.
  const { client, events } = clientFor(t, server, { concurrency: 1, retry: { tries: 1 } });
  const paused = times(5, () => get(client));
  for (let n = 0; n < 5; n += 1) {
    await get(client, '2');
  }
  t.deepEqual(others, Array(5).fill(false));
  t.deepEqual(await Promise.all(paused), Array(5).fill(quantity(1)));
  t.like(events, [
    { type: 'pause', account: '1', path: '/api/accounts/1/x', attempt: 1, reason: 'rate limit reached' },
  ]);
  t.is(client.requestCount('1'), 6);
});

test('a 429 does not count as a failed attempt', async (t) => {
  const server = await serve(t, (_request, response, index) => {
    response.sendDate = false;
    const reset = { 'x-ratelimit-reset': String(Date.now() + 500) };
    return index < 4 ? sendStatus(response, 429, reset) : sendXml(response, quantity(1));
  });
  const { client, events } = clientFor(t, server, { retry: { tries: 1 } });
  t.is(await get(client), quantity(1));
  t.is(events.filter(({ type }) => type === 'pause').length, 4);
});

test('a request fails if the API returns only 429', async (t) => {
  const server = await serve(t, (_request, response) => {
    response.sendDate = false;
    sendStatus(response, 429, { 'x-ratelimit-reset': String(Date.now() + 250) });
  });
  const { client } = clientFor(t, server, { retry: { totalMs: 1500 } });
  const error = await t.throwsAsync(get(client), { instanceOf: RateLimitedError });
  t.true(server.received.length >= 6);
  t.regex(error?.hint ?? '', /BANDWIDTH_REQUESTS_PER_MINUTE/);
});

const now = Date.parse('2026-03-01T02:00:00Z');
const date = new Date(now).toUTCString();
const resets: [string, Record<string, string>, number, RegExp][] = [
  ['in seconds', { 'x-ratelimit-reset': String(now / 1000 + 42) }, 42_000, /^rate limit reached$/],
  ['in milliseconds', { 'x-ratelimit-reset': String(now + 4200) }, 4200, /^rate limit reached$/],
  ['missing', {}, defaultPauseMs, /missing/],
  ['garbage', { 'x-ratelimit-reset': 'soon' }, defaultPauseMs, /"soon" is not a future time/],
  ['empty', { 'x-ratelimit-reset': '' }, defaultPauseMs, /not a future time/],
  ['negative', { 'x-ratelimit-reset': '-5' }, defaultPauseMs, /not a future time/],
  ['past', { 'x-ratelimit-reset': String(now / 1000 - 1) }, defaultPauseMs, /not a future time/],
  ['zero', { 'x-ratelimit-reset': '0' }, defaultPauseMs, /not a future time/],
  ['days away', { 'x-ratelimit-reset': String(now / 1000 + 1e6) }, longestPauseMs, /more than an hour away/],
  ['absurd', { 'x-ratelimit-reset': '9999999999999999' }, longestPauseMs, /more than an hour away/],
];

for (const [what, headers, waitMs, reason] of resets) {
  test(`a reset that is ${what} means ${waitMs} ms`, (t) => {
    const pause = rateLimitPause(headers, now);
    t.is(pause.waitMs, waitMs);
    t.regex(pause.reason, reason);
  });
}

test('a wrong local clock does not change the pause', (t) => {
  const headers = { 'x-ratelimit-reset': String(now / 1000 + 30), date };
  t.is(rateLimitPause(headers, now + 7_200_000).waitMs, 30_000);
  t.is(rateLimitPause(headers, now - 7_200_000).waitMs, 30_000);
});

// It keeps the processor busy, which the others, with their pauses, had better not wait for.
test.serial('a queue with a high rate limit runs tens of thousands of tasks in order', async (t) => {
  const { signal } = new AbortController();
  const queue = createAccountQueue({
    account: '1',
    requestsPerMinute: 100_000,
    concurrency: 4,
    permits: localPermits(),
    signal,
  });
  let last = -1;
  let inOrder = true;
  const task = (index: number) => async () => {
    inOrder &&= index === last + 1;
    last = index;
  };
  await Promise.all(
    times(30_000, (index) => queue.run(task(index), { priority: 0, signal: new AbortController().signal })),
  );
  t.true(inOrder);
  t.is(last, 29_999);
});
