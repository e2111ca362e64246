import anyTest, { type TestFn } from 'ava';
import { signalled } from '../dashboard/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { assignmentDetails, orderDetails, portinDetails } from '../support/resources.js';
import { type DetailApi, openDetailApi, orderAnswer } from './support/detail-api.js';
import { account } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** Inserts orders into the table as the list would, newest first. */
async function list(
  api: DetailApi,
  orders: readonly { id: string; status?: string; count?: number; modified?: string }[],
): Promise<void> {
  for (const [
    index,
    { id, status = 'COMPLETE', count = null, modified = '2024-03-01T10:00:00Z' },
  ] of orders.entries()) {
    await api.query(
      `insert into orders (account_id, order_id, status, order_date, last_modified_date, count_of_tns, raw)
       values ($1, $2, $3, '2024-03-01'::timestamptz - $4 * interval '1 day', $5, $6, '{"list": {"Tier": "1"}}')`,
      [account, id, status, index, modified, count],
    );
  }
}

const numbersOf = async (api: DetailApi) =>
  (await api.query(`select order_id || ' ' || telephone_number as line from orders_numbers order by 1`)).map(
    (r) => r.line,
  );

const versions = (api: DetailApi) =>
  api.query(
    `select xmin::text, ctid::text, o::text as row from orders o
     union all select xmin::text, ctid::text, n::text from orders_numbers n order by row`,
  );

test('orders are read newest first, each once, up to the client’s concurrency limit', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  const ids = Array.from({ length: 40 }, (_, index) => `order-${index}`);
  await list(
    api,
    ids.map((id) => ({ id })),
  );
  for (const [index, id] of ids.entries())
    api.answers.set(`orders/${id}`, orderAnswer(id, { numbers: [`919555${1000 + index}`] }));
  // The first requests are held until there are as many as the client may send concurrently.
  const { promise: together, signal: open } = signalled();
  api.onRequest = () => {
    if (api.asked.length === 4) open();
    return together;
  };

  const report = await api.read(orderDetails);
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(report.warnings, []);
  t.deepEqual([...api.asked].sort(), ids.map((id) => `orders/${id}`).sort());
  // Concurrent requests may arrive in any order.
  for (const [index, path] of api.asked.entries()) t.true(Math.abs(ids.indexOf(path.slice(7)) - index) < 4, path);
  t.is(api.most(), 4);
  t.deepEqual(report.counts, { pages: 40, rowsRead: 40, rowsWritten: 80 });
  t.is((await numbersOf(api)).length, 40);
  const [row] = await api.query(`select * from orders where order_id = 'order-3'`);
  t.like(row, { name: 'Order 1', completed_quantity: 1, details_status: 'COMPLETE', details_error: null });
  t.deepEqual(row?.raw, { list: { Tier: '1' } });
});

test('a second run reads only open orders, and writes nothing if nothing changed', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await list(api, [{ id: 'open', status: 'BACKORDERED' }, { id: 'done' }, { id: 'unheard', status: 'SOMETHING_NEW' }]);
  for (const [id, status] of [
    ['open', 'BACKORDERED'],
    ['done', 'COMPLETE'],
    ['unheard', 'SOMETHING_NEW'],
  ] as const) {
    api.answers.set(`orders/${id}`, orderAnswer(id, { status, numbers: ['9195551000'] }));
  }
  await api.read(orderDetails);
  const before = await versions(api);
  api.asked.length = 0;
  const second = await api.read(orderDetails);
  t.deepEqual(api.asked.sort(), ['orders/open', 'orders/unheard']);
  t.is(second.counts.rowsWritten, 0);
  t.deepEqual(await versions(api), before);
});

