import test from 'ava';
import type { Churned, LoggedRequest, Sandbox } from '../../src/sandbox/server.js';
import { get, sandboxFor as openSandbox } from './client.js';
import { serveAdmin } from './support/admin.js';

const sandboxFor: typeof openSandbox = (t, options) => openSandbox(t, { ...options, extend: serveAdmin });

async function ask(sandbox: Sandbox, path: string, init?: RequestInit) {
  const response = await fetch(new URL(`/sandbox${path}`, sandbox.url), init);
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text) };
}

test('info returns the credentials, seed, clock, faults and accounts', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 300, seed: 5, faults: { 500: 0 } });
  const { now, ...info } = (await ask(sandbox, '/info')).json();
  t.true(Math.abs(Date.parse(now) - Date.now()) < 60_000);
  const { clientId, clientSecret, username, password } = sandbox;
  t.deepEqual(info, {
    clientId,
    clientSecret,
    username,
    password,
    seed: 5,
    faults: { 500: 0 },
    oddities: {},
    accounts: [{ id: '9900000', count: 300, inServiceCount: 299 }],
  });
});

test('requests can be listed and cleared', async (t) => {
  const sandbox = await sandboxFor(t);
  await get(sandbox, '/accounts/9900000');
  const logged: LoggedRequest[] = (await ask(sandbox, '/requests')).json();
  t.deepEqual(logged, sandbox.requests as LoggedRequest[]);
  t.is(logged.length, 1, 'requests to the admin interface are not logged');
  t.is((await ask(sandbox, '/requests', { method: 'DELETE' })).status, 204);
  t.deepEqual((await ask(sandbox, '/requests')).json(), []);
});

test('the numbers of an account are returned as JSON lines', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 2500 });
  const { text } = await ask(sandbox, '/accounts/9900000/numbers');
  const lines = text.trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => JSON.parse(line)),
    Array.from(sandbox.account('9900000').numbers(), (number) => JSON.parse(JSON.stringify(number))),
  );
});

test('churn, faults and the clock can be set from another process', async (t) => {
  const sandbox = await sandboxFor(t);
  const same = await sandboxFor(t);
  const churned: Churned = (await ask(sandbox, '/accounts/9900000/churn?count=100&seed=3', { method: 'POST' })).json();
  t.deepEqual(churned, same.account('9900000').churn(100, 3));
  const put = await ask(sandbox, '/faults', { method: 'PUT', body: '{"500":1}' });
  t.is(put.status, 200);
  t.is((await get(sandbox, '/accounts/9900000')).status, 500);
  const before = sandbox.clock.now().getTime();
  await ask(sandbox, '/clock?advance=86400000', { method: 'POST' });
  t.true(sandbox.clock.now().getTime() - before >= 86_400_000);
});

