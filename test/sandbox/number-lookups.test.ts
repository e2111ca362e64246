import test from 'ava';
import { isForEndpoints } from '../../src/sandbox/feature-orders.js';
import { get, parse, sandboxFor } from './client.js';

const account = '9900000';

type Status = Record<string, string>;

/** The events of a history. */
function eventsIn(body: string): Status[] {
  return [parse(body).TelephoneNumberResponse.TelephoneNumberStatuses.TelephoneNumberStatus].flat();
}

test('the history of a number is what numberEvents() returns, and leads to its status', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 60, imports: 5, externals: 5, features: 5 });
  const held = sandbox.account(account);
  for (const { telephoneNumber, status } of held.numbers()) {
    const truth = held.numberEvents(telephoneNumber);
    t.is(truth.at(-1)?.status, status);
    const { body } = await get(sandbox, `/tns/${encodeURIComponent(telephoneNumber)}/history`);
    t.deepEqual(
      eventsIn(body).map(({ AccountId, LastModifiedDate, OrderId, Status, OrderType, OrderStatus }) => [
        AccountId === account,
        LastModifiedDate,
        OrderId,
        Status,
        OrderType,
        OrderStatus,
      ]),
      truth.map(({ own, at, orderId, status, orderType, orderStatus }) => [
        own,
        at.toISOString(),
        orderId,
        status,
        orderType,
        orderStatus,
      ]),
    );
  }
});

test('the history names the orders that added and removed a number', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 20 });
  const held = sandbox.account(account);
  const order = held.placeOrder({ done: true });
  const number = order.numbers[0]?.telephoneNumber ?? '';
  sandbox.clock.advance(86_400_000);
  const disconnect = held.placeDisconnect({ numbers: [number], done: true });
  const events = eventsIn((await get(sandbox, `/tns/${number}/history`)).body);
  t.deepEqual(events.map(({ OrderId, Status }) => [OrderId, Status]).slice(1), [
    [order.orderId, 'Inservice'],
    [disconnect.orderId, 'Aging'],
  ]);
});

test('the history names the external number orders that added and removed a number', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 20 });
  const held = sandbox.account(account);
  const added = held.placeExternal({ action: 'IMPORT', numbers: 1, done: true });
  const number = added.numbers[0]?.telephoneNumber ?? '';
  sandbox.clock.advance(86_400_000);
  const removed = held.placeExternal({ action: 'REMOVE', numbers: [number], done: true });
  const events = eventsIn((await get(sandbox, `/tns/${number}/history`)).body);
  t.deepEqual(
    events.map(({ OrderId, Status }) => [OrderId, Status]),
    [
      [added.orderId, 'Inservice'],
      [removed.orderId, 'Available'],
    ],
  );
});

test('numbers that move without an order have events of their own, on another account once they left', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 20 });
  const held = sandbox.account(account);
  const [number = ''] = held.add(1);
  sandbox.clock.advance(86_400_000);
  held.disconnect([number]);
  const events = eventsIn((await get(sandbox, `/tns/${number}/history`)).body);
  t.deepEqual(
    events.map(({ AccountId, OrderType }) => [AccountId === account, OrderType]),
    [
      [false, 'IMPORT_AVAILABLE_ORDER'],
      [true, 'MOVE_TN_ORDER'],
      [false, 'MOVE_TN_ORDER'],
    ],
  );
});

test('details have the location, attributes and outcomes of features of the number', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 30, imports: 3, features: 10 });
  const held = sandbox.account(account);
  let withFeatures = 0;
  for (const { siteId, locations } of held.sites()) {
    for (const { sipPeerId, numbers } of locations) {
      for (const number of numbers) {
        const { body } = await get(sandbox, `/tns/${encodeURIComponent(number)}/tndetails`);
        const details = parse(body).TelephoneNumberResponse.TelephoneNumberDetails;
        t.deepEqual([details.Site.Id, details.SipPeer.PeerId], [siteId, sipPeerId]);
        t.deepEqual([details.TnAttributes?.TnAttribute ?? []].flat(), held.attributesOf(number));
        const e911 = held
          .featureOrders('e911s')
          .find((each) => !isForEndpoints('e911s', each) && each.numbers.some((n) => n.telephoneNumber === number));
        const outcome = e911?.numbers.find(({ telephoneNumber }) => telephoneNumber === number)?.outcome;
        const word = { ACCEPTED: 'SUCCESS', FAILED: 'FAILED', none: 'PENDING' }[outcome ?? 'none'];
        t.is(details.Features?.E911?.LastE911OrderOutcome, e911 && word);
        withFeatures += e911 === undefined ? 0 : 1;
      }
    }
  }
  t.true(withFeatures > 0);
});

test('a hosted number names the other account, and its own one as the second', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 20, oddities: { 'foreign-details': 1 } });
  for (const { telephoneNumber } of sandbox.account(account).numbers()) {
    const { body } = await get(sandbox, `/tns/${encodeURIComponent(telephoneNumber)}/tndetails`);
    const details = parse(body).TelephoneNumberResponse.TelephoneNumberDetails;
    const hosted = details.HostedTelephoneNumberDetails?.HostedTelephoneNumberDetail;
    t.is(hosted === undefined ? details.AccountId : hosted.AccountId, account);
    t.is(hosted === undefined, details.AccountId === account);
  }
});

test('a reservation lasts four hours', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 20 });
  const number = '2125550100';
  t.is((await get(sandbox, `/tns/${number}/tnreservation`)).status, 404);
  sandbox.account(account).reserve(number);
  sandbox.clock.advance(3_600_000);
  const { TNReservation } = parse((await get(sandbox, `/tns/${number}/tnreservation`)).body);
  t.is(TNReservation.Account, account);
  t.is(TNReservation.ReservedTN, number);
  t.true(Number(TNReservation.ReservationExpires) <= 3 * 3600);
  sandbox.clock.advance(3 * 3_600_000);
  t.is((await get(sandbox, `/tns/${number}/tnreservation`)).status, 404);
});

test('an invalid number gets 400, one that nobody had 404, and a missing role 403', async (t) => {
  const sandbox = await sandboxFor(t, {
    numbers: 20,
    oddities: { 'forbid-histories': 1, 'forbid-reservations': 1 },
  });
  for (const resource of ['history', 'tnreservation'])
    t.is((await get(sandbox, `/tns/2129999999/${resource}`)).status, 403);
  const other = await sandboxFor(t, { numbers: 20 });
  for (const resource of ['history', 'tndetails', 'tnreservation']) {
    t.is((await get(other, `/tns/123456789/${resource}`)).status, 400);
    t.is((await get(other, `/tns/2129999999/${resource}`)).status, 404);
  }
});
