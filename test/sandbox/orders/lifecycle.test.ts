import test from 'ava';
import { LedgerError } from '../../../src/errors.js';
import type { OrderKind, SandboxAccount } from '../../../src/sandbox/server.js';
import { get, inServiceNumbers, sandboxFor } from '../client.js';
import { account, accountOf, day, details, elementOf, hour, inService } from './support.js';

/** Nothing happens in it except what the test does. */
const quiet = { numbers: 300, open: 0 };

const statusOf = (of: SandboxAccount, number: string) =>
  [...of.numbers()].find(({ telephoneNumber }) => telephoneNumber === number)?.status;

test('a number order advances with the clock, and then its numbers are in service', async (t) => {
  const sandbox = await sandboxFor(t, quiet);
  const own = accountOf(sandbox);
  const before = own.inServiceCount;
  const { orderId, numbers, orderDate } = own.placeOrder({ numbers: 4, customerOrderId: 'mine' });
  const now = () => own.orders().find((order) => order.orderId === orderId);
  t.like(now(), { status: 'RECEIVED', countOfTns: 0, quantity: 4, customerOrderId: 'mine' });
  sandbox.clock.advance(hour);
  t.is(now()?.status, 'PROCESSING');
  t.is(own.inServiceCount, before);
  sandbox.clock.advance(hour);
  const arrived = new Date(orderDate.getTime() + 2 * hour);
  t.like(now(), { status: 'COMPLETE', countOfTns: 4, completedDate: arrived, lastModifiedDate: arrived });
  t.is(own.inServiceCount, before + 4);
  const listed = await inServiceNumbers(sandbox, account);
  for (const { telephoneNumber } of numbers) {
    t.true(listed.includes(telephoneNumber));
    t.deepEqual([...own.numbers()].find((n) => n.telephoneNumber === telephoneNumber)?.inServiceDate, arrived);
  }
});

test('a back-order is filled in several deliveries', async (t) => {
  const sandbox = await sandboxFor(t, quiet);
  const own = accountOf(sandbox);
  const { orderId } = own.placeOrder({ numbers: 7, parts: 3 });
  const seen: Array<[string | undefined, number | undefined]> = [];
  for (const wait of [2 * hour, day, day]) {
    sandbox.clock.advance(wait);
    const order = own.orders().find((each) => each.orderId === orderId);
    seen.push([order?.status, order?.countOfTns]);
  }
  t.deepEqual(seen, [
    ['BACKORDERED', 3],
    ['BACKORDERED', 6],
    ['COMPLETE', 7],
  ]);
});

test('orders that are open at the start advance and change the account', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 2000, open: 0.2 });
  const own = accountOf(sandbox);
  const open = own.orders().filter(({ status }) => status === 'RECEIVED').length;
  t.true(open > 0 && own.orders().some(({ status }) => status === 'BACKORDERED'));
  const before = new Set(inService(sandbox));
  sandbox.clock.advance(7 * day);
  t.deepEqual(
    own.orders().filter(({ status }) => status === 'RECEIVED'),
    [],
  );
  const after = new Set(inService(sandbox));
  t.true([...after].some((number) => !before.has(number)));
  t.true([...before].some((number) => !after.has(number)));
  for (const { numbers, status } of own.disconnects()) {
    t.false(['RECEIVED', 'PROCESSING'].includes(status));
    for (const { telephoneNumber, outcome } of numbers) {
      t.false(outcome === 'DISCONNECTED' && after.has(telephoneNumber));
    }
  }
});

test('disconnected numbers leave or turn Aging, and return with another order', async (t) => {
  const sandbox = await sandboxFor(t, quiet);
  const own = accountOf(sandbox);
  const [gone = '', aging = ''] = inService(sandbox);
  const first = own.placeDisconnect({ numbers: [gone, '2129999999'], done: true });
  t.is(first.status, 'PARTIAL');
  t.deepEqual(
    first.numbers.map(({ outcome }) => outcome),
    ['DISCONNECTED', 'FAILED'],
  );
  own.placeDisconnect({ numbers: [aging], aging: true, done: true });
  t.is(statusOf(own, gone), undefined);
  t.is(statusOf(own, aging), 'Aging');
  const departed = own.disconnectedNumbers().filter(({ telephoneNumber }) => [gone, aging].includes(telephoneNumber));
  t.deepEqual(departed.map(({ telephoneNumber }) => telephoneNumber).toSorted(), [gone, aging].toSorted());
  t.is(departed.find(({ telephoneNumber }) => telephoneNumber === gone)?.orderId, first.orderId);
  t.is(own.placeOrder({ numbers: [gone, aging], done: true }).status, 'COMPLETE');
  t.is(statusOf(own, gone), 'Inservice');
  t.is(statusOf(own, aging), 'Inservice');
  t.false(own.disconnectedNumbers().some(({ telephoneNumber }) => [gone, aging].includes(telephoneNumber)));
  t.is(own.placeOrder({ numbers: [gone], done: true }).status, 'FAILED', 'a number in service can’t be ordered');
});

