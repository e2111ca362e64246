import test from 'ava';
import { parseApiDate } from '../../../src/dashboard/dates.js';
import type { OrderKind, SandboxOrderBase } from '../../../src/sandbox/server.js';
import { get, linkOf, sandboxFor } from '../client.js';
import { account, accountOf, always, day, details, elementOf, elementsOf, isUnpaged, listed } from './support.js';

const amounts = {
  numbers: 1500,
  orders: 400,
  disconnects: 120,
  portins: 150,
  portouts: 130,
  assignments: 110,
  imports: 100,
  externals: 60,
};
const kinds: readonly OrderKind[] = [
  ...(['orders', 'disconnects', 'portins', 'portouts'] as const),
  ...(['numbersAssignment', 'importTnOrders', 'removeImportedTnOrders', 'externalTns'] as const),
];
type Account = ReturnType<typeof accountOf>;

function truth(of: Account, kind: OrderKind): Array<SandboxOrderBase & { status: string }> {
  switch (kind) {
    case 'orders':
      return of.orders();
    case 'disconnects':
      return of.disconnects();
    case 'portins':
      return of.portIns().filter(({ status }) => status !== 'DRAFT');
    case 'portouts':
      return of.portOuts();
    case 'numbersAssignment':
      return of.assignmentOrders();
    case 'importTnOrders':
      return of.importOrders();
    case 'removeImportedTnOrders':
      return of.removals();
    case 'externalTns':
      return of.externalOrders();
  }
}

for (const kind of kinds) {
  test(`${kind}: the pages list every order once, newest first`, async (t) => {
    const sandbox = await sandboxFor(t, { ...amounts, open: 0.1 });
    const expected = truth(accountOf(sandbox), kind);
    const query: Record<string, string> = isUnpaged(kind) ? {} : { size: '50' };
    const { ids, total, pages } = await listed(sandbox, kind, { ...always(kind), ...query });
    t.deepEqual(
      ids,
      expected.map(({ orderId }) => orderId),
    );
    t.is(total, expected.length);
    t.is(pages, isUnpaged(kind) ? 1 : Math.ceil(expected.length / 50));
  });

  test(`${kind}: without a date range the list covers two years`, async (t) => {
    const sandbox = await sandboxFor(t, { ...amounts, datesUntil: new Date(), open: 0 });
    const twoYearsAgo = Date.now() - 2 * 365.25 * day;
    const recent = truth(accountOf(sandbox), kind).filter(
      ({ orderDate, lastModifiedDate }) => (/^port/.test(kind) ? lastModifiedDate : orderDate).getTime() >= twoYearsAgo,
    );
    t.true(recent.length > 0 && recent.length < truth(accountOf(sandbox), kind).length);
    const { ids } = await listed(sandbox, kind);
    t.deepEqual(
      ids,
      recent.map(({ orderId }) => orderId),
    );
  });

  test(`${kind}: the list can be filtered by status, and an invalid page is rejected`, async (t) => {
    const sandbox = await sandboxFor(t, amounts);
    const expected = truth(accountOf(sandbox), kind).filter(({ status }) => status === 'COMPLETE');
    const { ids, total } = await listed(sandbox, kind, { ...always(kind), status: 'COMPLETE' });
    t.deepEqual(
      ids,
      expected.map(({ orderId }) => orderId),
    );
    t.is(total, expected.length);
    if (!isUnpaged(kind)) {
      t.is((await get(sandbox, `/accounts/${account}/${kind}?page=2`)).status, 400);
      t.is((await get(sandbox, `/accounts/${account}/${kind}?size=5001`)).status, 400);
    }
  });
}