test('an open order is read until it ends, even if no list has it again, and its numbers follow', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await list(api, [{ id: 'old', status: 'BACKORDERED' }]);
  await api.query(`update orders set order_date = '2009-01-01'`);
  const night = async (status: string, numbers: string[], modified: string) => {
    api.answers.set('orders/old', orderAnswer('old', { status, numbers, modified }));
    return (await api.read(orderDetails)).counts.rowsWritten;
  };
  t.is(await night('BACKORDERED', [], '2024-03-01T10:00:00Z'), 1);
  t.is(await night('BACKORDERED', ['9195551000', '9195551001'], '2024-03-01T10:00:00Z'), 3);
  t.is(await night('PARTIAL', ['9195551001', '9195551002'], '2024-03-05T10:00:00.123Z'), 3);
  t.deepEqual(await numbersOf(api), ['old 9195551001', 'old 9195551002']);
  const [row] = await api.query(
    'select status, last_modified_date, details_status, details_at, changed_at from orders',
  );
  t.like(row, {
    status: 'PARTIAL',
    details_status: 'PARTIAL',
    last_modified_date: new Date('2024-03-05T10:00:00.123Z'),
  });
  api.asked.length = 0;
  t.is(await night('FAILED', [], '2024-03-06T10:00:00Z'), 0);
  t.deepEqual(api.asked, [], 'it had ended');
});

test('an order that changed in the list is read again', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await list(api, [{ id: 'late' }, { id: 'other' }]);
  for (const id of ['late', 'other']) api.answers.set(`orders/${id}`, orderAnswer(id));
  await api.read(orderDetails);
  for (const change of [`last_modified_date = '2024-06-01'`, `status = 'PARTIAL'`]) {
    await api.query(`update orders set ${change} where order_id = 'late'`);
    const status = change.startsWith('status') ? 'PARTIAL' : 'COMPLETE';
    api.answers.set(
      'orders/late',
      orderAnswer('late', { status, numbers: ['9195551000'], modified: '2024-06-01T00:00:00Z' }),
    );
    api.asked.length = 0;
    await api.read(orderDetails);
    t.deepEqual(api.asked, ['orders/late'], change);
  }
  t.deepEqual(await numbersOf(api), ['late 9195551000']);
});

test('list and order values that differ do not overwrite each other on every run', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await list(api, [{ id: 'open', status: 'PROCESSING', modified: '2024-03-01T10:00:00Z' }]);
  const answer = (name: string, modified: string) =>
    orderAnswer('open', { status: 'PROCESSING', modified, more: `<CustomerOrderId>${name}</CustomerOrderId>` });
  const stored = async () => (await api.query('select customer_order_id from orders'))[0]?.customer_order_id;
  api.answers.set('orders/open', answer('by the order', '2024-03-01T10:00:00Z'));
  await api.query(`update orders set customer_order_id = 'by the list'`);
  await api.read(orderDetails);
  t.is(await stored(), 'by the order');
  await api.query(`update orders set customer_order_id = 'by the list'`);
  const before = await versions(api);
  await api.read(orderDetails);
  t.deepEqual(await versions(api), before);
  api.answers.set('orders/open', answer('renamed', '2024-03-02T10:00:00Z'));
  await api.read(orderDetails);
  t.is(await stored(), 'renamed');
});

test('an order that the API rejects is kept, marked, reported and retried once per run', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await list(api, [{ id: 'gone' }, { id: 'here' }, { id: '..' }]);
  api.answers.set('orders/here', orderAnswer('here'));
  const first = await api.read(orderDetails);
  t.is(first.result, 'succeeded', first.error?.message);
  t.deepEqual(api.asked.sort(), ['orders/gone', 'orders/here']);
  t.is(first.warnings.length, 2);
  t.regex(
    first.warnings.join('\n'),
    /details of 1 order could not be read: the API refused it with status 404\. .*"gone"/,
  );
  t.regex(first.warnings.join('\n'), /its id cannot be part of a URL\. .*"\.\."/);
  const [row] = await api.query(`select * from orders where order_id = 'gone'`);
  t.like(row, { status: 'COMPLETE', details_at: null, details_error: 'the API refused it with status 404' });
  t.truthy(row?.details_tried_at);

  const before = await versions(api);
  api.asked.length = 0;
  const second = await api.read(orderDetails);
  t.deepEqual(api.asked, ['orders/gone']);
  t.deepEqual([second.counts.rowsWritten, second.warnings.length], [0, 2]);
  t.deepEqual(await versions(api), before);

  api.answers.set('orders/gone', orderAnswer('gone', { numbers: ['9195551000'] }));
  await api.read(orderDetails);
  t.like((await api.query(`select * from orders where order_id = 'gone'`))[0], {
    details_error: null,
    name: 'Order 1',
  });
});

