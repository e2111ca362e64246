import { gzipSync } from 'node:zlib';
import test from 'ava';
import { createDashboardClient, type DashboardClient, type GetRequest } from '../../src/dashboard/client.js';
import {
  ApiError,
  BrokenBodyError,
  OutcomeUnknownError,
  RedirectError,
  UnavailableError,
} from '../../src/dashboard/errors.js';
import { parseListPage } from '../../src/dashboard/list-page.js';
import { parseXml, textAt, XmlError } from '../../src/dashboard/xml.js';
import { UsageError } from '../../src/errors.js';
import { version } from '../../src/version.js';
import { localPermits } from '../support/permits.js';
import { inserviceNumbers } from '../support/resources.js';
import { basic, clientFor, quantity, sendStatus, sendXml, serve, signalled } from './support.js';

/** Requests a count, the smallest response. */
function getCount(client: DashboardClient, request: Partial<GetRequest<string>> = {}): Promise<string> {
  return client.get({
    account: '1',
    path: '/accounts/1/inserviceNumbers/totals',
    parse: ({ text }) => {
      const count = textAt(parseXml(text), 'Quantity.Count');
      if (count === undefined) {
        throw new XmlError('no count');
      }
      return count;
    },
    ...request,
  });
}

test('a request has credentials, version, and query, and its response is parsed', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, quantity(62)));
  const { client } = clientFor(t, server);
  t.is(await getCount(client, { query: { page: 'a b&c=1/é', size: '5' } }), '62');
  const [request] = server.received;
  t.is(request?.method, 'GET');
  t.is(request?.path, '/api/accounts/1/inserviceNumbers/totals');
  t.is(request?.query.get('page'), 'a b&c=1/é');
  t.is(request?.query.get('size'), '5');
  t.is(request?.headers.authorization, `Basic ${Buffer.from('api-user:p\u00e4ss:word').toString('base64')}`);
  t.is(request?.headers.accept, 'application/xml');
  t.true(request?.headers['user-agent']?.startsWith(`tn-ledger/${version} (+node `));
  t.is(client.requestCount('1'), 1);
  t.is(client.requestCount('2'), 0);
});

test('connections are kept alive and reused', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, quantity(1)));
  const { client } = clientFor(t, server);
  for (let n = 0; n < 50; n += 1) {
    await getCount(client);
  }
  t.true(server.connections() <= 2, `${server.connections()} connections`);
});

test('gzip is requested and decoded', async (t) => {
  const server = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(quantity('\u00e9'.repeat(5000))));
  });
  const { client } = clientFor(t, server);
  t.is(await getCount(client), '\u00e9'.repeat(5000));
  t.is(server.received[0]?.headers['accept-encoding'], 'gzip');
});

const passing: Record<string, Parameters<typeof serve>[1]> = {
  'a reset connection': (_request, response) => response.destroy(),
  'status 408': (_request, response) => sendStatus(response, 408),
  'status 500': (_request, response) => sendStatus(response, 500),
  'status 503 with HTML': (_request, response) => sendXml(response, '<html><body>down</body></html>', 503),
  'an empty body': (_request, response) => sendXml(response, ''),
  'a 204 where a body is due': (_request, response) => sendStatus(response, 204),
  HTML: (_request, response) => sendXml(response, '<!DOCTYPE html><html><body>Welcome</body></html>'),
  JSON: (_request, response) => sendXml(response, '{"count": 62}'),
  'XML that is cut off': (_request, response) => sendXml(response, quantity(62).slice(0, -3)),
  'XML of another kind': (_request, response) => sendXml(response, '<Other/>'),
  'a body shorter than its Content-Length': (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write(quantity(62), () => response.destroy());
  },
  'a chunked body without its end': (_request, response) => {
    response.writeHead(200);
    response.write(quantity(62), () => response.destroy());
  },
  'gzip that is cut off': (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(quantity(62)).subarray(0, -9));
  },
  'gzip that is none': (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(quantity(62));
  },
  'a compression that was not asked for': (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'br' }).end(quantity(62));
  },
  'bytes that are no UTF-8': (_request, response) => {
    response.writeHead(200).end(Buffer.from([0x3c, 0x61, 0x3e, 0xe9, 0x3c, 0x2f, 0x61, 0x3e]));
  },
};