test('a port-in adds its numbers on its FOC date; one in EXCEPTION stays there', async (t) => {
  const sandbox = await sandboxFor(t, quiet);
  const own = accountOf(sandbox);
  const good = own.placePortIn({ numbers: 2 });
  const stuck = own.placePortIn({ numbers: 1, outcome: 'EXCEPTION' });
  const cancelled = own.placePortIn({ outcome: 'CANCELLED' });
  const draft = own.placePortIn({ outcome: 'DRAFT' });
  const find = (id: string) => own.portIns().find(({ orderId }) => orderId === id);
  const seen: Array<Array<string | undefined>> = [];
  for (const wait of [0, 6 * hour, 18 * hour, 6 * hour, 42 * hour]) {
    sandbox.clock.advance(wait);
    seen.push([good, stuck, cancelled, draft].map(({ orderId }) => find(orderId)?.status));
  }
  t.deepEqual(seen, [
    ['PENDING_DOCUMENTS', 'PENDING_DOCUMENTS', 'PENDING_DOCUMENTS', 'DRAFT'],
    ['SUBMITTED', 'SUBMITTED', 'SUBMITTED', 'DRAFT'],
    ['FOC', 'EXCEPTION', 'REQUESTED_CANCEL', 'DRAFT'],
    ['FOC', 'EXCEPTION', 'CANCELLED', 'DRAFT'],
    ['COMPLETE', 'EXCEPTION', 'CANCELLED', 'DRAFT'],
  ]);
  const done = find(good.orderId);
  for (const number of good.numbers) {
    const held = [...own.numbers()].find(({ telephoneNumber }) => telephoneNumber === number);
    t.deepEqual(held?.inServiceDate, done?.actualFocDate);
  }
  t.is(statusOf(own, stuck.numbers[0] as string), undefined);
  t.is(find(stuck.orderId)?.errors.length, 1);
});

test('a port-out removes its number unless it is cancelled', async (t) => {
  const sandbox = await sandboxFor(t, quiet);
  const own = accountOf(sandbox);
  const [leaving = '', staying = ''] = inService(sandbox);
  const { orderId, countOfTns } = own.placePortOut({ number: leaving });
  own.placePortOut({ number: staying, outcome: 'CANCELLED' });
  t.is(countOfTns, 0);
  sandbox.clock.advance(2 * day);
  t.is(statusOf(own, leaving), undefined);
  t.is(statusOf(own, staying), 'Inservice');
  t.like(
    own.portOuts().find((order) => order.orderId === orderId),
    { status: 'COMPLETE', countOfTns: 1, errorCode: '200' },
  );
});

test('an order placed in the past is already done and is listed by its date', async (t) => {
  const sandbox = await sandboxFor(t, quiet);
  const own = accountOf(sandbox);
  const orderDate = new Date('2021-05-05T10:00:00Z');
  const order = own.placeOrder({ numbers: 1, orderDate });
  t.is(order.status, 'COMPLETE');
  t.deepEqual(order.numbers[0]?.inServiceDate, new Date('2021-05-05T12:00:00Z'));
  const dates = own.orders().map((each) => each.orderDate.getTime());
  t.deepEqual(
    dates,
    dates.toSorted((a, b) => b - a),
  );
});