test('one unusable order does not stop the others; an API that is down ends the run', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  const ids = Array.from({ length: 12 }, (_, index) => `order-${index}`);
  await list(
    api,
    ids.map((id) => ({ id })),
  );
  for (const id of ids) api.answers.set(`orders/${id}`, orderAnswer(id));
  api.answers.set('orders/order-3', 500);
  api.answers.set('orders/order-7', '<OrderResponse><Order><id>another</id></Order></OrderResponse>');
  const report = await api.read(orderDetails);
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(await api.query(`select order_id, details_error from orders where details_at is null order by 1`), [
    { order_id: 'order-3', details_error: 'the API did not respond, even after retries' },
    { order_id: 'order-7', details_error: 'the API returned unusable responses' },
  ]);
  await api.query(`update orders set status = 'PARTIAL'`);
  for (const id of ids) api.answers.set(`orders/${id}`, 503);
  const down = await api.read(orderDetails);
  t.is(down.result, 'failed');
  t.regex(down.error?.message ?? '', /status 503/);
});

test('any other API error fails the run, as in every job', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await list(api, [{ id: 'first' }, { id: 'second' }]);
  api.answers.set('orders/first', 403);
  api.answers.set('orders/second', orderAnswer('second'));
  const report = await api.read(orderDetails);
  t.is(report.result, 'failed');
  t.regex(report.error?.message ?? '', /rejected with status 403/);
});

test('a rejected port-in reports the API’s codes without their descriptions', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await api.query(`insert into portins (account_id, order_id, status) values ($1, 'port', 'SUBMITTED')`, [account]);
  api.answers.set(
    'portins/port',
    '<LnpOrderResponse><Errors><Code>7511</Code><Description>PIN 8841 is wrong</Description></Errors></LnpOrderResponse>',
  );
  const report = await api.read(portinDetails);
  t.is(report.result, 'failed');
  t.regex(report.error?.message ?? '', /the API refused it with status 200 \(7511\)/);
  t.false(JSON.stringify(await api.query('select * from sync_runs')).includes('8841'));
});

test('at the time limit the job succeeds and reports what is left, and the next run continues', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  const ids = Array.from({ length: 30 }, (_, index) => `order-${index}`);
  await list(
    api,
    ids.map((id) => ({ id })),
  );
  for (const id of ids) api.answers.set(`orders/${id}`, orderAnswer(id));
  // Later requests are held, so that the time limit is certainly reached.
  const { promise: later, signal: answer } = signalled();
  t.teardown(answer);
  api.onRequest = () => (api.asked.length > 10 ? later : undefined);
  const report = await api.read(orderDetails, { nightLimitMs: 1500 });
  t.is(report.result, 'succeeded', report.error?.message);
  const [{ count: read } = { count: -1 }] = await api.query<{ count: number }>(
    'select count(*)::int from orders where details_at is not null',
  );
  t.true(read <= 10, String(read));
  t.is(report.warnings.length, 1);
  t.true(
    report.warnings[0]?.includes(`TN_LEDGER_NIGHT_LIMIT was reached; ${30 - read} orders still lack`),
    report.warnings[0],
  );

  api.onRequest = () => undefined;
  api.asked.length = 0;
  const none = await api.read(orderDetails, { nightLimitMs: 0 });
  t.is(none.result, 'succeeded');
  t.deepEqual(api.asked, []);
  const next = await api.read(orderDetails);
  t.deepEqual(next.warnings, []);
  t.is(api.asked.length, 30 - read);
});

test('a run asked to stop commits what it has read, and the next run continues', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  const ids = Array.from({ length: 30 }, (_, index) => `order-${index}`);
  await list(
    api,
    ids.map((id) => ({ id })),
  );
  for (const id of ids) api.answers.set(`orders/${id}`, orderAnswer(id));
  const stopping = new AbortController();
  let answered = 0;
  api.onRequest = () => {
    answered += 1;
    if (answered === 12) stopping.abort(new Error('SIGTERM'));
  };
  const report = await api.read(orderDetails, { signal: stopping.signal });
  t.is(report.result, 'interrupted');
  t.regex(report.error?.message ?? '', /The orders read so far were committed/);
  const [{ count: read } = { count: -1 }] = await api.query<{ count: number }>(
    'select count(*)::int from orders where details_at is not null',
  );
  t.is(read, report.counts.rowsRead);
  t.true(read >= 8 && read < 12, String(read));
  api.onRequest = () => undefined;
  t.is((await api.read(orderDetails)).counts.rowsRead, 30 - read);
});

