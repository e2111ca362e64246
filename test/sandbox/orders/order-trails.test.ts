import test from 'ava';
import { get, parse, sandboxFor } from '../client.js';
import { account, accountOf } from './support.js';

const amounts = { numbers: 300, orders: 60, disconnects: 30, portins: 60, open: 0.3 };

test('the history of an order has its events, and those without one get what the reference shows', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  const held = accountOf(sandbox);
  let repeated = 0;
  for (const { orderId, status } of held.portIns()) {
    const response = await get(sandbox, `/accounts/${account}/portins/${orderId}/history`);
    t.is(response.status, 200);
    const { OrderHistory = [], IrisStatus } = parse(response.body).OrderHistoryWrapper;
    if (status === 'DRAFT') {
      t.is(IrisStatus.Code, '7710');
      continue;
    }
    const events = held.orderEvents('portins', orderId);
    t.deepEqual(
      [OrderHistory].flat().map(({ OrderDate, Note, Author, Status, Difference }) => ({
        ...{ OrderDate, Note: Note.trim(), Author, Status, Difference },
      })),
      events.map(({ occurredAt, note, author, status: each, difference }) => ({
        ...{ OrderDate: occurredAt.toISOString(), Note: note, Author: author, Status: each, Difference: difference },
      })),
    );
    t.is(events.at(-1)?.status, status);
    if (String(events[0]?.occurredAt) === String(events[1]?.occurredAt)) repeated += 1;
  }
  t.true(repeated > 0);
  for (const { orderId } of held.orders()) {
    const { status } = await get(sandbox, `/accounts/${account}/orders/${orderId}/history`);
    t.is(status, held.orderEvents('orders', orderId).length > 1 ? 200 : 404);
  }
  t.is((await get(sandbox, `/accounts/${account}/portins/none/history`)).status, 404);
});

test('an order with notes lists them, and one without gets 204', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  const held = accountOf(sandbox);
  const statuses = new Set<number>();
  for (const { orderId } of held.disconnects()) {
    const response = await get(sandbox, `/accounts/${account}/disconnects/${orderId}/notes`);
    const notes = held.orderNotes('disconnects', orderId);
    t.is(response.status, notes.length === 0 ? 204 : 200);
    statuses.add(response.status);
    if (notes.length === 0) continue;
    t.deepEqual(
      [parse(response.body).Notes.Note].flat(),
      notes.map(({ id, userId, description, lastModified }) => ({
        ...{ Id: id, UserId: userId, Description: description, LastDateModifier: lastModified.toISOString() },
      })),
    );
  }
  t.is(statuses.size, 2);
});

test('a history only grows, with an event for each change of the order', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  const held = accountOf(sandbox);
  const { orderId } = held.placePortIn();
  const statuses = () => [...new Set(held.orderEvents('portins', orderId).map(({ status }) => status))];
  t.deepEqual(statuses(), ['PENDING_DOCUMENTS']);
  const before = held.orderEvents('portins', orderId);
  sandbox.clock.advance(4 * 86_400_000);
  t.deepEqual(statuses(), ['PENDING_DOCUMENTS', 'SUBMITTED', 'FOC', 'COMPLETE']);
  t.deepEqual(held.orderEvents('portins', orderId).slice(0, before.length), before);
});