test('date ranges are inclusive; orders and disconnects filter by creation, ports by last change', async (t) => {
  const sandbox = await sandboxFor(t, { ...amounts, open: 0 });
  for (const kind of ['orders', 'disconnects', 'portins', 'portouts'] as const) {
    const dateOf = (order: SandboxOrderBase) => (/^port/.test(kind) ? order.lastModifiedDate : order.orderDate);
    const all = truth(accountOf(sandbox), kind);
    const middle = dateOf(all[Math.floor(all.length / 2)] as SandboxOrderBase).toISOString();
    const [from, to] = [middle.slice(0, 8).concat('01'), middle.slice(0, 10)];
    const short = (text: string) => (/^port/.test(kind) ? text : text.slice(2));
    const expected = all.filter((order) => {
      const date = dateOf(order).toISOString().slice(0, 10);
      return date >= from && date <= to;
    });
    const { ids } = await listed(sandbox, kind, { startdate: short(from), enddate: short(to) });
    t.true(expected.length > 0);
    t.deepEqual(
      ids,
      expected.map(({ orderId }) => orderId),
      kind,
    );
    const wrong = /^port/.test(kind) ? short(from).slice(2) : '2020-13-01';
    t.is((await get(sandbox, `/accounts/${account}/${kind}?startdate=${wrong}&enddate=${wrong}`)).status, 400, kind);
    const alone = await get(sandbox, `/accounts/${account}/${kind}?startdate=${short(from)}`);
    t.is(alone.status, kind === 'orders' ? 200 : 400, kind);
  }
});

test('assignment orders filter by last change, inclusive, and by creation, exclusive', async (t) => {
  const sandbox = await sandboxFor(t, { ...amounts, open: 0 });
  const all = accountOf(sandbox).assignmentOrders();
  const dayOf = (date: Date) => date.toISOString().slice(0, 10);
  const [some = all[0]] = all.slice(50);
  const modified = dayOf(some?.lastModifiedDate as Date);
  const byChange = await listed(sandbox, 'numbersAssignment', { modifiedDateFrom: modified, modifiedDateTo: modified });
  t.deepEqual(
    byChange.ids,
    all.filter(({ lastModifiedDate }) => dayOf(lastModifiedDate) === modified).map(({ orderId }) => orderId),
  );
  const created = dayOf(some?.orderDate as Date);
  const before = await listed(sandbox, 'numbersAssignment', { createdDateFrom: '2000-01-01', createdDateTo: created });
  t.deepEqual(
    before.ids,
    all.filter(({ orderDate }) => dayOf(orderDate) < created).map(({ orderId }) => orderId),
  );
  const after = await listed(sandbox, 'numbersAssignment', { createdDateFrom: created });
  t.deepEqual(
    after.ids,
    all.filter(({ orderDate }) => dayOf(orderDate) > created).map(({ orderId }) => orderId),
  );
  const [tn] = some?.numbers.map(({ telephoneNumber }) => telephoneNumber) ?? [];
  const byNumber = await listed(sandbox, 'numbersAssignment', { tn: tn as string });
  t.true(byNumber.ids.includes(some?.orderId as string));
  const unassigned = await listed(sandbox, 'numbersAssignment', {
    ...always('numbersAssignment'),
    action: 'UNASSIGNED',
  });
  t.deepEqual(
    unassigned.ids,
    all.filter(({ action }) => action === 'UNASSIGN').map(({ orderId }) => orderId),
  );
  const fragment = (some?.orderId ?? '').slice(0, 11);
  t.deepEqual((await listed(sandbox, 'numbersAssignment', { orderIdFragment: fragment })).ids, [
    some?.orderId as string,
  ]);
  t.is((await get(sandbox, `/accounts/${account}/numbersAssignment?action=ASSIGN`)).status, 400);
  t.is((await get(sandbox, `/accounts/${account}/numbersAssignment?status=RECEIVED`)).status, 400);
});

test('a list of assignment orders has at most 1,000 orders, whatever its total', async (t) => {
  const sandbox = await sandboxFor(t, { ...amounts, assignments: 1100 });
  const { ids, total } = await listed(sandbox, 'numbersAssignment', always('numbersAssignment'));
  t.is(ids.length, 1000);
  t.is(total, 1100);
  const newest = accountOf(sandbox).assignmentOrders().slice(0, 1000);
  t.deepEqual(
    ids,
    newest.map(({ orderId }) => orderId),
  );
});

