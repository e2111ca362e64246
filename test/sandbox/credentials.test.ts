import test from 'ava';
import { basic, get, parse, sandboxFor, userHeaders } from './client.js';

function tokenRequest(authorization: string, body = 'grant_type=client_credentials') {
  return {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  };
}

test('the account can be read with user name and password', async (t) => {
  const sandbox = await sandboxFor(t, { accounts: [{ id: '9900001', numbers: 0 }] });
  const { status, headers, body } = await get(sandbox, '/accounts/9900001');
  t.is(status, 200);
  t.is(headers.get('content-type'), 'application/xml');
  const { Account } = parse(body).AccountResponse;
  t.is(Account.AccountId, '9900001');
  t.is(Account.CompanyName, 'Sandbox Telephone Company');
  t.is(Account.Address.StateCode, 'IA');
});

test('a token for the client credentials is valid until it is revoked', async (t) => {
  const sandbox = await sandboxFor(t, { tokenLifetime: 1800 });
  const response = await fetch(sandbox.tokenUrl, tokenRequest(basic(sandbox.clientId, sandbox.clientSecret)));
  t.is(response.status, 200);
  const { access_token, token_type, expires_in } = (await response.json()) as Record<string, unknown>;
  t.is(token_type, 'Bearer');
  t.is(expires_in, 1800);
  const headers = { authorization: `Bearer ${access_token}` };
  t.is((await get(sandbox, '/accounts/9900000', headers)).status, 200);
  sandbox.revokeTokens();
  t.is((await get(sandbox, '/accounts/9900000', headers)).status, 401);
});

test('an expired token is rejected', async (t) => {
  const sandbox = await sandboxFor(t, { tokenLifetime: 0 });
  const response = await fetch(sandbox.tokenUrl, tokenRequest(basic(sandbox.clientId, sandbox.clientSecret)));
  const { access_token } = (await response.json()) as Record<string, unknown>;
  t.is((await get(sandbox, '/accounts/9900000', { authorization: `Bearer ${access_token}` })).status, 401);
});

test('no token is issued for wrong client credentials or another grant type', async (t) => {
  const sandbox = await sandboxFor(t);
  const wrong = await fetch(sandbox.tokenUrl, tokenRequest(basic(sandbox.clientId, 'guess')));
  t.is(wrong.status, 401);
  t.is(((await wrong.json()) as { error: string }).error, 'invalid_client');
  const user = await fetch(sandbox.tokenUrl, tokenRequest(basic(sandbox.username, sandbox.password)));
  t.is(user.status, 401);
  const grant = await fetch(
    sandbox.tokenUrl,
    tokenRequest(basic(sandbox.clientId, sandbox.clientSecret), 'grant_type=password'),
  );
  t.is(grant.status, 400);
});

test('wrong, missing and misplaced credentials get 401 in the API’s error format', async (t) => {
  const sandbox = await sandboxFor(t);
  const wrong: Array<Record<string, string>> = [
    {},
    { authorization: basic(sandbox.username, 'guess') },
    { authorization: basic(sandbox.clientId, sandbox.clientSecret) },
    { authorization: 'Bearer guess' },
  ];
  for (const headers of wrong) {
    const { status, body, headers: answered } = await get(sandbox, '/accounts/9900000', headers);
    t.is(status, 401);
    t.is(parse(body).AccountResponse.ResponseStatus.Description, 'Authentication failed');
    t.regex(answered.get('www-authenticate') ?? '', /^Basic/);
  }
});

test('another user’s account gets 403 and an unknown account 404, in the path and in accountId', async (t) => {
  const sandbox = await sandboxFor(t);
  for (const path of [
    '/accounts/ID',
    '/accounts/ID/inserviceNumbers',
    '/accounts/ID/inserviceNumbers/totals',
    '/tns?accountId=ID',
  ]) {
    const foreign = await get(sandbox, path.replace('ID', sandbox.foreignAccountId));
    t.is(foreign.status, 403, path);
    const [root] = Object.values(parse(foreign.body)) as Array<{ ResponseStatus: Record<string, string> }>;
    t.deepEqual(root?.ResponseStatus, { ErrorCode: '1001', Description: 'Access Denied' }, path);
    const unknown = await get(sandbox, path.replace('ID', '123'));
    t.is(unknown.status, 404, path);
    t.regex(unknown.body, /<Description>The resource does not exist<\/Description>/, path);
  }
});

