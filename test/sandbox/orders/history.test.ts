import test from 'ava';
import { sandboxFor } from '../client.js';
import { accountOf, day, statusesOf } from './support.js';

const amounts = { numbers: 3000, orders: 800, disconnects: 200, portins: 120, portouts: 40, assignments: 60 };

test('an account starts with the configured number of orders of each kind', async (t) => {
  const account = accountOf(await sandboxFor(t, amounts));
  t.is(account.orders().length, 800);
  t.is(account.disconnects().length, 200);
  t.is(account.portIns().length, 120);
  t.is(account.portOuts().length, 40);
  t.is(account.assignmentOrders().length, 60);
  const none = accountOf(
    await sandboxFor(t, { numbers: 500, orders: 0, disconnects: 0, portins: 0, portouts: 0, assignments: 0 }),
  );
  const empty = [none.orders(), none.disconnects(), none.portIns(), none.portOuts(), none.assignmentOrders()];
  t.deepEqual([...empty, none.disconnectedNumbers()].flat(), []);
});

test('every number in service arrived once, by a number order or port-in on its in-service date', async (t) => {
  const account = accountOf(await sandboxFor(t, amounts));
  const arrivals = new Map<string, Date[]>();
  const arrive = (number: string, at: Date) => arrivals.set(number, [...(arrivals.get(number) ?? []), at]);
  for (const { numbers, orderDate, lastModifiedDate } of account.orders()) {
    for (const { telephoneNumber, inServiceDate, outcome } of numbers) {
      t.is(inServiceDate !== undefined, outcome === 'COMPLETED');
      if (inServiceDate !== undefined) {
        t.true(orderDate < inServiceDate && inServiceDate <= lastModifiedDate);
        arrive(telephoneNumber, inServiceDate);
      }
    }
  }
  for (const { numbers, actualFocDate, status } of account.portIns()) {
    t.is(status === 'COMPLETE', actualFocDate !== undefined);
    for (const telephoneNumber of actualFocDate === undefined ? [] : numbers) {
      arrive(telephoneNumber, actualFocDate as Date);
    }
  }
  let ported = 0;
  for (const { telephoneNumber, inServiceDate, status } of account.numbers()) {
    const dates = arrivals.get(telephoneNumber) ?? [];
    t.is(dates.length, 1, telephoneNumber);
    if (inServiceDate !== undefined) {
      t.deepEqual(dates[0], inServiceDate);
    }
    ported += status === 'Inservice' ? 1 : 0;
  }
  t.is(ported, account.inServiceCount);
  t.true(arrivals.size > account.count, 'other numbers also arrived and left');
});

test('disconnected numbers arrived before they left, and are gone or Aging', async (t) => {
  const account = accountOf(await sandboxFor(t, amounts));
  const held = new Map(Array.from(account.numbers(), (number) => [number.telephoneNumber, number]));
  const came = new Map<string, Date>();
  for (const { numbers } of account.orders()) {
    for (const { telephoneNumber, inServiceDate } of numbers) {
      if (inServiceDate !== undefined) {
        came.set(telephoneNumber, inServiceDate);
      }
    }
  }
  for (const { numbers, actualFocDate } of account.portIns()) {
    for (const telephoneNumber of actualFocDate === undefined ? [] : numbers) {
      came.set(telephoneNumber, actualFocDate as Date);
    }
  }
  const expected: Array<{ telephoneNumber: string; disconnectedAt: Date; orderId: string }> = [];
  let agingSeen = 0;
  for (const { numbers, orderDate, orderId, status } of account.disconnects()) {
    for (const { telephoneNumber, outcome, errorCode } of numbers) {
      t.is(errorCode === undefined, outcome !== 'FAILED');
      if (outcome === 'DISCONNECTED') {
        t.true((came.get(telephoneNumber) as Date) < orderDate, `${telephoneNumber} of ${status}`);
        const now = held.get(telephoneNumber);
        t.true(now === undefined || now.status === 'Aging');
        agingSeen += now === undefined ? 0 : 1;
        expected.push({ telephoneNumber, disconnectedAt: orderDate, orderId });
      } else if (outcome === 'FAILED') {
        t.false(held.has(telephoneNumber));
      }
    }
  }
  t.true(agingSeen > 0);
  expected.sort((a, b) => (a.telephoneNumber < b.telephoneNumber ? -1 : 1));
  t.deepEqual(account.disconnectedNumbers(), expected);
  for (const { telephoneNumber, status, actualFocDate } of account.portOuts()) {
    if (status === 'COMPLETE') {
      t.true((came.get(telephoneNumber) as Date) < (actualFocDate as Date));
      t.false(held.has(telephoneNumber));
    } else {
      t.is(held.get(telephoneNumber)?.status, 'Inservice');
    }
  }
});

