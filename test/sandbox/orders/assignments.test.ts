import test from 'ava';
import { get, parse, post, sandboxFor } from '../client.js';
import {
  account,
  accountOf,
  details,
  elementOf,
  elementsOf,
  hour,
  inService,
  listed,
  postAssignment,
} from './support.js';

const path = `/accounts/${account}/numbersAssignment`;

test('an assignment order is RECEIVED, then PROCESSING, and ends after the configured number of reads', async (t) => {
  const sandbox = await sandboxFor(t, { assignmentPace: { reads: 3 } });
  const numbers = inService(sandbox).slice(0, 3);
  const made = await postAssignment(sandbox, { numbers, customerOrderId: 'Job 7-a' });
  t.is(made.status, 201);
  t.is(elementOf(made.body, 'ProcessingStatus'), 'RECEIVED');
  t.is(elementOf(made.body, 'CustomerOrderId'), 'Job 7-a');
  t.is(elementOf(made.body, 'TotalQuantity'), '3');
  t.is(elementOf(made.body, 'FailedQuantity'), undefined);
  const id = elementOf(made.body, 'OrderId') as string;
  t.is(made.headers.get('location')?.split('/').at(-1), id);
  const seen: Array<string | undefined> = [];
  for (let read = 0; read < 4; read++) {
    seen.push(elementOf(await details(sandbox, `numbersAssignment/${id}`), 'ProcessingStatus'));
  }
  t.deepEqual(seen, ['PROCESSING', 'PROCESSING', 'COMPLETE', 'COMPLETE']);
  const order = accountOf(sandbox)
    .assignmentOrders()
    .find(({ orderId }) => orderId === id);
  t.like(order, { status: 'COMPLETE', action: 'ASSIGN', failedQuantity: 0, userId: sandbox.username });
  t.deepEqual(
    order?.numbers.map(({ telephoneNumber, outcome }) => [telephoneNumber, outcome]),
    numbers.map((number) => [number, 'ACCEPTED']),
  );
});

test('an assignment order advances with the clock if its pace is a duration or nobody reads it', async (t) => {
  for (const assignmentPace of [{ ms: 2 * hour }, { reads: 5 }]) {
    const sandbox = await sandboxFor(t, { assignmentPace });
    const made = await postAssignment(sandbox, { numbers: inService(sandbox).slice(0, 2) });
    const id = elementOf(made.body, 'OrderId') as string;
    const status = () =>
      accountOf(sandbox)
        .assignmentOrders()
        .find(({ orderId }) => orderId === id)?.status;
    t.is(status(), 'RECEIVED');
    sandbox.clock.advance(hour);
    t.is(status(), 'PROCESSING');
    sandbox.clock.advance(hour);
    t.is(status(), 'COMPLETE');
  }
  const atOnce = await sandboxFor(t, { assignmentPace: { reads: 0 } });
  const made = await postAssignment(atOnce, { numbers: inService(atOnce).slice(0, 2) });
  t.is(elementOf(made.body, 'ProcessingStatus'), 'COMPLETE');
});

test('numbers that cannot be assigned fail with a code and determine the final status', async (t) => {
  const sandbox = await sandboxFor(t, { assignmentPace: { reads: 0 } });
  const held = [...accountOf(sandbox).numbers()];
  const good = inService(sandbox)[0] as string;
  const agingNumber = held.find(({ status }) => status === 'Aging')?.telephoneNumber as string;
  const external = held.find(({ telephoneNumber }) => telephoneNumber.startsWith('+'))?.telephoneNumber as string;
  const bad = ['2129999999', agingNumber, external, '919ABC1234'];
  const partial = await postAssignment(sandbox, { numbers: [good, ...bad, good] });
  const { TelephoneNumbersAssignmentOrderResponse: read } = parse(partial.body);
  t.is(read.ProcessingStatus, 'PARTIAL');
  t.is(read.TotalQuantity, '5', 'a number listed twice counts once');
  t.is(read.FailedQuantity, '4');
  t.deepEqual(
    Object.fromEntries(
      read.Errors.Error.map((error: { Code: string; TelephoneNumbers: { TelephoneNumber: string[] } }) => [
        error.Code,
        error.TelephoneNumbers.TelephoneNumber,
      ]),
    ),
    { 5076: ['2129999999', '919ABC1234'], 5131: [agingNumber], 5130: [external] },
  );
  const failed = await postAssignment(sandbox, { action: 'UNASSIGN', numbers: bad });
  t.is(elementOf(failed.body, 'ProcessingStatus'), 'FAILED');
});