test('drafts are listed only on request, and /portins/totals counts what the list contains', async (t) => {
  const sandbox = await sandboxFor(t, { ...amounts, open: 0.1 });
  const drafts = accountOf(sandbox)
    .portIns()
    .filter(({ status }) => status === 'DRAFT');
  t.true(drafts.length > 0);
  const { ids } = await listed(sandbox, 'portins', { ...always('portins'), status: 'draft' });
  t.deepEqual(
    ids,
    drafts.map(({ orderId }) => orderId),
  );
  const { total } = await listed(sandbox, 'portins', always('portins'));
  const { startdate, enddate } = always('portins');
  const totals = await details(sandbox, `portins/totals?startdate=${startdate}&enddate=${enddate}`);
  t.is(Number(elementOf(totals, 'Count')), total as number);
});

test('port-ins of any age are found by number, billing number, PON and customer order ID', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  const all = accountOf(sandbox).portIns();
  const old = all.findLast(({ customerOrderId }) => customerOrderId !== undefined);
  for (const query of [
    { tn: old?.numbers[0] },
    { orderTn: old?.billingTelephoneNumber },
    { pon: old?.pon },
    { customerOrderId: old?.customerOrderId },
  ]) {
    const [name, text] = Object.entries(query)[0] as [string, string];
    const { ids } = await listed(sandbox, 'portins', { [name]: text });
    t.true(ids.includes(old?.orderId as string), JSON.stringify(query));
    t.true(ids.length < 5);
  }
});

test('disconnected numbers are paged by number, and their totals agree', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  const expected = accountOf(sandbox).disconnectedNumbers();
  const numbers: string[] = [];
  let page: string | undefined = '1';
  while (page !== undefined) {
    const { body } = await get(sandbox, `/accounts/${account}/discnumbers?size=100&page=${encodeURIComponent(page)}`);
    t.is(Number(elementOf(body, 'TotalCount')), expected.length);
    const found = elementsOf(body, 'TelephoneNumber');
    t.is(Number(elementOf(body, 'Count')), found.length);
    numbers.push(...found);
    page = linkOf(body, 'next')?.query.page;
  }
  t.deepEqual(
    numbers,
    expected.map(({ telephoneNumber }) => telephoneNumber),
  );
  const totals = await details(sandbox, 'discnumbers/totals');
  t.is(Number(elementOf(totals, 'Count')), expected.length);
  const [first] = expected;
  const date = first?.disconnectedAt.toISOString().slice(2, 10);
  const sameDay = expected.filter(({ disconnectedAt }) => disconnectedAt.toISOString().slice(2, 10) === date);
  const narrowed = await details(sandbox, `discnumbers?startdate=${date}&enddate=${date}`);
  t.deepEqual(
    elementsOf(narrowed, 'TelephoneNumber'),
    sameDay.map(({ telephoneNumber }) => telephoneNumber),
  );
});

test('an empty list gets 404 with Links, 204 or 200, depending on its resource', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 0 });
  for (const [path, status, pattern] of [
    ['orders', 404, /^<\?xml[^>]*>\n<Links>/],
    ['disconnects', 404, /^<\?xml[^>]*>\n<Links>/],
    ['discnumbers', 404, /^<\?xml[^>]*>\n<Links>/],
    ['portins', 200, /<TotalCount>0</],
    ['portouts', 204, /^$/],
    ['numbersAssignment', 200, /<TotalCount>0</],
    ['importTnOrders', 200, /<TotalCount>0</],
    ['removeImportedTnOrders', 200, /<TotalCount>0</],
    ['externalTns', 200, /<TotalCount>0</],
  ] as const) {
    const answer = await get(sandbox, `/accounts/${account}/${path}`);
    t.is(answer.status, status, path);
    t.regex(answer.body, pattern, path);
  }
});

