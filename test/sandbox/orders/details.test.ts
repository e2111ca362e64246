import test from 'ava';
import { parseApiDate } from '../../../src/dashboard/dates.js';
import { get, parse, sandboxFor } from '../client.js';
import { account, accountOf, details, elementOf, elementsOf } from './support.js';

const amounts = { numbers: 1500, orders: 300, disconnects: 120, portins: 90, portouts: 30, assignments: 60, open: 0.1 };

test('a number order lists its delivered numbers, and the failed ones in its request', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  let failing = 0;
  for (const order of accountOf(sandbox).orders()) {
    const body = await details(sandbox, `orders/${order.orderId}`);
    const { OrderResponse: read } = parse(body);
    const named = (outcome: string) =>
      order.numbers.filter((number) => number.outcome === outcome).map(({ telephoneNumber }) => telephoneNumber);
    t.deepEqual(elementsOf(body, 'FullNumber'), named('COMPLETED'));
    t.is(read.OrderStatus, order.status);
    t.is(Number(read.CompletedQuantity), order.countOfTns);
    t.is(Number(read.FailedQuantity), order.failedQuantity);
    t.deepEqual(parseApiDate(read.LastModifiedDate), order.lastModifiedDate);
    t.deepEqual(parseApiDate(read.Order.OrderCreateDate), order.orderDate);
    t.deepEqual(
      read.OrderCompleteDate === undefined ? undefined : parseApiDate(read.OrderCompleteDate),
      order.completedDate,
    );
    t.is(read.Order.CustomerOrderId, order.customerOrderId);
    t.is(elementOf(body, 'CreatedByUser'), order.userId);
    t.is(elementOf(body, 'Name'), order.name);
    const search = read.Order[order.search.type];
    t.true(search !== undefined, order.search.type);
    if (order.search.type === 'ExistingTelephoneNumberOrderType') {
      const asked = [search.TelephoneNumberList.TelephoneNumber].flat();
      t.deepEqual(
        asked,
        order.numbers.map(({ telephoneNumber }) => telephoneNumber),
      );
      failing += named('FAILED').length;
    } else {
      t.is(Number(search.Quantity), order.quantity);
    }
    const tns = await details(sandbox, `orders/${order.orderId}/tns`);
    t.deepEqual(elementsOf(tns, 'TelephoneNumber'), named('COMPLETED'));
  }
  t.true(failing > 0);
});

test('a disconnect order lists the disconnected numbers, and the failed ones under its errors', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  for (const order of accountOf(sandbox).disconnects()) {
    const { DisconnectTelephoneNumberOrderResponse: read } = parse(
      await details(sandbox, `disconnects/${order.orderId}`),
    );
    const named = (...outcomes: string[]) =>
      order.numbers.filter(({ outcome }) => outcomes.includes(outcome)).map(({ telephoneNumber }) => telephoneNumber);
    const list = (element: { TelephoneNumber?: string | string[] } | undefined) =>
      [element?.TelephoneNumber ?? []].flat();
    t.deepEqual(list(read.DisconnectedTelephoneNumberList), named('DISCONNECTED'));
    t.deepEqual(list(read.ErrorList?.Error.TelephoneNumbers), named('FAILED'));
    t.is(read.ErrorList?.Error.Code, named('FAILED').length === 0 ? undefined : '5006');
    const request = read.orderRequest.DisconnectTelephoneNumberOrderType.TelephoneNumberList;
    t.deepEqual(list(request), named('DISCONNECTED', 'FAILED', 'PENDING'));
    t.is(read.OrderStatus, order.status);
    t.is(read.orderRequest.CustomerOrderId, order.customerOrderId);
    t.deepEqual(parseApiDate(read.orderRequest.OrderCreateDate), order.orderDate);
  }
});

test('a port-in has its numbers, dates and unique personal data', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  const seen = new Set<string>();
  const portIns = accountOf(sandbox).portIns();
  for (const order of portIns) {
    const body = await details(sandbox, `portins/${order.orderId}`);
    const { LnpOrderResponse: read } = parse(body);
    t.deepEqual(elementsOf(body, 'PhoneNumber'), order.numbers);
    t.is(read.ProcessingStatus, order.status);
    t.deepEqual(parseApiDate(read.RequestedFocDate), order.requestedFocDate);
    t.deepEqual(read.ActualFocDate === undefined ? undefined : parseApiDate(read.ActualFocDate), order.actualFocDate);
    t.deepEqual(parseApiDate(read.LastModifiedDate), order.lastModifiedDate);
    t.is(elementOf(body, 'LosingCarrierName'), order.losingCarrierName);
    t.is(elementsOf(body, 'Tn').length > 0, order.errors.length > 0);
    const { accountNumber, pinNumber, firstName, lastName, houseNumber, streetName } = order.personal;
    t.deepEqual(read.WirelessInfo, { AccountNumber: accountNumber, PinNumber: pinNumber });
    t.is(elementOf(body, 'BusinessName'), order.personal.businessName);
    t.is(elementOf(body, 'LoaAuthorizingPerson'), order.personal.loaAuthorizingPerson);
    t.like(read.Subscriber, { FirstName: firstName, LastName: lastName });
    t.like(read.Subscriber.ServiceAddress, { HouseNumber: houseNumber, StreetName: streetName });
    for (const value of Object.values(order.personal)) {
      t.true(value === undefined || /Pii.*[0-9a-f]{6}/.test(value));
      seen.add(String(value));
    }
  }
  t.true(seen.size > portIns.length * 7.5, 'no two port-ins share personal data');
});

