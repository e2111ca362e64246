import anyTest, { type TestFn } from 'ava';
import { type CannedAnswer, startProxy } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { size } from '../support/sizes.js';
import { account } from '../sync/support/ledger.js';
import { type Assigning, openAssigning, resultLines } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** The sandbox's orders, one line per number: each number must appear exactly once. */
function heldNumbers(world: Assigning): string[] {
  return world.placed().flatMap(({ numbers }) => numbers.map(({ telephoneNumber }) => telephoneNumber));
}

const fullOrders = size({ test: 1, soak: 2 });
/** Makes the full orders and a small one. */
const count = 5000 * fullOrders + 100;
const chunkedSandbox = { numbers: count + 500 };

test('an order whose response was lost is looked up, and nothing is sent twice', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: chunkedSandbox });
  world.sandbox.faults = { 'lost-answer': 1 };
  const numbers = world.numbers.slice(0, count);
  const { summary, results } = await world.assign(await world.write('numbers.csv', numbers));
  t.deepEqual([summary.orders, summary.accepted], [fullOrders + 1, count]);
  t.deepEqual(heldNumbers(world).sort(), [...numbers].sort());
  t.is(world.placed().length, fullOrders + 1);
  t.true((await resultLines(results)).every((line) => line.includes('|ACCEPTED|')));
  t.is(world.requests().filter((line) => line.startsWith('POST')).length, fullOrders + 1);
});

test('under faults of every kind, every number is sent exactly once', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: chunkedSandbox });
  world.sandbox.faults = { '500': 0.15, reset: 0.15, truncate: 0.15, html: 0.1, 'lost-answer': 0.3 };
  const numbers = world.numbers.slice(0, count);
  const path = await world.write('numbers.csv', numbers);
  for (let run = 1; run <= 20; run += 1) {
    const { summary } = await world.assign(path, {}, { client: world.openClient({ retry: { baseMs: 1, tries: 30 } }) });
    if (summary.batch.status === 'finished') break;
  }
  t.deepEqual(heldNumbers(world).sort(), [...numbers].sort());
  t.is(world.placed().length, fullOrders + 1);
  t.deepEqual(await world.query('select status, accepted_count from assignment_batches'), [
    { status: 'finished', accepted_count: count },
  ]);
});

const empty = '<TelephoneNumbersAssignmentOrders><TotalCount>0</TotalCount></TelephoneNumbersAssignmentOrders>';

interface Behind {
  /** Responses to a search by customer order id; undefined: the sandbox's own. */
  listed: CannedAnswer | undefined;
}

/** A world whose client uses a proxy that can answer lookups in place of the API. */
async function openBehind(t: Parameters<typeof openAssigning>[0], server: TestServer) {
  const world = await openAssigning(t, server);
  const behind: Behind = { listed: undefined };
  const origin = await startProxy(t as Parameters<typeof startProxy>[0], world.sandbox, ({ method, url = '' }) =>
    method === 'GET' && url.includes('customerOrderId=') ? behind.listed : undefined,
  );
  const client = world.openClient({ apiUrl: `${origin}/api`, retry: { baseMs: 1 } });
  t.teardown(() => client.close());
  return { world, behind, client };
}