test('without the TN_ASSIGNMENT feature every number of an assignment order fails', async (t) => {
  const sandbox = await sandboxFor(t, { assignmentPace: { reads: 0 }, mayAssign: false });
  t.false((await details(sandbox, 'products')).includes('TN_ASSIGNMENT'));
  const numbers = inService(sandbox).slice(0, 2);
  const ends = new Set<string | undefined>();
  for (let i = 0; i < 8; i++) {
    const { body } = await postAssignment(sandbox, { numbers });
    t.is(elementOf(body, 'ProcessingStatus'), 'FAILED');
    ends.add(elementOf(body, 'Code'));
  }
  t.deepEqual([...ends].toSorted(), ['12752', undefined], 'some FAILED orders list no errors');
  t.true((await details(await sandboxFor(t), 'products')).includes('<Feature>TN_ASSIGNMENT</Feature>'));
});

test('an invalid assignment request is rejected and creates no order', async (t) => {
  const sandbox = await sandboxFor(t);
  const numbers = inService(sandbox).slice(0, 1);
  const before = accountOf(sandbox).assignmentOrders().length;
  for (const [what, code, description] of [
    [postAssignment(sandbox, { action: 'RESERVE', numbers }), '13554', /Assignment action is invalid/],
    [postAssignment(sandbox, { action: '', numbers }), '13554', /ASSIGN, UNASSIGN/],
    [postAssignment(sandbox, { numbers, customerOrderId: 'a/b' }), '1003', /Customer order ID/],
    [postAssignment(sandbox, { numbers, customerOrderId: 'x'.repeat(41) }), '1003', /Customer order ID/],
    [postAssignment(sandbox, { numbers: [] }), '1003', /at least one/],
    [
      postAssignment(sandbox, { numbers: Array.from({ length: 5001 }, (_, n) => String(2_120_000_000 + n)) }),
      '1003',
      /5000/,
    ],
    [post(sandbox, path, '<TelephoneNumbersAssignmentOrder>'), '1003', /must be a/],
    [post(sandbox, path, ''), '1003', /must be a/],
  ] as const) {
    const { status, body } = await what;
    t.is(status, 400);
    t.is(elementOf(body, 'ErrorCode'), code);
    t.regex(elementOf(body, 'Description') ?? '', description);
  }
  t.is(accountOf(sandbox).assignmentOrders().length, before);
  const most = Array.from({ length: 5000 }, (_, n) => String(2_120_000_000 + n));
  t.is((await postAssignment(sandbox, { numbers: most, customerOrderId: 'x'.repeat(40) })).status, 201);
});

test('an order whose response was lost exists and is found by its customer order ID', async (t) => {
  const sandbox = await sandboxFor(t, { faults: { 'lost-answer': 1 } });
  const numbers = inService(sandbox).slice(0, 2);
  await t.throwsAsync(postAssignment(sandbox, { numbers, customerOrderId: 'lost 1' }));
  t.like(sandbox.requests.at(-1), { method: 'POST', fault: 'lost-answer', status: undefined });
  const { ids, items } = await listed(sandbox, 'numbersAssignment', { customerOrderId: 'lost 1' });
  t.is(ids.length, 1);
  t.is(elementOf(items[0] ?? '', 'CustomerOrderId'), 'lost 1');
  t.is(elementOf(items[0] ?? '', 'TotalQuantity'), '2');
  t.is(elementOf(items[0] ?? '', 'OrderStatus'), 'RECEIVED');
  const ignored = await get(sandbox, `${path}?customerOrderID=lost%201`);
  t.true(elementsOf(ignored.body, 'OrderId').length >= 1, 'a misspelled parameter is ignored');
  t.is((await post(sandbox, '/tns', '<TnList><Tn>2129999999</Tn></TnList>')).status, 200);
});