for (const [fault, handler] of Object.entries(passing)) {
  test(`${fault} is retried`, async (t) => {
    const server = await serve(t, (request, response, index) => {
      return index < 2 ? handler(request, response, index) : sendXml(response, quantity(62));
    });
    const { client, events } = clientFor(t, server);
    t.is(await getCount(client), '62');
    t.is(server.received.length, 3);
    t.is(client.requestCount('1'), 3);
    t.deepEqual(
      events.map((event) => event.type),
      ['retry', 'retry'],
    );
    t.like(events[1], { account: '1', method: 'GET', path: '/api/accounts/1/inserviceNumbers/totals', attempt: 2 });
  });
}

test('a response that is late or stalls is retried', async (t) => {
  const server = await serve(t, (_request, response, index) => {
    if (index === 1) {
      response.writeHead(200);
      response.write('<Quantity>');
    } else if (index > 1) {
      sendXml(response, quantity(62));
    }
  });
  const { client, events } = clientFor(t, server, { timeouts: { firstByteMs: 50, betweenBytesMs: 50 } });
  t.is(await getCount(client), '62');
  t.deepEqual(
    events.map((event) => event.type === 'retry' && event.reason),
    ['no response in time', 'the response stalled'],
  );
});

test('a response that trickles in ends at the request timeout', async (t) => {
  const server = await serve(t, (_request, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(drip));
  });
  const { client } = clientFor(t, server, { timeouts: { totalMs: 300 }, retry: { tries: 1 } });
  await t.throwsAsync(getCount(client), {
    instanceOf: UnavailableError,
    message: /not complete after TN_LEDGER_REQUEST_TIMEOUT=0\.3s/,
  });
});

test('after six attempts a request fails with its path, attempts, and last failure', async (t) => {
  const server = await serve(t, (_request, response) => {
    sendXml(
      response,
      '<R><ResponseStatus><ErrorCode>9000</ErrorCode><Description>Down</Description></ResponseStatus></R>',
      503,
    );
  });
  const { client } = clientFor(t, server);
  const error = await t.throwsAsync(getCount(client, { query: { page: '1' } }), { instanceOf: UnavailableError });
  t.is(server.received.length, 6);
  t.like(error?.request, {
    account: '1',
    method: 'GET',
    path: '/api/accounts/1/inserviceNumbers/totals?page=1',
    tries: 6,
  });
  t.regex(
    error?.message ?? '',
    /^GET \/api\/accounts\/1\/inserviceNumbers\/totals\?page=1 \(account 1, 6 tries, .* s\): .*status 503, 9000 Down$/,
  );
  t.truthy(error?.hint);
  t.notRegex(JSON.stringify([error?.message, error?.hint]), /p.ss:word|Basic/);
});

test('a request fails after six refused connections', async (t) => {
  const server = await serve(t, () => undefined);
  const { client } = clientFor(t, server, { apiUrl: 'http://127.0.0.1:1/api' });
  await t.throwsAsync(getCount(client), { instanceOf: UnavailableError, message: /ECONNREFUSED/ });
  t.is(client.requestCount('1'), 6);
});

test('the error for a document that is not the requested list names BANDWIDTH_API_URL', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, '<rss><channel/></rss>'));
  const { client } = clientFor(t, server);
  const parse = ({ text }: { text: string }) => parseListPage(text, inserviceNumbers).items.length;
  const error = await t.throwsAsync(client.get({ account: '1', path: '/x', parse }), {
    instanceOf: BrokenBodyError,
    message: /expected a document <TNs>, but it is <rss>/,
  });
  t.regex(error?.hint ?? '', /BANDWIDTH_API_URL/);
});