test('a port-out shows its dates; only the list shows its number, once confirmed', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  for (const order of accountOf(sandbox).portOuts()) {
    const body = await details(sandbox, `portouts/${order.orderId}`);
    const { LnpOrderResponse: read } = parse(body);
    t.false(body.includes(order.telephoneNumber));
    t.is(read.PortOutStatus, order.status);
    t.is(read.PON, order.pon);
    t.deepEqual(parseApiDate(read.RequestedFocDate), order.requestedFocDate);
    t.deepEqual(read.ActualFocDate === undefined ? undefined : parseApiDate(read.ActualFocDate), order.actualFocDate);
  }
  const list = await details(sandbox, 'portouts?startdate=2000-01-01&enddate=2069-12-31');
  const confirmed = accountOf(sandbox)
    .portOuts()
    .filter(({ status }) => status !== 'NEW');
  t.deepEqual(
    elementsOf(list, 'FullNumber'),
    confirmed.map(({ telephoneNumber }) => telephoneNumber),
  );
});

test('an assignment order wraps its texts in whitespace and lists failures by code', async (t) => {
  const sandbox = await sandboxFor(t, { ...amounts, assignments: 200, assignmentPace: { ms: 86_400_000 } });
  let silent = 0;
  for (const order of accountOf(sandbox).assignmentOrders()) {
    const body = await details(sandbox, `numbersAssignment/${order.orderId}`);
    t.regex(body, /<Action>\n\s+(UN)?ASSIGN\n\s+<\/Action>/);
    const { TelephoneNumbersAssignmentOrderResponse: read } = parse(body);
    t.is(read.ProcessingStatus, order.status);
    t.is(read.TelephoneNumbersAssignmentOrder.Action, order.action);
    t.is(read.TelephoneNumbersAssignmentOrder.CustomerOrderId, order.customerOrderId);
    const asked: string[] = read.TelephoneNumbersAssignmentOrder.TelephoneNumbers.TelephoneNumber;
    t.deepEqual(
      asked,
      order.numbers.map(({ telephoneNumber }) => telephoneNumber),
    );
    const errors = new Map<string, string>();
    for (const { Code, TelephoneNumbers } of [read.Errors?.Error ?? []].flat()) {
      for (const number of TelephoneNumbers.TelephoneNumber) {
        errors.set(number, Code);
      }
    }
    t.deepEqual(
      order.numbers.filter(({ errorCode }) => errorCode !== undefined).map((n) => [n.telephoneNumber, n.errorCode]),
      order.numbers
        .filter((n) => errors.has(n.telephoneNumber))
        .map((n) => [n.telephoneNumber, errors.get(n.telephoneNumber)]),
    );
    t.is(read.FailedQuantity, errors.size === 0 ? undefined : String(order.failedQuantity));
    silent += order.status === 'FAILED' && errors.size === 0 ? 1 : 0;
  }
  t.true(silent > 0);
});

test('an unknown order gets 404 with the root element of its resource', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  for (const [kind, root] of [
    ['orders', 'OrderResponse'],
    ['disconnects', 'DisconnectTelephoneNumberOrderResponse'],
    ['portins', 'LnpOrderResponse'],
    ['portouts', 'LnpOrderResponse'],
    ['numbersAssignment', 'TelephoneNumbersAssignmentOrderResponse'],
    ['importTnOrders', 'ImportTnOrder'],
    ['removeImportedTnOrders', 'RemoveImportedTnOrder'],
    ['externalTns', 'ExternalTnsOrder'],
  ] as const) {
    const { status, body } = await get(sandbox, `/accounts/${account}/${kind}/no-such-order`);
    t.is(status, 404);
    t.deepEqual(parse(body), { [root]: { ResponseStatus: { Description: 'The resource does not exist' } } });
  }
});

test('a single number shows the order that added it', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  const portIn = accountOf(sandbox)
    .portIns()
    .find(({ status }) => status === 'COMPLETE');
  const { body } = await get(sandbox, `/tns/${portIn?.numbers[0]}`);
  t.is(elementOf(body, 'OrderId'), portIn?.orderId);
  t.is(elementOf(body, 'OrderType'), 'PORT_IN_ORDER');
  const none = await sandboxFor(t, { numbers: 10, orders: 0, portins: 0 });
  const [number] = [...accountOf(none).numbers()];
  t.is(elementOf((await get(none, `/tns/${number?.telephoneNumber}`)).body, 'OrderId'), undefined);
});