test('an old order can change late, and an open order can be ended by a test', async (t) => {
  const sandbox = await sandboxFor(t, quiet);
  const own = accountOf(sandbox);
  const old = own.orders().at(-1)?.orderId as string;
  own.changeOrder('orders', old, { customerOrderId: 'renamed' });
  const body = await details(sandbox, `orders/${old}`);
  t.is(elementOf(body, 'CustomerOrderId'), 'renamed');
  t.true(Date.parse(elementOf(body, 'LastModifiedDate') ?? '') > Date.now() - 60_000);
  const { orderId } = own.placeOrder({ numbers: 4, parts: 2 });
  sandbox.clock.advance(2 * hour);
  own.changeOrder('orders', orderId, { status: 'CANCELLED' });
  const before = own.count;
  sandbox.clock.advance(7 * day);
  const ended = own.orders().find((order) => order.orderId === orderId);
  t.like(ended, { status: 'CANCELLED', countOfTns: 2, failedQuantity: 0 });
  t.true(ended?.numbers.every(({ outcome }) => outcome !== 'PENDING'));
  t.is(own.count, before);
  t.throws(() => own.changeOrder('portins', old), { instanceOf: LedgerError, message: /no portins/ });
  t.throws(() => own.placeOrder({ numbers: ['0123'] }), { instanceOf: LedgerError, message: /can't order 0123/ });
});

test('a busy day places and changes orders of all kinds, the same for the same seed', async (t) => {
  const options = { numbers: 2000, open: 0.1 };
  const [sandbox, same] = [await sandboxFor(t, options), await sandboxFor(t, options)];
  const own = accountOf(sandbox);
  const truth: Partial<Record<OrderKind, () => Array<{ orderId: string }>>> = {
    orders: own.orders,
    disconnects: own.disconnects,
    portins: own.portIns,
    portouts: own.portOuts,
    numbersAssignment: own.assignmentOrders,
  };
  const counts = Object.values(truth).map((read) => read().length);
  const { placed, changed } = own.busyDay(5);
  t.deepEqual(accountOf(same).busyDay(5), { placed, changed });
  for (const [n, [kind, read]] of Object.entries(truth).entries()) {
    const ids = placed[kind as OrderKind];
    t.true(ids.length > 0, kind);
    t.is(read().length, (counts[n] as number) + ids.length);
    t.true(ids.every((id) => read().some(({ orderId }) => orderId === id)));
  }
  t.is(changed.orders.length, 1);
  t.is(changed.portins.length, 2);
  sandbox.clock.advance(8 * day);
  const resumed = own.portIns().find(({ orderId }) => orderId === changed.portins[0]);
  t.is(resumed?.status, 'COMPLETE');
  t.notDeepEqual(own.busyDay(6).placed, placed);
});

test('an imported number is in service with its attribute, can’t be assigned, and leaves by removal', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 50, orders: 0, disconnects: 0, assignmentPace: { reads: 0 } });
  const own = accountOf(sandbox);
  const order = own.placeImport({ numbers: 2, outcome: 'PARTIAL' });
  const [number, failed] = order.numbers.map(({ telephoneNumber }) => telephoneNumber) as [string, string];
  const inServiceAt = async (tn: string) => (await get(sandbox, `/accounts/${account}/inserviceNumbers/${tn}`)).status;
  t.is(order.status, 'RECEIVED');
  t.is(await inServiceAt(number), 404);
  sandbox.clock.advance(3 * hour);
  t.is(own.importOrders()[0]?.status, 'PARTIAL');
  t.deepEqual([await inServiceAt(number), await inServiceAt(failed)], [200, 404]);
  t.regex((await get(sandbox, `/tns/${number}/tndetails`)).body, /<TnAttribute>Imported<\/TnAttribute>/);
  t.is(own.placeAssignment({ action: 'ASSIGN', numbers: [number], done: true }).numbers[0]?.errorCode, '5130');
  own.placeRemoval({ numbers: [number, failed], done: true });
  t.is(own.removals()[0]?.status, 'PARTIAL');
  t.is(await inServiceAt(number), 404);
  t.deepEqual(own.disconnectedNumbers(), []);
});

test('a port-in brings back a number that an earlier order added', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 50, orders: 0 });
  const own = accountOf(sandbox);
  const number = own.placeOrder({ done: true }).numbers[0]?.telephoneNumber as string;
  own.placePortOut({ number, done: true });
  t.false([...own.numbers()].some(({ telephoneNumber }) => telephoneNumber === number));
  sandbox.clock.advance(day);
  const portIn = own.placePortIn({ numbers: [number], done: true });
  t.is(portIn.status, 'COMPLETE');
  t.true([...own.numbers()].some(({ telephoneNumber }) => telephoneNumber === number));
  t.is(elementOf((await get(sandbox, `/tns/${number}`)).body, 'OrderId'), portIn.orderId);
});