for (const [content, body] of [
  ['HTML', '<?xml version="1.0"?>\n<!DOCTYPE html><html><body>Welcome</body></html>'],
  ['JSON', '{"count": 62}'],
  ['text', 'It works!'],
] as const) {
  test(`the error for a URL that always returns ${content} says that it may not be the API`, async (t) => {
    const server = await serve(t, (_request, response) => sendXml(response, body));
    const { client } = clientFor(t, server);
    const error = await t.throwsAsync(getCount(client), { instanceOf: BrokenBodyError, message: new RegExp(content) });
    t.regex(error?.hint ?? '', /BANDWIDTH_API_URL may point to something that is not the Dashboard API/);
    t.is(server.received.length, 6);
  });
}

test('a body above the limit is an error, compressed or not', async (t) => {
  const server = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(quantity('9'.repeat(1_000_000))));
  });
  const { client } = clientFor(t, server, { maxBodyBytes: 100_000, retry: { tries: 1 } });
  const error = await t.throwsAsync(getCount(client), {
    instanceOf: BrokenBodyError,
    message: /longer than TN_LEDGER_MAX_BODY=100KB/,
  });
  t.regex(error?.hint ?? '', /raise TN_LEDGER_MAX_BODY/);
});

const denied =
  '<R><ResponseStatus><ErrorCode>1001</ErrorCode><Description>Access Denied</Description></ResponseStatus></R>';

test('403 fails immediately, with the API’s code and what to check', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, denied, 403));
  const { client } = clientFor(t, server);
  const error = await t.throwsAsync(getCount(client), { instanceOf: ApiError, message: /403: 1001 Access Denied/ });
  t.is(error?.status, 403);
  t.deepEqual(error?.codes, [{ code: '1001', description: 'Access Denied', telephoneNumbers: [] }]);
  t.regex(error?.hint ?? '', /have no access to account 1\. Check BANDWIDTH_ACCOUNT_ID/);
  t.is(server.received.length, 1);
});

test('404 on an account fails immediately and says that there is no such account', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, denied, 404));
  const { client } = clientFor(t, server);
  const error = await t.throwsAsync(getCount(client, { path: '/accounts/1' }), { instanceOf: ApiError });
  t.regex(error?.hint ?? '', /There is no account 1 .*BANDWIDTH_ACCOUNT_ID/);
  t.is(server.received.length, 1);
});

test('404 with HTML fails immediately and names BANDWIDTH_API_URL', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, '<html><p>Not found</html>', 404));
  const { client } = clientFor(t, server);
  const error = await t.throwsAsync(getCount(client), { instanceOf: ApiError });
  t.regex(error?.hint ?? '', /BANDWIDTH_API_URL/);
});

test('an error with status 200 fails immediately', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, denied));
  const { client } = clientFor(t, server);
  await t.throwsAsync(getCount(client), { instanceOf: ApiError, message: /200: 1001/ });
  t.is(server.received.length, 1);
});

test('a redirect is not followed', async (t) => {
  const other = await serve(t, (_request, response) => sendXml(response, quantity(1)));
  const server = await serve(t, (_request, response) => sendStatus(response, 302, { location: `${other.origin}/api` }));
  const { client } = clientFor(t, server);
  const error = await t.throwsAsync(getCount(client), { instanceOf: RedirectError });
  t.true(error?.message.includes(`redirects to ${other.origin}`));
  t.is(server.received.length, 1);
  t.is(other.received.length, 0);
});

test('a caller that accepts a status gets its headers and body unchanged', async (t) => {
  const server = await serve(t, (_request, response) =>
    sendStatus(response, 303, { location: 'https://elsewhere/file' }),
  );
  const { client } = clientFor(t, server);
  const answer = await client.get({ account: '1', path: '/accounts/1/bdrs/7', accept: [303], parse: (body) => body });
  t.is(answer.status, 303);
  t.is(answer.headers.location, 'https://elsewhere/file');
  t.is(answer.text, '');
});

