import test from 'ava';
import { ClockError } from '../../src/dashboard/errors.js';
import { clientFor, type Received, sendStatus, sendXml, serve } from './support.js';

const hour = 3_600_000;
const maxClockDifferenceMs = 600_000;
const undone = 'Nothing was sent.';

/** `Date` as a server whose clock is so far from this machine's sends it. */
const dateAt = (differenceMs: number) => new Date(Date.now() + differenceMs).toUTCString();

const post = { account: '9', path: '/accounts/9/numbersAssignment', body: '<A/>', retry: 'never' } as const;
const get = { account: '9', path: '/accounts/9/orders' } as const;
const parse = () => undefined;
const sent = (received: readonly Received[]) => received.map(({ method, path }) => `${method} ${path}`);

test('the time is that of the latest response, whatever this machine’s clock says', async (t) => {
  const differences = [5 * 24 * hour, -3 * hour];
  const server = await serve(t, (_, response, index) => {
    response.setHeader('date', dateAt(differences[index] as number));
    sendXml(response, '<A/>');
  });
  const { client } = clientFor(t, server);
  for (const difference of differences) {
    await client.get({ ...get, parse });
    const offMs = client.now().getTime() - (Date.now() + difference);
    t.true(offMs > -60_000 && offMs <= 1000, `${offMs}`);
  }
});

test('a gateway’s response does not set the API’s time, or end the request', async (t) => {
  const server = await serve(t, (_, response, index) => {
    response.setHeader('date', dateAt(index === 0 ? 5 * hour : 0));
    if (index === 0) sendStatus(response, 502);
    else sendXml(response, '<A/>');
  });
  const { client } = clientFor(t, server, { maxClockDifferenceMs });
  await t.notThrowsAsync(client.get({ ...get, parse }));
});

for (const [whose, difference] of [
  ['ahead of', -hour],
  ['behind', hour],
] as const) {
  test(`a POST is not sent if the clock is an hour ${whose} the API's`, async (t) => {
    const server = await serve(t, (_, response) => {
      response.setHeader('date', dateAt(difference));
      sendStatus(response, 403);
    });
    const { client } = clientFor(t, server, { maxClockDifferenceMs });
    const error = await t.throwsAsync(client.post({ ...post, parse }), { instanceOf: ClockError });
    t.regex(
      error?.message ?? '',
      new RegExp(`^This machine's clock is .+ ${whose} the API's\\. POST .+ was not sent\\.$`),
    );
    t.regex(error?.hint ?? '', /timedatectl .+TN_LEDGER_MAX_CLOCK_DIFFERENCE/);
    t.deepEqual(sent(server.received), ['GET /api/accounts/9']);
  });
}

test('the token response checks the clock, so later POSTs need no extra request', async (t) => {
  const server = await serve(t, ({ path }, response) => {
    if (path === '/token') response.end(JSON.stringify({ access_token: 'a', expires_in: 3600 }));
    else sendXml(response, '<A/>');
  });
  const { client } = clientFor(t, server, {
    maxClockDifferenceMs,
    credentials: { kind: 'oauth', clientId: 'id', clientSecret: 'secret', tokenUrl: `${server.origin}/token` },
  });
  await client.checkClock('9', undone);
  t.deepEqual(sent(server.received), ['POST /token']);
  await client.post({ ...post, parse });
  t.deepEqual(sent(server.received), ['POST /token', `POST /api${post.path}`]);
});

test('a clock that differs only from the token server’s is accepted', async (t) => {
  const server = await serve(t, ({ path }, response) => {
    if (path !== '/token') return sendXml(response, '<A/>');
    response.setHeader('date', dateAt(hour));
    response.end(JSON.stringify({ access_token: 'a', expires_in: 3600 }));
  });
  const { client } = clientFor(t, server, {
    maxClockDifferenceMs,
    credentials: { kind: 'oauth', clientId: 'id', clientSecret: 'secret', tokenUrl: `${server.origin}/token` },
  });
  await t.notThrowsAsync(client.checkClock('9', undone));
  t.deepEqual(sent(server.received), ['POST /token', 'GET /api/accounts/9']);
});

test('an API without a Date header is asked for the time once', async (t) => {
  const server = await serve(t, (_, response) => {
    response.sendDate = false;
    sendXml(response, '<A/>');
  });
  const { client } = clientFor(t, server, { maxClockDifferenceMs });
  for (let time = 0; time < 2; time += 1) await client.post({ ...post, parse });
  t.deepEqual(sent(server.received), ['GET /api/accounts/9', `POST /api${post.path}`, `POST /api${post.path}`]);
});
