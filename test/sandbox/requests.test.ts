import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { request } from 'undici';
import { LedgerError, UsageError } from '../../src/errors.js';
import { startSandbox } from '../../src/sandbox/server.js';
import { basic, get, post, sandboxFor, userHeaders } from './client.js';

test('every request is logged on arrival: time, request, account and response status', async (t) => {
  const sandbox = await sandboxFor(t);
  const before = performance.timeOrigin + performance.now();
  await get(sandbox, '/accounts/9900000/inserviceNumbers?size=10&areacode=919');
  await get(sandbox, '/tns?accountId=9900000&page=x');
  await post(sandbox, '/tns', '<TnList><Tn>9195551234</Tn></TnList>');
  await fetch(sandbox.tokenUrl, {
    method: 'POST',
    headers: { authorization: basic(sandbox.clientId, sandbox.clientSecret) },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const times = sandbox.requests.map(({ at }) => at);
  t.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  t.true((times[0] as number) >= before && (times.at(-1) as number) <= performance.timeOrigin + performance.now());
  t.deepEqual(
    sandbox.requests.map(({ at: _, ...rest }) => rest),
    [
      {
        method: 'GET',
        path: '/api/accounts/9900000/inserviceNumbers',
        query: { size: '10', areacode: '919' },
        account: '9900000',
        status: 200,
      },
      { method: 'GET', path: '/api/tns', query: { accountId: '9900000', page: 'x' }, account: '9900000', status: 400 },
      { method: 'POST', path: '/api/tns', query: {}, account: undefined, status: 200 },
      { method: 'POST', path: '/api/v1/oauth2/token', query: {}, account: undefined, status: 200 },
    ],
  );
  sandbox.clearRequests();
  t.is(sandbox.requests.length, 0);
});

test('above its rate limit the sandbox returns 429 and when the oldest request leaves the minute', async (t) => {
  const accounts = [
    { id: '9900001', numbers: 10 },
    { id: '9900002', numbers: 10 },
  ];
  const sandbox = await sandboxFor(t, { accounts, requestsPerMinute: 3 });
  const statuses = async (path: string, times: number) => {
    const answered: number[] = [];
    for (let i = 0; i < times; i++) {
      answered.push((await get(sandbox, path)).status);
    }
    return answered;
  };
  t.deepEqual(await statuses('/accounts/9900001', 2), [200, 200]);
  t.deepEqual(await statuses('/tns?accountId=9900001', 2), [200, 429], 'all resources of an account share the limit');
  const { body, headers } = await get(sandbox, '/accounts/9900001');
  t.is(body, '');
  const clears = Number(headers.get('x-ratelimit-reset')) * 1000;
  const oldest = sandbox.requests[0]?.at as number;
  t.true(clears >= oldest + 60_000 && clears < oldest + 63_000, `${clears - oldest} ms after the oldest`);
  t.deepEqual(await statuses('/accounts/9900002', 4), [200, 200, 200, 429], 'each account has a limit of its own');
});

test('latency delays every response', async (t) => {
  const sandbox = await sandboxFor(t, { latency: 60 });
  const asked = performance.now();
  t.is((await get(sandbox, '/accounts/9900000')).status, 200);
  t.true(performance.now() - asked >= 59);
});

test('responses are compressed only if both the option and the client allow it', async (t) => {
  const encodings = async (gzip: boolean, accepted: string) => {
    const sandbox = await sandboxFor(t, { gzip });
    const { headers, body } = await request(`${sandbox.url}/tns?accountId=9900000`, {
      headers: { ...userHeaders(sandbox), 'accept-encoding': accepted },
    });
    const bytes = await body.bytes();
    t.is(Number(headers['content-length']), bytes.length);
    return [headers['content-encoding'], bytes[0] === 0x1f];
  };
  t.deepEqual(await encodings(true, 'gzip'), ['gzip', true]);
  t.deepEqual(await encodings(true, 'identity'), [undefined, false]);
  t.deepEqual(await encodings(false, 'gzip'), [undefined, false]);
  const sandbox = await sandboxFor(t, { gzip: true });
  const plain = await sandboxFor(t);
  t.is((await get(sandbox, '/tns?accountId=9900000')).body, (await get(plain, '/tns?accountId=9900000')).body);
});

test('the error for a port in use names it', async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  const error = await t.throwsAsync(startSandbox({ port }), { instanceOf: LedgerError });
  t.regex(error?.message ?? '', new RegExp(`127\\.0\\.0\\.1:${port}.*EADDRINUSE`));
});

test('the error for an invalid option names it', async (t) => {
  for (const [options, named] of [
    [{ numbers: -1 }, /numbers of account 9900000/],
    [{ numbers: 1.5 }, /numbers of account 9900000/],
    [{ numbers: 1e12 }, /numbers of account 9900000/],
    [{ seed: Number.NaN }, /seed/],
    [{ latency: -5 }, /latency/],
    [{ requestsPerMinute: 0 }, /requestsPerMinute/],
    [{ tokenLifetime: -1 }, /tokenLifetime/],
    [{ port: 70_000 }, /port/],
    [{ faults: { 500: 2 } }, /'500'.*not 2/],
    [{ orders: -1 }, /orders/],
    [{ portins: 1.5 }, /portins/],
    [{ years: 0 }, /years/],
    [{ open: 2 }, /share of open orders/],
    [{ assignmentPace: { reads: -1 } }, /reads of an assignment order/],
    [{ assignmentPace: { ms: Number.NaN } }, /milliseconds of an assignment order/],
    [{ accounts: [] }, /at least one account/],
    [{ accounts: [{ id: 'x', numbers: 1 }] }, /'x'/],
    [
      {
        accounts: [
          { id: '1', numbers: 1 },
          { id: '1', numbers: 1 },
        ],
      },
      /'1'/,
    ],
  ] as const) {
    await t.throwsAsync(startSandbox(options), { instanceOf: UsageError, message: named });
  }
});