test('204, and 404 with links, are empty lists if the caller accepts them', async (t) => {
  const linked = '<Orders><Links><first>Link=&lt;http://x/?page=1&gt;;</first></Links></Orders>';
  const server = await serve(t, (_request, response, index) => {
    return index === 0 ? sendStatus(response, 204) : sendXml(response, linked, 404);
  });
  const { client } = clientFor(t, server);
  const ask = () => client.get({ account: '1', path: '/x', empty: [204, 404], parse: ({ status }) => status });
  t.is(await ask(), 204);
  t.is(await ask(), 404);
  await t.throwsAsync(client.get({ account: '1', path: '/x', empty: [204], parse: () => 0 }), { instanceOf: ApiError });
});

test('404 with an error, or without a body, is not an empty list', async (t) => {
  const both = '<R><Links/><ResponseStatus><ErrorCode>1</ErrorCode></ResponseStatus></R>';
  const server = await serve(t, (_request, response, index) => sendXml(response, [denied, '', both][index] ?? '', 404));
  const { client } = clientFor(t, server);
  for (let n = 0; n < 3; n += 1) {
    await t.throwsAsync(client.get({ account: '1', path: '/x', empty: [404], parse: () => 0 }), {
      instanceOf: ApiError,
    });
  }
});

test('a path that leaves the base URL is rejected before anything is sent', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, quantity(1)));
  const { client } = clientFor(t, server);
  for (const path of [
    '/../v2/x',
    '/accounts/../../x',
    '/accounts/%2e%2e/x',
    'x',
    '/a b',
    '/x?y=1',
    '/x#y',
    '//elsewhere/x/..',
  ]) {
    await t.throwsAsync(getCount(client, { path }), { instanceOf: TypeError }, path);
  }
  t.is(server.received.length, 0);
});

test('credentials are not sent unencrypted to other machines, or put in URLs', (t) => {
  const create = (apiUrl: string, tokenUrl?: string) => () => {
    createDashboardClient({
      apiUrl,
      credentials: tokenUrl === undefined ? basic : { kind: 'oauth', clientId: 'i', clientSecret: 's', tokenUrl },
      requestsPerMinute: 1,
      permits: localPermits(),
      concurrency: 1,
    });
  };
  for (const url of [
    'http://dashboard.bandwidth.com/api',
    'http://127.0.0.1.example.com/api',
    'http://10.0.0.1',
    'ftp://x/api',
    'dashboard',
    'https://u:p@x/api',
  ]) {
    t.throws(create(url), { instanceOf: UsageError, message: /BANDWIDTH_API_URL/ }, url);
  }
  t.throws(create('https://x/api', 'http://x/token'), { instanceOf: UsageError, message: /BANDWIDTH_TOKEN_URL/ });
  for (const url of [
    'http://127.0.0.1/api',
    'http://localhost:1/api',
    'http://[::1]:8080/api',
    'https://api.bandwidth.com/api',
  ]) {
    t.notThrows(create(url), url);
  }
});

test('an aborted request rejects with the signal\u2019s reason and its connection is closed', async (t) => {
  const arrived = signalled();
  const closed = signalled();
  const server = await serve(t, (_request, response) => {
    response.on('close', closed.signal);
    arrived.signal();
  });
  const { client } = clientFor(t, server, { concurrency: 1 });
  const abort = new AbortController();
  const running = getCount(client, { signal: abort.signal });
  const waiting = getCount(client, { signal: abort.signal });
  const other = getCount(client);
  await arrived.promise;
  const reason = new Error('enough');
  abort.abort(reason);
  t.is(await t.throwsAsync(running), reason);
  t.is(await t.throwsAsync(waiting), reason);
  await closed.promise;
  await client.close();
  await t.throwsAsync(other, { message: /was closed/ });
  await t.throwsAsync(getCount(client), { message: /was closed/ });
});