test('numbers that an order omits take a second request; other orders take one', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await list(api, [{ id: 'whole' }, { id: 'short' }, { id: 'lost', count: 1 }]);
  const short = orderAnswer('short', { numbers: ['9195551000', '9195551001'] });
  api.answers.set('orders/whole', orderAnswer('whole', { numbers: ['9195552000'] }));
  api.answers.set('orders/short', short.replace(/<CompletedNumbers>.*<\/CompletedNumbers>/, ''));
  api.answers.set(
    'orders/lost',
    orderAnswer('lost', { numbers: ['9195553000'] }).replace(/<CompletedNumbers>.*<\/CompletedNumbers>/, ''),
  );
  api.answers.set(
    'orders/short/tns',
    '<TelephoneNumbers><Count>2</Count><TelephoneNumber>9195551000</TelephoneNumber><TelephoneNumber>9195551001</TelephoneNumber></TelephoneNumbers>',
  );
  api.answers.set('orders/lost/tns', 204);
  const report = await api.read(orderDetails);
  t.deepEqual(api.asked.sort(), ['orders/lost', 'orders/lost/tns', 'orders/short', 'orders/short/tns', 'orders/whole']);
  t.deepEqual(await numbersOf(api), ['short 9195551000', 'short 9195551001', 'whole 9195552000']);
  t.regex(report.warnings.join(), /lost: 0 listed, but the count is 1/);
});

test('order ids and values with special characters break neither URLs nor SQL', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  const ids = [`a/b?c'; drop table orders; --`, '%2e%2e', 'ü\\N\t"quoted"', '{x,y}', 'a&b<c'];
  await list(
    api,
    ids.map((id) => ({ id })),
  );
  for (const id of ids) {
    const answer = orderAnswer(id, { numbers: ['9195551000'], more: `<CustomerOrderId>\\.'"$1\\N</CustomerOrderId>` });
    api.answers.set(`orders/${encodeURIComponent(id)}`, answer);
  }
  const report = await api.read(orderDetails);
  t.deepEqual(report.warnings, []);
  const rows = await api.query(
    'select o.customer_order_id from orders o join orders_numbers n using (account_id, order_id)',
  );
  t.deepEqual(
    rows,
    ids.map(() => ({ customer_order_id: `\\.'"$1\\N` })),
  );
});

test('outcomes follow an assignment order to its end, even if its last response omits the numbers', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await api.query(
    `insert into number_assignment_orders (account_id, order_id, status, action) values ($1, 'a', 'RECEIVED', 'ASSIGN')`,
    [account],
  );
  const answer = (status: string, numbers: string[], failed: string[]) => `<TelephoneNumbersAssignmentOrderResponse>
    <OrderId>a</OrderId><ProcessingStatus>${status}</ProcessingStatus>
    <TelephoneNumbersAssignmentOrder><Action>ASSIGN</Action>
      <TelephoneNumbers>${numbers.map((n) => `<TelephoneNumber>${n}</TelephoneNumber>`).join('')}</TelephoneNumbers></TelephoneNumbersAssignmentOrder>
    <Errors>${failed.map((n) => `<Error><Code>5131</Code><Description>Not in service</Description><TelephoneNumbers><TelephoneNumber>${n}</TelephoneNumber></TelephoneNumbers></Error>`).join('')}</Errors>
  </TelephoneNumbersAssignmentOrderResponse>`;
  const outcomes = async () =>
    (await api.query('select * from number_assignment_order_numbers order by telephone_number')).map((row) =>
      [row.telephone_number, row.outcome, row.error_code].join(' '),
    );
  api.answers.set('numbersAssignment/a', answer('PROCESSING', ['9195551000', '9195551001'], []));
  await api.read(assignmentDetails);
  t.deepEqual(await outcomes(), ['9195551000  ', '9195551001  ']);
  api.answers.set('numbersAssignment/a', answer('PARTIAL', [], ['9195551001']));
  const last = await api.read(assignmentDetails);
  t.deepEqual(await outcomes(), ['9195551000 ACCEPTED ', '9195551001 FAILED 5131']);
  t.is(last.counts.rowsWritten, 3);
});
