import type { ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import type { DashboardClientOptions } from '../../src/dashboard/client.js';
import { ApiError, CredentialsError, RequestError, UnavailableError } from '../../src/dashboard/errors.js';
import { clientFor, type Handler, quantity, sendStatus, sendXml, serve } from './support.js';

function sendToken(response: ServerResponse, token: string, expiresIn: unknown = 3600): void {
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: expiresIn }));
}

/** An API and a token URL on separate servers, and a client for both. */
async function setUp(t: ExecutionContext, api: Handler, token: Handler, options: Partial<DashboardClientOptions> = {}) {
  const apiServer = await serve(t, api);
  const tokenServer = await serve(t, token);
  const credentials = {
    kind: 'oauth',
    clientId: 'client-7',
    clientSecret: 's3cr3t:\u00e9',
    tokenUrl: `${tokenServer.origin}/v1/oauth2/token`,
  } as const;
  const made = clientFor(t, apiServer, { credentials, ...options });
  const get = () => made.client.get({ account: '1', path: '/accounts/1', parse: ({ text }) => text });
  return { ...made, apiServer, tokenServer, get };
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

test('one token is fetched on first use, and used for all requests', async (t) => {
  const { get, apiServer, tokenServer, client, events } = await setUp(
    t,
    (_request, response) => sendXml(response, quantity(1)),
    (_request, response) => sendToken(response, 'token-1'),
  );
  t.is(tokenServer.received.length, 0);
  await Promise.all(times(10, get));
  await get();
  t.is(tokenServer.received.length, 1);
  t.like(tokenServer.received[0], { method: 'POST', url: '/v1/oauth2/token', body: 'grant_type=client_credentials' });
  const basic = `Basic ${Buffer.from('client-7:s3cr3t:\u00e9').toString('base64')}`;
  t.is(tokenServer.received[0]?.headers.authorization, basic);
  t.is(tokenServer.received[0]?.headers['content-type'], 'application/x-www-form-urlencoded');
  t.deepEqual(new Set(apiServer.received.map(({ headers }) => headers.authorization)), new Set(['Bearer token-1']));
  t.is(client.requestCount('1'), 11);
  t.deepEqual(events, [{ type: 'token', reason: 'there is no token', expiresInMs: 3_600_000 }]);
});

test('after a 401, the token is renewed once for all affected requests', async (t) => {
  const { get, apiServer, tokenServer } = await setUp(
    t,
    (request, response) => {
      return request.headers.authorization === 'Bearer token-2'
        ? sendXml(response, quantity(1))
        : sendStatus(response, 401);
    },
    (_request, response, index) => sendToken(response, `token-${index + 1}`),
  );
  await Promise.all(times(10, get));
  t.is(tokenServer.received.length, 2);
  const refused = apiServer.received.filter(({ headers }) => headers.authorization === 'Bearer token-1').length;
  t.true(refused >= 1 && refused <= 4, `${refused} requests with the old token`);
});

test('a second 401 stops the client immediately', async (t) => {
  const { get, apiServer, tokenServer } = await setUp(
    t,
    (_request, response) => sendStatus(response, 401),
    (_request, response, index) => sendToken(response, `token-${index}`),
    { concurrency: 1 },
  );
  const errors = await Promise.all(times(50, () => get().catch((error: unknown) => error)));
  t.true(errors.every((error) => error instanceof CredentialsError));
  t.regex((errors[0] as CredentialsError).message, /GET \/api\/accounts\/1 \(account 1, 2 tries/);
  t.regex((errors[0] as CredentialsError).hint ?? '', /BANDWIDTH_CLIENT_SECRET/);
  const sent = apiServer.received.length;
  t.is(sent, 2);
  t.is(tokenServer.received.length, 2);
  await t.throwsAsync(get(), { instanceOf: CredentialsError });
  t.is(apiServer.received.length, sent);
});

test('a 401 for Basic credentials stops the client immediately', async (t) => {
  const server = await serve(t, (_request, response) => sendStatus(response, 401));
  const { client } = clientFor(t, server, { concurrency: 2 });
  const get = () => client.get({ account: '1', path: '/accounts/1', parse: () => 0 });
  const errors = await Promise.all(times(50, () => get().catch((error: unknown) => error)));
  t.true(errors.every((error) => error instanceof CredentialsError));
  t.regex((errors[0] as CredentialsError).hint ?? '', /BANDWIDTH_USERNAME/);
  t.true(server.received.length <= 2, `${server.received.length} requests`);
});

for (const status of [400, 401, 403]) {
  test(`client credentials rejected with ${status} stop the client, and no secret is shown`, async (t) => {
    const { get, apiServer, tokenServer } = await setUp(
      t,
      (_request, response) => sendXml(response, quantity(1)),
      (_request, response) => {
        const body = { error: 'invalid_client', error_description: 'no such client with s3cr3t:\u00e9' };
        response.writeHead(status).end(JSON.stringify(body));
      },
    );
    const errors = await Promise.all(times(5, () => get().catch((error: unknown) => error)));
    const [error] = errors as CredentialsError[];
    t.true(errors.every((one) => one instanceof CredentialsError));
    t.regex(
      error?.message ?? '',
      new RegExp(`/v1/oauth2/token rejected the client credentials with status ${status} \\(invalid_client`),
    );
    t.regex(error?.hint ?? '', /BANDWIDTH_CLIENT_ID/);
    t.notRegex(`${error?.message}${error?.hint}`, /s3cr3t/);
    await t.throwsAsync(get(), { instanceOf: CredentialsError });
    t.is(tokenServer.received.length, 1);
    t.is(apiServer.received.length, 0);
  });
}

const passing: Record<string, Handler> = {
  'status 503': (_request, response) => sendStatus(response, 503),
  'status 429': (_request, response) => sendStatus(response, 429),
  'a reset connection': (_request, response) => response.destroy(),
  HTML: (_request, response) => response.end('<html></html>'),
  'no token': (_request, response) => response.end('{"token_type": "Bearer"}'),
  'a token that would break a header': (_request, response) => response.end('{"access_token": "a\\r\\nb"}'),
};

for (const [fault, handler] of Object.entries(passing)) {
  test(`a token request is retried after ${fault}`, async (t) => {
    const { get, tokenServer, events } = await setUp(
      t,
      (_request, response) => sendXml(response, quantity(1)),
      (request, response, index) => (index < 2 ? handler(request, response, index) : sendToken(response, 'token')),
    );
    t.is(await get(), quantity(1));
    t.is(tokenServer.received.length, 3);
    t.deepEqual(
      events.map(({ type }) => type),
      ['token-retry', 'token-retry', 'token'],
    );
  });
}

test('an unavailable token URL makes all waiting requests fail together', async (t) => {
  const { get, apiServer, tokenServer } = await setUp(
    t,
    (_request, response) => sendXml(response, quantity(1)),
    (_request, response) => sendStatus(response, 500),
  );
  const errors = await Promise.all(times(5, () => get().catch((error: unknown) => error)));
  t.true(errors.every((error) => error instanceof UnavailableError));
  t.regex((errors[0] as UnavailableError).hint ?? '', /BANDWIDTH_TOKEN_URL/);
  t.is(tokenServer.received.length, 6);
  t.is(apiServer.received.length, 0);
});

test('a redirect of the token URL is not retried or followed', async (t) => {
  const { get, apiServer, tokenServer } = await setUp(
    t,
    (_request, response) => sendXml(response, quantity(1)),
    (_request, response) => sendStatus(response, 307, { location: 'http://127.0.0.1:1/token' }),
  );
  const error = await t.throwsAsync(get(), { instanceOf: RequestError, message: /status 307/ });
  t.regex(error?.hint ?? '', /BANDWIDTH_TOKEN_URL/);
  t.is(tokenServer.received.length, 1);
  t.is(apiServer.received.length, 0);
});

// Serial, because it moves the clock of this process.
test.serial('a token is renewed before it expires, so no request gets a 401', async (t) => {
  const hour = 3_600_000;
  const realNow = performance.now.bind(performance);
  let ahead = 0;
  performance.now = () => realNow() + ahead;
  t.teardown(() => Reflect.deleteProperty(performance, 'now'));
  const valid = new Map<string, number>();
  const { get, apiServer, tokenServer, events } = await setUp(
    t,
    (request, response) => {
      const until = valid.get(request.headers.authorization ?? '') ?? 0;
      return performance.now() < until ? sendXml(response, quantity(1)) : sendStatus(response, 401);
    },
    (_request, response, index) => {
      valid.set(`Bearer token-${index}`, performance.now() + hour);
      sendToken(response, `token-${index}`, hour / 1000);
    },
  );
  t.is(await get(), quantity(1));
  for (const [tokens, old] of [
    [2, 'Bearer token-0'],
    [3, 'Bearer token-1'],
  ] as const) {
    ahead += 0.95 * hour;
    t.is(await get(), quantity(1));
    t.is(apiServer.received.at(-1)?.headers.authorization, old);
    while (events.length < tokens) t.is(await get(), quantity(1));
  }
  t.is(tokenServer.received.length, 3);
  t.deepEqual(
    events.map((event) => event.type === 'token' && event.reason),
    ['there is no token', 'the token is about to expire', 'the token is about to expire'],
  );
});

test('a token without expires_in is used for a default lifetime', async (t) => {
  const { get, tokenServer } = await setUp(
    t,
    (_request, response) => sendXml(response, quantity(1)),
    (_request, response) => sendToken(response, 'token', 'soon'),
  );
  await get();
  await get();
  t.is(tokenServer.received.length, 1);
});

const jwt = (payload: unknown) =>
  `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;

for (const [title, token, claims] of [
  [
    'the accounts and roles of a JWT',
    jwt({ accounts: ['1', '2'], roles: ['Numbers'] }),
    { accounts: ['1', '2'], roles: ['Numbers'] },
  ],
  ['ids that are JSON numbers', jwt({ accounts: [9900008] }), { accounts: ['9900008'], roles: undefined }],
  ['an empty claim', jwt({ accounts: [], roles: [] }), { accounts: [], roles: [] }],
  [
    'claims of other types as unknown',
    jwt({ accounts: 'all', roles: [{ name: 'x' }] }),
    { accounts: undefined, roles: undefined },
  ],
  ['nothing of an opaque token', 'f3a1.not-json.x', undefined],
  ['nothing of a token without parts', 'f3a1b2', undefined],
  ['nothing of a payload that is not an object', jwt(['x']), undefined],
] as const) {
  test(`a token has ${title}, and later requests use the same token`, async (t) => {
    const { client, get, tokenServer } = await setUp(
      t,
      (_request, response) => sendXml(response, quantity(1)),
      (_request, response) => sendToken(response, token),
    );
    t.deepEqual(await client.tokenClaims(), claims as never);
    await get();
    t.is(tokenServer.received.length, 1);
  });
}

test('the error for a 403 with an empty body names the role, or the accounts in the token', async (t) => {
  const forbidden = async (path: string, claims: unknown) => {
    const { client } = await setUp(
      t,
      (_request, response) => sendStatus(response, 403),
      (_request, response) => sendToken(response, jwt(claims)),
    );
    const error = await t.throwsAsync(client.get({ account: '1', path, parse: ({ text }) => text }), {
      instanceOf: ApiError,
    });
    return `${error?.message} | ${error?.hint}`;
  };
  t.regex(
    await forbidden('/accounts/1/portins/x/tns', { accounts: ['1'], roles: [] }),
    /403: the credentials have no access to port-ins of account 1: the role Porting is missing \| Have an account admin .* Roles in the token: none\.$/,
  );
  t.regex(
    await forbidden('/tns/9195551234', { roles: ['A', 'B'] }),
    /number details \(\/tns\) of account 1: the role Numbers is missing \| .* Roles in the token: A, B\.$/,
  );
  t.regex(
    await forbidden('/accounts/1/hosts', {}),
    /have no access to hosts of account 1: a role is missing \| .*doesn't name the role.*$/,
  );
  t.regex(
    await forbidden('/accounts/1/orders', { accounts: ['2', '3'] }),
    /403: the credentials have no access to account 1 \| .*Check BANDWIDTH_ACCOUNT_ID.* Accounts in the token: 2, 3\.$/,
  );
  t.regex(
    await forbidden('/accounts/1', {}),
    /403: the credentials have no access to account 1 \| .*Check BANDWIDTH_ACCOUNT_ID/,
  );
});

test('a token response that trickles in ends at the request timeout', async (t) => {
  const { get, apiServer } = await setUp(
    t,
    (_request, response) => sendXml(response, quantity(1)),
    (_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(drip));
    },
    { timeouts: { totalMs: 300 }, retry: { tries: 1 } },
  );
  await t.throwsAsync(get(), {
    instanceOf: UnavailableError,
    message: /returned no token in 1 tries: the response was not complete after TN_LEDGER_REQUEST_TIMEOUT=0\.3s/,
  });
  t.is(apiServer.received.length, 0);
});