test('the client’s signal ends active, retrying, paused, and future requests', async (t) => {
  const arrived = signalled();
  const server = await serve(t, (request, response) => {
    if (request.path.includes('/2/')) {
      return sendStatus(response, 500);
    }
    if (request.path.includes('/3/')) {
      return sendStatus(response, 429);
    }
    return arrived.signal();
  });
  const abort = new AbortController();
  const between = signalled();
  const paused = signalled();
  const { client } = clientFor(t, server, {
    signal: abort.signal,
    retry: { baseMs: 1e9, capMs: 1e9 },
    onEvent: ({ type }) => {
      if (type === 'retry') between.signal();
      if (type === 'pause') paused.signal();
    },
  });
  const requests = ['1', '2', '3'].map((account) => getCount(client, { account, path: `/accounts/${account}/x` }));
  await Promise.all([arrived.promise, between.promise, paused.promise]);
  const reason = new Error('stop');
  abort.abort(reason);
  for (const request of requests) {
    t.is(await t.throwsAsync(request), reason);
  }
  t.is(await t.throwsAsync(getCount(client)), reason);
  t.is(server.received.length, 3);
});

test('nothing is sent if the signal is already aborted', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, quantity(1)));
  const reason = new Error('never');
  const { client } = clientFor(t, server, { signal: AbortSignal.abort(reason) });
  t.is(await t.throwsAsync(getCount(client)), reason);
  const { client: another } = clientFor(t, server);
  t.is(await t.throwsAsync(getCount(another, { signal: AbortSignal.abort(reason) })), reason);
  t.is(server.received.length, 0);
});

const post = { account: '1', path: '/accounts/1/numbersAssignment', body: '<Order/>', parse: () => 'created' };

test('a POST is not sent, and not sent again, if its last check fails', async (t) => {
  const server = await serve(t, (_request, response) => sendStatus(response, 502));
  const { client } = clientFor(t, server);
  let checks = 0;
  const beforeSending = () => {
    checks += 1;
    if (checks === 2) throw new Error('the lock is lost');
  };
  await t.throwsAsync(client.post({ ...post, retry: 'safe', beforeSending }), { message: 'the lock is lost' });
  t.deepEqual([checks, server.received.length], [2, 1]);
});

test('a POST that changes nothing is retried like a GET', async (t) => {
  const server = await serve(t, (_request, response, index) => {
    return index < 2 ? sendStatus(response, 502) : sendXml(response, '<R/>', 201);
  });
  const { client } = clientFor(t, server);
  t.is(await client.post({ ...post, retry: 'safe' }), 'created');
  t.deepEqual(
    server.received.map(({ method, body }) => `${method} ${body}`),
    Array(3).fill('POST <Order/>'),
  );
  t.is(server.received[0]?.headers['content-type'], 'application/xml');
});

const lost: Record<string, Parameters<typeof serve>[1]> = {
  'a reset connection': (_request, response) => response.destroy(),
  'status 500': (_request, response) => sendStatus(response, 500),
  'a broken body': (_request, response) => sendXml(response, '', 201),
};

for (const [fault, handler] of Object.entries(lost)) {
  test(`after ${fault}, a POST that must not be repeated fails as unknown, without a retry`, async (t) => {
    const server = await serve(t, handler);
    const { client } = clientFor(t, server);
    await t.throwsAsync(client.post({ ...post, retry: 'never' }), { instanceOf: OutcomeUnknownError });
    t.is(server.received.length, 1);
  });

  test(`after ${fault}, the outcome of a POST is looked up before it is retried`, async (t) => {
    const server = await serve(t, (request, response, index) => {
      return index < 2 ? handler(request, response, index) : sendXml(response, '<R/>', 201);
    });
    const { client } = clientFor(t, server);
    const lookups: number[] = [];
    const findOutcome = async () => {
      lookups.push(server.received.length);
      return undefined;
    };
    t.is(await client.post({ ...post, retry: { findOutcome } }), 'created');
    t.deepEqual(lookups, [1, 2]);
    t.is(server.received.length, 3);
  });
}

test('a POST on a connection that breaks after earlier use is sent once', async (t) => {
  const server = await serve(t, (request, response) => {
    return request.method === 'POST' ? response.destroy() : sendXml(response, quantity(1));
  });
  const { client } = clientFor(t, server);
  await getCount(client);
  await t.throwsAsync(client.post({ ...post, retry: 'never' }), { instanceOf: OutcomeUnknownError });
  t.deepEqual(
    server.received.map(({ method }) => method),
    ['GET', 'POST'],
  );
});