test('dates are written in the formats of their resources, all of which can be parsed', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  const forms = new Set<string>();
  const note = (texts: readonly string[]) => {
    for (const text of texts) {
      t.truthy(parseApiDate(text), text);
      forms.add(text.replaceAll(/\d/g, '9'));
    }
  };
  for (const kind of kinds) {
    const { items } = await listed(sandbox, kind, always(kind));
    note(
      items.flatMap((item) =>
        ['lastModifiedDate', 'OrderDate', 'RequestedFOCDate'].flatMap((name) => elementsOf(item, name)),
      ),
    );
  }
  for (const { orderId } of accountOf(sandbox).portIns().slice(0, 40)) {
    note(elementsOf(await details(sandbox, `portins/${orderId}`), 'RequestedFocDate'));
  }
  for (const { orderId } of accountOf(sandbox).portOuts().slice(0, 10)) {
    note(elementsOf(await details(sandbox, `portouts/${orderId}`), 'RequestedFocDate'));
  }
  t.deepEqual(
    [...forms].toSorted(),
    [
      '9999-99-99',
      '9999-99-99 99:99:99',
      '9999-99-99 99:99:99.9',
      '9999-99-99T99',
      '9999-99-99T99-99-99.999Z',
      '9999-99-99T99-99-99Z',
      '9999-99-99T99:99:99+99:99',
      '9999-99-99T99:99:99.999Z',
      '9999-99-99T99:99:99Z',
    ].toSorted(),
  );
});

test('the list of number orders shows some dates to the hour, and a summary of the numbers', async (t) => {
  const sandbox = await sandboxFor(t, { ...amounts, open: 0 });
  const { items } = await listed(sandbox, 'orders', always('orders'));
  const orders = accountOf(sandbox).orders();
  let hours = 0;
  for (const [n, item] of items.entries()) {
    const order = orders[n];
    t.deepEqual(parseApiDate(elementOf(item, 'OrderDate') ?? ''), order?.listed.orderDate);
    t.deepEqual(parseApiDate(elementOf(item, 'lastModifiedDate') ?? ''), order?.listed.lastModifiedDate);
    hours += order?.listed.orderDate.getTime() === order?.orderDate.getTime() ? 0 : 1;
    t.is(Number(elementOf(item, 'CountOfTNs')), order?.countOfTns ?? -1);
    t.is(elementOf(item, 'userId'), order?.userId);
    t.is(item.includes('<TelephoneNumberDetails>'), order?.countOfTns !== 0);
    const vendors = /<Vendors>[\s\S]*<\/Vendors>/.exec(item)?.[0] ?? '';
    const counted = elementsOf(vendors, 'Count').reduce((sum, count) => sum + Number(count), 0);
    t.is(counted, order?.countOfTns ?? -1);
  }
  t.true(hours > orders.length / 12 && hours < orders.length / 3);
});

test('a page continues after its first order even if that order no longer matches the filter', async (t) => {
  const sandbox = await sandboxFor(t, { ...amounts, open: 0 });
  const query = `status=COMPLETE&size=20&startdate=00-01-01&enddate=69-12-31`;
  const first = await details(sandbox, `orders?${query}`);
  const cursor = linkOf(first, 'next')?.query.page as string;
  const rest = accountOf(sandbox)
    .orders()
    .filter(({ status }) => status === 'COMPLETE')
    .slice(20)
    .map(({ orderId }) => orderId);
  t.is(rest[0], cursor);
  accountOf(sandbox).changeOrder('orders', cursor, { status: 'CANCELLED' });
  accountOf(sandbox).placeOrder({ done: true });
  const second = await details(sandbox, `orders?${query}&page=${cursor}`);
  t.deepEqual(elementsOf(second, 'orderId'), rest.slice(1, 21));
});

test('list faults also apply to lists of orders', async (t) => {
  const sandbox = await sandboxFor(t, amounts);
  const path = `/accounts/${account}/orders?size=50&startdate=00-01-01&enddate=69-12-31`;
  const whole = await get(sandbox, path);
  sandbox.faults = { 'short-list': 1 };
  const short = await get(sandbox, path);
  t.is(elementsOf(short.body, 'orderId').length, 49);
  t.is(elementOf(short.body, 'TotalCount'), elementOf(whole.body, 'TotalCount'));
  sandbox.faults = { 'raw-links': 1 };
  t.regex((await get(sandbox, path)).body, /<next>Link=<https:/);
  sandbox.faults = { 'duplicate-page': 1 };
  const next = `${path}&page=${linkOf(whole.body, 'next')?.query.page}`;
  await get(sandbox, path);
  t.is((await get(sandbox, next)).body, whole.body);
  sandbox.faults = { 429: 1 };
  t.is((await get(sandbox, `/accounts/${account}/portins`)).status, 429);
});