test('orders can be listed, placed, changed and given quirks from another process', async (t) => {
  const sandbox = await sandboxFor(t);
  const account = sandbox.account('9900000');
  const path = (rest: string) => `/accounts/9900000/${rest}`;
  const body = (value: unknown, method = 'POST') => ({ method, body: JSON.stringify(value) });
  for (const [listing, truth] of [
    ['orders', account.orders()],
    ['disconnects', account.disconnects()],
    ['portins', account.portIns()],
    ['portouts', account.portOuts()],
    ['numbersAssignment', account.assignmentOrders()],
    ['disconnectednumbers', account.disconnectedNumbers()],
  ] as const) {
    const lines = (await ask(sandbox, path(listing))).text.trimEnd().split('\n');
    t.deepEqual(
      lines.map((line) => JSON.parse(line)),
      JSON.parse(JSON.stringify(truth)),
      listing,
    );
  }
  const placed = await ask(sandbox, path('orders'), body({ numbers: 2, outcome: 'COMPLETE', done: true }));
  t.is(placed.status, 201);
  const [first, second] = placed.json().numbers as Array<{ telephoneNumber: string }>;
  const numbers = [first?.telephoneNumber as string];
  t.is((await ask(sandbox, path('disconnects'), body({ numbers, aging: true, done: true }))).json().status, 'COMPLETE');
  t.is((await ask(sandbox, path('portins'), body({ outcome: 'EXCEPTION', done: true }))).json().status, 'EXCEPTION');
  t.is((await ask(sandbox, path('portouts'), body({ number: second?.telephoneNumber }))).json().status, 'NEW');
  t.is((await ask(sandbox, path('numbersAssignment'), body({ numbers, action: 'ASSIGN' }))).json().status, 'RECEIVED');
  const { orderId } = placed.json();
  const late = { customerOrderId: 'late', lastModifiedDate: '2031-01-01T00:00:00.000Z' };
  t.is((await ask(sandbox, path(`orders/${orderId}`), body(late, 'PATCH'))).status, 204);
  const changed = account.orders().find((order) => order.orderId === orderId);
  t.like(changed, { customerOrderId: 'late', lastModifiedDate: new Date('2031-01-01T00:00:00Z') });
  const quirks = (await ask(sandbox, path('orders/quirks'), body(['refused', 'odd-id'], 'PUT'))).json();
  t.is((await get(sandbox, `/accounts/9900000/orders/${quirks.refused}`)).status, 404);
  const busyDay = (await ask(sandbox, path('busy-day?seed=4'), { method: 'POST' })).json();
  t.true(busyDay.placed.orders.length > 0);
});

test('invalid requests are rejected and change nothing', async (t) => {
  const sandbox = await sandboxFor(t, { faults: { 500: 0.5 } });
  const before = [...sandbox.account('9900000').numbers()];
  for (const [path, method, body, said] of [
    ['/accounts/9900000/churn', 'POST', undefined, /count/],
    ['/accounts/9900000/churn?count=-1', 'POST', undefined, /count.*'-1'/],
    ['/accounts/9900000/churn?count=1000000', 'POST', undefined, /too few/],
    ['/accounts/1/churn?count=1', 'POST', undefined, /no account 1/],
    ['/accounts/1/numbers', 'GET', undefined, /no account 1/],
    ['/accounts/9900000/busy-day?seed=x', 'POST', undefined, /seed.*'x'/],
    ['/accounts/9900000/orders', 'POST', '{"number":1}', /'number' can't be 1/],
    ['/accounts/9900000/orders', 'POST', '{"numbers":0}', /'numbers' can't be 0/],
    ['/accounts/9900000/orders', 'POST', '{"orderDate":"soon"}', /'orderDate' can't be "soon"/],
    ['/accounts/9900000/orders', 'POST', '[]', /JSON object/],
    ['/accounts/9900000/disconnects', 'POST', '{}', /'numbers' is missing/],
    ['/accounts/9900000/numbersAssignment', 'POST', '{"numbers":[]}', /'action' is missing/],
    ['/accounts/9900000/orders/none', 'PATCH', '{}', /no orders none/],
    ['/accounts/9900000/invoices/none', 'PATCH', '{}', /Unknown order kind 'invoices'/],
    ['/accounts/9900000/orders/quirks', 'PUT', '["odd"]', /Quirks must be.*odd/],
    ['/faults', 'PUT', '{"503":1}', /'503'/],
    ['/faults', 'PUT', '{"500":"1"}', /'500'.*"1"/],
    ['/faults', 'PUT', '[]', /object/],
    ['/faults', 'PUT', 'all=1', /JSON/],
    ['/clock?advance=soon', 'POST', undefined, /advance.*'soon'/],
  ] as const) {
    const { status, json } = await ask(sandbox, path, { method, ...(body === undefined ? {} : { body }) });
    t.is(status, 400, path);
    t.regex(json().error, said, path);
  }
  t.deepEqual([...sandbox.account('9900000').numbers()], before);
  t.deepEqual(sandbox.faults, { 500: 0.5 });
  t.is((await ask(sandbox, '/nothing')).status, 404);
  t.is((await ask(sandbox, '/accounts/9900000/invoices')).status, 404);
});