test('an outcome that is found is the result, and the POST is not retried', async (t) => {
  const server = await serve(t, (request, response) => {
    return request.method === 'POST' ? response.destroy() : sendXml(response, quantity(7));
  });
  // One request in flight: the lookup must not wait for the POST that waits for it.
  const { client } = clientFor(t, server, { concurrency: 1 });
  t.is(await client.post({ ...post, retry: { findOutcome: () => getCount(client) } }), '7');
  t.deepEqual(
    server.received.map(({ method }) => method),
    ['POST', 'GET'],
  );
});

test('if the outcome can’t be determined, a POST fails as unknown and is not retried', async (t) => {
  const server = await serve(t, (_request, response) => response.destroy());
  const { client } = clientFor(t, server);
  const cause = new Error('ambiguous');
  const findOutcome = () => Promise.reject(cause);
  const error = await t.throwsAsync(client.post({ ...post, retry: { findOutcome } }), {
    instanceOf: OutcomeUnknownError,
  });
  t.is(error?.cause, cause);
  t.is(server.received.length, 1);
});

test('the outcome is also looked up after the last attempt', async (t) => {
  const server = await serve(t, (_request, response) => sendStatus(response, 500));
  const { client } = clientFor(t, server, { retry: { tries: 3, baseMs: 1 } });
  let lookups = 0;
  const findOutcome = async () => {
    lookups += 1;
    return lookups === 3 ? 'found' : undefined;
  };
  t.is(await client.post({ ...post, retry: { findOutcome } }), 'found');
  t.is(server.received.length, 3);
  lookups = 10;
  await t.throwsAsync(client.post({ ...post, retry: { findOutcome } }), { instanceOf: UnavailableError });
  t.is(server.received.length, 6);
  t.is(lookups, 13);
});

test('a POST that was never sent is retried, whatever its kind', async (t) => {
  const server = await serve(t, () => undefined);
  const { client } = clientFor(t, server, { apiUrl: 'http://127.0.0.1:1/api' });
  await t.throwsAsync(client.post({ ...post, retry: 'never' }), {
    instanceOf: UnavailableError,
    message: /ECONNREFUSED/,
  });
  t.is(client.requestCount('1'), 6);
});

test('a POST that the API rejects fails immediately with its code', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, denied, 400));
  const { client } = clientFor(t, server);
  const findOutcome = () => Promise.reject(new Error('not to be asked'));
  await t.throwsAsync(client.post({ ...post, retry: { findOutcome } }), { instanceOf: ApiError, message: /400: 1001/ });
  t.is(server.received.length, 1);
});

test('the base URL has no trailing slash, and differs between API versions of one host', async (t) => {
  const server = await serve(t, (_request, response) => sendStatus(response, 404));
  const told = ['/api', '/api/', '/api/v1', '/api/v2//'].map(
    (path) => clientFor(t, server, { apiUrl: `${server.origin}${path}` }).client.apiUrl,
  );
  t.deepEqual(
    told,
    ['/api', '/api', '/api/v1', '/api/v2'].map((path) => `${server.origin}${path}`),
  );
});

test('an account can have its own limit of concurrent requests', async (t) => {
  let answered = 0;
  let most = 0;
  const waiting: (() => void)[] = [];
  const server = await serve(t, async (_request, response) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      most = Math.max(most, waiting.length);
      // Two requests of account 1 and one of account 2 arrive together, and the second of account 2 after them.
      if (waiting.length === 3 || answered >= 3) for (const go of waiting.splice(0)) go();
    });
    answered += 1;
    sendXml(response, quantity(1));
  });
  const { client } = clientFor(t, server, {
    concurrency: 2,
    limitsFor: (account) => (account === '2' ? { concurrency: 1 } : {}),
  });
  t.deepEqual([client.concurrencyFor('1'), client.concurrencyFor('2')], [2, 1]);
  await Promise.all(['1', '1', '2', '2'].map((account) => getCount(client, { account })));
  t.is(most, 3);
});