test('orders have every final or idle status of their kind', async (t) => {
  const account = accountOf(await sandboxFor(t, { ...amounts, assignments: 300, open: 0.1 }));
  t.deepEqual(statusesOf(t, account.orders()), [
    'BACKORDERED',
    'CANCELLED',
    'COMPLETE',
    'FAILED',
    'PARTIAL',
    'RECEIVED',
  ]);
  t.deepEqual(statusesOf(t, account.disconnects()), ['COMPLETE', 'FAILED', 'PARTIAL', 'RECEIVED']);
  t.deepEqual(statusesOf(t, account.portIns()), ['CANCELLED', 'COMPLETE', 'DRAFT', 'EXCEPTION', 'PENDING_DOCUMENTS']);
  t.deepEqual(statusesOf(t, account.portOuts()), ['CANCELLED', 'COMPLETE', 'NEW']);
  t.deepEqual(statusesOf(t, account.assignmentOrders()), ['COMPLETE', 'FAILED', 'PARTIAL', 'RECEIVED']);
  const none = accountOf(await sandboxFor(t, { ...amounts, open: 0 }));
  t.false(
    [...none.orders(), ...none.portIns()].some(({ status }) => /BACK|RECEIVED|DRAFT|EXCEPTION|PENDING/.test(status)),
  );
});

test('orders span the configured years, and the same seed gives the same orders', async (t) => {
  const until = new Date('2024-07-01T00:00:00Z');
  const options = { ...amounts, datesUntil: until, now: until, years: 2, open: 0 };
  const account = accountOf(await sandboxFor(t, options));
  const dates = account.orders().map(({ orderDate }) => orderDate.getTime());
  t.true(Math.max(...dates) <= until.getTime());
  t.true(
    Math.min(...dates) > until.getTime() - 2 * 366 * day && Math.min(...dates) < until.getTime() - 1.9 * 365 * day,
  );
  const same = accountOf(await sandboxFor(t, options));
  t.deepEqual(same.orders(), account.orders());
  t.deepEqual(same.portIns(), account.portIns());
  t.deepEqual(same.disconnects(), account.disconnects());
  t.deepEqual(same.assignmentOrders(), account.assignmentOrders());
  const other = accountOf(await sandboxFor(t, { ...options, seed: 2 }));
  t.notDeepEqual(other.orders(), account.orders());
});

test('dates that are written in whole seconds have no fraction, at whatever time the history ends', async (t) => {
  const account = accountOf(await sandboxFor(t, { ...amounts, datesUntil: new Date('2024-07-01T00:00:00.445Z') }));
  const dates = [...account.portIns(), ...account.portOuts()].map(({ actualFocDate }) => actualFocDate?.getTime() ?? 0);
  t.deepEqual(
    dates.filter((date) => date % 1000 !== 0),
    [],
  );
});

test('history generated late leads to the initial account, not to its current state', async (t) => {
  const options = { ...amounts, open: 0 };
  const churned = accountOf(await sandboxFor(t, options));
  churned.churn(600, 3);
  const fresh = accountOf(await sandboxFor(t, options));
  t.deepEqual(churned.orders(), fresh.orders());
  t.deepEqual(churned.disconnects(), fresh.disconnects());
  const unexplained = churned.disconnectedNumbers().filter(({ orderId }) => orderId === undefined);
  t.is(unexplained.length, 180);
});

test('assignment orders accept numbers in service on their day and give errors for the rest', async (t) => {
  const account = accountOf(await sandboxFor(t, { ...amounts, assignments: 600 }));
  const codes = new Set<string | undefined>();
  for (const order of account.assignmentOrders()) {
    const failed = order.numbers.filter(({ outcome }) => outcome === 'FAILED');
    t.is(order.totalQuantity, order.numbers.length);
    t.is(order.failedQuantity, failed.length);
    if (['RECEIVED', 'PROCESSING'].includes(order.status)) {
      t.true(order.numbers.every(({ outcome }) => outcome === undefined));
    } else {
      const end = failed.length === 0 ? 'COMPLETE' : failed.length < order.totalQuantity ? 'PARTIAL' : 'FAILED';
      t.is(order.status, end);
    }
    for (const { errorCode } of failed) {
      codes.add(errorCode);
    }
  }
  t.deepEqual([...codes].toSorted(), ['5076', '5130', '5131', undefined]);
});

test('returned orders are copies', async (t) => {
  const account = accountOf(await sandboxFor(t, amounts));
  const [order] = account.orders();
  const id = order?.orderId as string;
  (order as { status: string }).status = 'broken';
  order?.orderDate.setFullYear(1999);
  order?.numbers.splice(0);
  t.not(account.orders().find(({ orderId }) => orderId === id)?.status as string, 'broken');
  t.true((account.orders()[0]?.orderDate.getFullYear() ?? 0) > 2000);
});