test('an order that may or may not exist is reported as unknown and looked up by the next run', async (t) => {
  const { world, behind, client } = await openBehind(t, t.context.server);
  const path = await world.write('numbers.csv', world.numbers.slice(0, 3));
  world.sandbox.faults = { 'lost-answer': 1 };
  // The list omits the order's id.
  behind.listed = {
    body: '<TelephoneNumbersAssignmentOrders><TelephoneNumbersAssignmentOrderSummary><OrderStatus>COMPLETE</OrderStatus></TelephoneNumbersAssignmentOrderSummary></TelephoneNumbersAssignmentOrders>',
  };
  const first = await world.assign(path, {}, { client });
  t.deepEqual([first.summary.ordersUnknown, first.summary.batch.status, first.summary.pending], [1, 'open', 3]);
  t.regex(world.warnings.join(), /The outcome of order 1 of batch 1 is unknown.*lists an order without its id/);
  t.regex((await resultLines(first.results)).join(), /UNKNOWN\|\|.*can't determine whether order/);
  t.is((await world.assign(path, {}, { client })).summary.ordersUnknown, 1);
  behind.listed = undefined;
  const last = await world.assign(path, {}, { client });
  t.deepEqual([last.summary.accepted, last.summary.batch.status], [3, 'finished']);
  t.is(world.placed().length, 1);
});

test('if the API ignores the search parameter, the right order is found by its contents', async (t) => {
  const { world, behind, client } = await openBehind(t, t.context.server);
  for (let count = 0; count < 5; count += 1) {
    const numbers = world.numbers.slice(0, 3);
    world.sandbox
      .account(account)
      .placeAssignment({ action: 'ASSIGN', numbers, customerOrderId: `other ${count}`, done: true });
  }
  const path = await world.write('numbers.csv', world.numbers.slice(0, 3));
  await world.assign(path, { wait: false });
  const before = world.placed().length;
  const list = await fetchList(world);
  behind.listed = { body: list };
  // The state after a kill between the request and its response.
  await world.query(`update assignment_orders set status = 'submitting', order_id = null, finished_at = null`);
  await world.query(`update assignment_batches set status = 'open'`);
  const { summary } = await world.assign(path, { force: true }, { client });
  t.is(summary.accepted, 3);
  t.is(world.placed().length, before);
  const [{ customer_order_id: id } = {}] = await world.query('select customer_order_id from number_assignment_orders');
  t.is(world.placed().find(({ customerOrderId }) => customerOrderId === id)?.numbers.length, 3);
});

test("an order with the same id but different numbers isn't a match, and nothing is sent", async (t) => {
  const { world, client } = await openBehind(t, t.context.server);
  const path = await world.write('numbers.csv', world.numbers.slice(0, 3));
  world.sandbox.faults = { '500': 1 };
  await t.throwsAsync(world.assign(path, {}, { client: world.openClient({ retry: { baseMs: 1, tries: 2 } }) }));
  world.sandbox.faults = {};
  const [{ customer_order_id: id } = {}] = await world.query<{ customer_order_id: string }>(
    'select customer_order_id from assignment_orders',
  );
  t.truthy(id);
  world.sandbox
    .account(account)
    .placeAssignment({ action: 'ASSIGN', numbers: world.numbers.slice(3, 6), customerOrderId: id as string });
  const { summary } = await world.assign(path, {}, { client });
  t.is(summary.ordersUnknown, 1);
  t.regex(world.warnings.join(), /has the same id but a different action or different numbers/);
  t.is(world.placed().length, 1);
});

test('an order that was never created is sent by the next run after the lookup finds nothing', async (t) => {
  const { world, behind, client } = await openBehind(t, t.context.server);
  const path = await world.write('numbers.csv', world.numbers.slice(0, 3));
  world.sandbox.faults = { '500': 1 };
  await t.throwsAsync(world.assign(path, {}, { client: world.openClient({ retry: { baseMs: 1, tries: 2 } }) }));
  t.deepEqual(world.placed(), []);
  world.sandbox.faults = {};
  behind.listed = { body: empty };
  world.requests();
  const { summary } = await world.assign(path, {}, { client });
  t.is(summary.accepted, 3);
  t.deepEqual(heldNumbers(world), world.numbers.slice(0, 3));
});

test('an order that Bandwidth refuses fails with its code, and the others continue', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { numbers: 11_000 } });
  let posts = 0;
  const origin = await startProxy(t, world.sandbox, ({ method, url = '' }) => {
    if (method !== 'POST' || !url.includes('numbersAssignment')) return undefined;
    posts += 1;
    if (posts !== 2) return undefined;
    const body =
      '<TelephoneNumbersAssignmentOrderResponse><ResponseStatus><ErrorCode>13554</ErrorCode><Description>Not so.</Description></ResponseStatus></TelephoneNumbersAssignmentOrderResponse>';
    return { status: 400, body };
  });
  const client = world.openClient({ apiUrl: `${origin}/api` });
  t.teardown(() => client.close());
  const path = await world.write('numbers.csv', world.numbers.slice(0, 10_500));
  const { summary, results } = await world.assign(path, {}, { client });
  t.is(summary.batch.status, 'finished');
  t.is(summary.accepted + summary.failed, 10_500);
  t.is(world.placed().length, 2);
  t.is((await resultLines(results)).filter((line) => /\|FAILED\|13554\|Not so\.\|$/.test(line)).length, summary.failed);
  t.true(summary.failed === 5000 || summary.failed === 500);
  t.is((await world.assign(path, { force: true }, { client })).kind, 'reported');
});

/** Returns the sandbox's list of all assignment orders. */
async function fetchList(world: Assigning): Promise<string> {
  const { username, password, url } = world.sandbox;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return (await fetch(`${url}/accounts/${account}/numbersAssignment`, { headers: { authorization } })).text();
}