test('an unknown path gets the API’s 404 under the API base path, and an HTML page elsewhere', async (t) => {
  const sandbox = await sandboxFor(t);
  for (const path of ['', '/account/9900000', '/accounts/9900000/inserviceNumber', '/tns/9195551234/nothing']) {
    const { status, body } = await get(sandbox, path);
    t.is(status, 404, path);
    t.is(parse(body).ErrorResponse.ResponseStatus.Description, 'The resource does not exist', path);
  }
  const outside = await fetch(new URL('/v1.0/accounts/9900000', sandbox.url), { headers: userHeaders(sandbox) });
  t.is(outside.status, 404);
  t.is(outside.headers.get('content-type'), 'text/html');
  t.regex(await outside.text(), /^<!DOCTYPE html>/);
});

test('tokens are JWTs with accounts and roles; oddities empty either or make tokens opaque', async (t) => {
  const sandbox = await sandboxFor(t, { accounts: ['9900000', '9900001'].map((id) => ({ id, numbers: 1 })) });
  const claims = async () => {
    const response = await fetch(sandbox.tokenUrl, tokenRequest(basic(sandbox.clientId, sandbox.clientSecret)));
    const { access_token } = (await response.json()) as { access_token: string };
    t.is((await get(sandbox, '/accounts/9900000', { authorization: `Bearer ${access_token}` })).status, 200);
    const [, payload, signature] = access_token.split('.');
    return signature === undefined ? undefined : JSON.parse(Buffer.from(payload ?? '', 'base64url').toString());
  };
  const { accounts, roles } = await claims();
  t.deepEqual(accounts, ['9900000', '9900001']);
  t.true(roles.includes('Numbers') && roles.includes('Porting'));
  sandbox.oddities = { 'no-token-accounts': 1, 'forbid-portins': 1 };
  const odd = await claims();
  t.deepEqual(odd.accounts, []);
  t.false(odd.roles.includes('Porting'));
  sandbox.oddities = { 'opaque-token': 1 };
  t.is(await claims(), undefined);
});

test('only the resources that an oddity forbids get 403 with an empty body', async (t) => {
  const sandbox = await sandboxFor(t);
  const paths = [
    '/tns?accountId=9900000',
    '/accounts/9900000/inserviceNumbers/totals',
    '/accounts/9900000/orders?page=1&size=1',
    '/accounts/9900000/disconnects?page=1&size=1',
    '/accounts/9900000/portins?page=1&size=1',
    '/accounts/9900000/portouts?page=1&size=1',
    '/accounts/9900000/numbersAssignment',
    '/accounts/9900000/billingreports',
    '/accounts/9900000',
    '/accounts/9900000/importTnOrders',
    '/accounts/9900000/removeImportedTnOrders',
    '/accounts/9900000/reports',
  ];
  for (const [oddity, forbidden] of [
    ['forbid-tns', [0]],
    ['forbid-inservice-numbers', [1]],
    ['forbid-orders', [2, 3]],
    ['forbid-portins', [4, 5]],
    ['forbid-assignment', [6]],
    ['forbid-billing', [7]],
    ['forbid-imports', [9, 10]],
    ['forbid-reports', [11]],
  ] as const) {
    sandbox.oddities = { [oddity]: 1 };
    for (const [index, path] of paths.entries()) {
      const { status, body } = await get(sandbox, path);
      const isForbidden = (forbidden as readonly number[]).includes(index);
      t.is(status === 403, isForbidden, `${oddity} ${path}: ${status}`);
      if (isForbidden) t.is(body, '');
    }
  }
});
