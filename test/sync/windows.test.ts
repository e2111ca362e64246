import anyTest, { type TestFn } from 'ava';
import type { Job } from '../../src/run/job.js';
import { disconnectedNumbersListing } from '../../src/sync/windows/disconnected-numbers-listing.js';
import type { WindowListing } from '../../src/sync/windows/listing.js';
import { readWindows } from '../../src/sync/windows/read-windows.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import {
  importsListing,
  numberAssignmentsListing,
  ordersListing,
  portinDraftsListing,
  portinsListing,
  portoutsListing,
  removalsListing,
} from '../support/resources.js';
import { type ListedOrder, openOrderApi } from './support/order-api.js';

const test = anyTest as TestFn<{ postgres: TestServer }>;

test.before(async (t) => {
  t.context.postgres = await startPostgres();
});
test.after.always((t) => t.context.postgres?.stop());

/** Jobs that read lists, but no orders by id. */
const reading = (...listings: WindowListing[]): Job => ({
  name: `read-${listings[0]?.name}`,
  summary: '',
  async run(context) {
    for (const listing of listings) await readWindows(context, listing);
  },
});
const syncOrders = reading(ordersListing);
const syncPortins = reading(portinsListing, portinDraftsListing);
const syncPortouts = reading(portoutsListing);
const syncAssignments = reading(numberAssignmentsListing);
const syncImports = reading(importsListing, removalsListing);
const syncDisconnectedNumbers = reading(disconnectedNumbersListing);

/** The tests run on the night of March 4, 2026. */
const lastNight = '2026-03-04';

function order(id: string, day: string, elements: Record<string, string> = {}): ListedOrder {
  return {
    id,
    day,
    elements: {
      OrderStatus: 'COMPLETE',
      OrderDate: `${day}T10:00:00.000Z`,
      lastModifiedDate: `${day}T11:00:00.000Z`,
      CountOfTNs: '1',
      userId: 'jbm',
      ...elements,
    },
  };
}

const windowsOf = (requests: { query: Record<string, string> }[]) =>
  requests.map(({ query }) => `${query.startdate}..${query.enddate}`);

/** The requests that read a list after its date filter was verified. */
function afterProof<T extends { query: Record<string, string> }>(requests: readonly T[]): T[] {
  const last = requests.findLastIndex(({ query }) =>
    /^(20)?00-01-02$/.test(query.enddate ?? query.modifiedDateTo ?? ''),
  );
  return requests.slice(last + 1);
}

test('the first run finds the earliest orders year by year, and reads from there in yearly windows', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    // Five years without an order must not hide earlier ones.
    orders: [order('a', '2026-03-03'), order('b', '2024-07-01'), order('c', '2018-02-03')],
  });
  t.is((await api.run(syncOrders)).error, undefined);
  t.deepEqual(
    (await api.query('select order_id from orders order by 1')).map(({ order_id }) => order_id),
    ['a', 'b', 'c'],
  );
  const probes = api.requests.filter(({ query }) => query.size === '1');
  t.deepEqual(windowsOf(probes), [
    // The date filter is verified first.
    'undefined..undefined',
    '26-02-28..26-03-04',
    '00-01-01..00-01-02',
    '26-01-01..26-03-04',
    '25-01-01..25-12-31',
    '24-01-01..24-12-31',
    '23-01-01..23-12-31',
    '22-01-01..22-12-31',
    '21-01-01..21-12-31',
    '00-01-01..20-12-31',
    '20-01-01..20-12-31',
    '19-01-01..19-12-31',
    '18-01-01..18-12-31',
    '17-01-01..17-12-31',
    '16-01-01..16-12-31',
    '15-01-01..15-12-31',
    '00-01-01..14-12-31',
  ]);
  t.deepEqual(windowsOf(api.requests.slice(probes.length)), [
    '18-01-01..19-01-02',
    '19-01-02..20-01-03',
    '20-01-03..21-01-03',
    '21-01-03..22-01-04',
    '22-01-04..23-01-05',
    '23-01-05..24-01-06',
    '24-01-06..25-01-06',
    '25-01-06..26-01-07',
    '26-01-07..26-03-04',
  ]);
  t.deepEqual(await api.query('select listing, since::text, read_to::text from sync_watermarks'), [
    { listing: 'orders', since: '2018-01-01', read_to: lastNight },
  ]);
});

test('an account without orders takes two requests per run after both formats were tried', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, { orders: [] });
  t.is((await api.run(syncOrders)).error, undefined);
  t.deepEqual(windowsOf(api.requests), [
    'undefined..undefined',
    '00-01-01..26-03-04',
    '2000-01-01..2026-03-04',
    '26-01-01..26-03-04',
  ]);
  t.is((await api.run(syncOrders)).error, undefined);
  t.deepEqual(windowsOf(api.requests.slice(4)), ['undefined..undefined', '26-03-01..26-03-04']);
});

test('orders of today alone verify the filter of a list that excludes the last day', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, { orders: [order('a', lastNight)] });
  api.onRequest = ({ query }) => {
    const last = query.get('enddate');
    if (last !== null) query.set('enddate', new Date(Date.parse(`20${last}`) - 86_400_000).toISOString().slice(2, 10));
  };
  t.is((await api.run(syncOrders)).error, undefined);
  t.is((await api.run(syncOrders, { now: new Date('2026-03-05T07:00:00Z') })).counts.rowsWritten, 1);
});

for (const [whose, movedAt, readTo, from] of [
  ["the run's clock alone", '2026-03-02T07:00:00Z', '2026-03-02', '26-02-27'],
  ["the database's clock as well", '2026-03-09T07:00:00Z', lastNight, '26-03-01'],
] as const) {
  test(`a watermark in the future, because ${whose} was ahead, is moved back and loses nothing`, async (t) => {
    const api = await openOrderApi(t, t.context.postgres, { orders: [order('a', '2026-03-01')] });
    await api.run(syncOrders, { since: '2026-01-01' });
    await api.query(`update sync_watermarks set read_to = '2026-03-09', updated_at = '${movedAt}'`);
    api.lists.orders?.push(order('b', '2026-03-02'));
    api.requests.length = 0;
    const { error, warnings } = await api.run(syncOrders);
    t.is(error, undefined);
    t.deepEqual(windowsOf(api.requests), [`${from}..26-03-04`]);
    t.is(warnings.length, 1);
    t.regex(
      warnings[0] ?? '',
      new RegExp(`read up to 2026-03-09, which was in the future: .* It now counts as read up to ${readTo}\\.`),
    );
    t.deepEqual(await api.query('select order_id, read_to::text from orders, sync_watermarks order by 1'), [
      { order_id: 'a', read_to: lastNight },
      { order_id: 'b', read_to: lastNight },
    ]);
    t.deepEqual((await api.run(syncOrders)).warnings, []);
  });
}

/** A run whose clock, and the database's, was ahead until it ended: it is dated March 1, 2026. */
const aheadRun = `update sync_runs set started_at = '2026-03-01T06:59Z', finished_at = '2026-03-01T07:01Z'`;
const rightRun = `insert into sync_runs (job, account_id, started_at, status) values ('x', '9900000', '2026-02-25T07:00Z', 'failed')`;

for (const [title, movedAt, runs] of [
  ['a watermark set in the future is detected even after that day', '2026-02-25T07:00Z', []],
  [
    'a watermark that the database dated wrongly is corrected by runs that started after it',
    '2026-03-01T07:00Z',
    [aheadRun, rightRun],
  ],
] as const) {
  test(title, async (t) => {
    const api = await openOrderApi(t, t.context.postgres, { orders: [order('a', '2026-01-10')] });
    await api.run(syncOrders, { since: '2026-01-01' });
    for (const sql of runs) await api.query(sql);
    await api.query(`update sync_watermarks set read_to = '2026-03-01', updated_at = '${movedAt}'`);
    api.lists.orders?.push(order('b', '2026-02-24'));
    api.requests.length = 0;
    const { error, warnings } = await api.run(syncOrders);
    t.is(error, undefined);
    t.deepEqual(windowsOf(api.requests), ['26-02-22..26-03-04']);
    t.deepEqual(warnings, [
      "number orders: marked as read up to 2026-03-01, which was in the future: an earlier run's clock was ahead. It now counts as read up to 2026-02-25.",
    ]);
    t.is((await api.query('select from orders')).length, 2);
    t.deepEqual((await api.run(syncOrders)).warnings, []);
  });
}

test('a list whose first day is in the future counts as never read', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, { orders: [order('a', '2025-02-10')] });
  await api.run(syncOrders, { since: '2026-01-01' });
  await api.query(`update sync_watermarks set since = '2027-01-01', read_to = '2027-01-02', updated_at = '2026-03-01'`);
  const { error, warnings } = await api.run(syncOrders);
  t.is(error, undefined);
  t.regex(warnings.join(), /which was in the future: .* It now counts as never read\./);
  t.is((await api.query('select from orders')).length, 1);
});

test('a watermark is not moved past today by the database’s clock', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, { orders: [order('a', '2026-03-03')] });
  const { error } = await api.run(syncOrders, { now: new Date(Date.now() + 9 * 86_400_000) });
  t.is(error, undefined);
  const [row] = await api.query(
    `select read_to = (updated_at at time zone 'UTC')::date as "isItsDay" from sync_watermarks`,
  );
  t.deepEqual(row, { isItsDay: true });
});

test('each run reads from three days before the watermark, in one request, and writes only changes', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    orders: [order('a', '2026-03-03'), order('b', '2026-03-04'), order('c', '2025-12-31')],
  });
  t.is((await api.run(syncOrders, { since: '2025-06-01' })).counts.rowsWritten, 3);
  const versions = () => api.query('select order_id, xmin::text, changed_at from orders order by 1');
  const before = await versions();
  api.requests.length = 0;
  const quiet = await api.run(syncOrders, { now: new Date('2026-03-05T07:00:00Z') });
  t.deepEqual([quiet.error, quiet.counts.rowsWritten, quiet.counts.rowsRead], [undefined, 0, 2]);
  t.deepEqual(windowsOf(api.requests), ['26-03-01..26-03-05']);
  t.deepEqual(await versions(), before);
  (api.lists.orders?.[1]?.elements as Record<string, string>).OrderStatus = 'PARTIAL';
  const busy = await api.run(syncOrders, { now: new Date('2026-03-06T07:00:00Z') });
  t.is(busy.counts.rowsWritten, 1);
  t.deepEqual(await api.query('select order_id, status from orders where changed_at > first_seen_at'), [
    { order_id: 'b', status: 'PARTIAL' },
  ]);
});

test('a machine that was off for years catches up in yearly windows', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, { orders: [order('a', '2025-03-03')] });
  t.is((await api.run(syncOrders, { now: new Date('2023-05-05T00:00:00Z') })).error, undefined);
  api.requests.length = 0;
  t.is((await api.run(syncOrders)).error, undefined);
  t.deepEqual(windowsOf(afterProof(api.requests)), ['23-05-02..24-05-02', '24-05-02..25-05-03', '25-05-03..26-03-04']);
  t.is((await api.query('select from orders')).length, 1);
});

test('--since reads earlier days than before, and --full reads from the first day again', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    orders: [order('a', '2026-03-03'), order('b', '2025-02-01'), order('c', '2024-02-01')],
  });
  const mark = async () => (await api.query('select since::text, read_to::text from sync_watermarks'))[0];
  await api.run(syncOrders, { since: '2026-01-01' });
  t.deepEqual(await mark(), { since: '2026-01-01', read_to: lastNight });
  await api.run(syncOrders, { since: '2025-01-01' });
  t.deepEqual(await mark(), { since: '2025-01-01', read_to: lastNight });
  t.is((await api.query('select from orders')).length, 2);
  api.requests.length = 0;
  t.is((await api.run(syncOrders, { full: true })).counts.rowsRead, 2);
  t.deepEqual(windowsOf(api.requests), ['25-01-01..26-01-02', '26-01-02..26-03-04']);
  api.requests.length = 0;
  await api.run(syncOrders, { since: '2026-03-02' });
  t.deepEqual(windowsOf(api.requests), ['26-03-02..26-03-04']);
  t.deepEqual(await mark(), { since: '2025-01-01', read_to: lastNight });
});

test('--since after the watermark skips days and reports which', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, { orders: [] });
  await api.run(syncOrders, { since: '2025-01-01', now: new Date('2025-06-01T00:00:00Z') });
  const { warnings } = await api.run(syncOrders, { since: '2026-01-01' });
  t.deepEqual(warnings, [
    'number orders: the days from 2025-06-01 to 2026-01-01 were never read and are skipped now. To read them: `tn-ledger run read-orders --account 9900000 --since 2025-06-01`.',
  ]);
  t.deepEqual(await api.query('select since::text, read_to::text from sync_watermarks'), [
    { since: '2026-01-01', read_to: lastNight },
  ]);
});

test('a stopped run resumes after its last committed page, in the same window', async (t) => {
  const orders = Array.from({ length: 9 }, (_, n) => order(`o${n}`, n < 3 ? '2024-02-01' : `2025-08-0${n}`));
  const api = await openOrderApi(t, t.context.postgres, { orders });
  api.pageSize = 2;
  const stop = new AbortController();
  api.onRequest = ({ query }) => {
    if (query.get('page') === 'o7') stop.abort();
  };
  t.is((await api.run(syncOrders, { since: '2024-01-01', signal: stop.signal })).result, 'interrupted');
  t.is((await api.query('select from orders')).length, 3);
  t.deepEqual(await api.query('select read_to::text from sync_watermarks'), [{ read_to: '2025-01-01' }]);
  const seen = new Set(api.requests.map(({ query }) => `${query.startdate} ${query.page}`));
  api.requests.length = 0;
  api.onRequest = () => undefined;
  // After midnight, the window is still the one that was started.
  t.is((await api.run(syncOrders, { now: new Date('2026-03-05T00:10:00Z') })).error, undefined);
  const first = api.requests[0]?.query;
  t.is(first?.startdate, '25-01-01');
  t.is(first?.enddate, '26-01-02');
  t.false(first?.page === '1');
  const again = api.requests.filter(({ query }) => seen.has(`${query.startdate} ${query.page}`));
  t.true(again.length <= 1, 'no page that was committed is asked for again');
  t.is((await api.query('select from orders')).length, 9);
});

test('a partially read window older than six hours is read again from the watermark', async (t) => {
  const orders = Array.from({ length: 6 }, (_, n) => order(`o${n}`, '2026-03-03'));
  const api = await openOrderApi(t, t.context.postgres, { orders });
  api.pageSize = 2;
  const stop = new AbortController();
  api.onRequest = ({ query }) => {
    if (query.get('page') === 'o4') stop.abort();
  };
  await api.run(syncOrders, { since: '2026-01-01', signal: stop.signal });
  await api.query(`update sync_cursors set updated_at = updated_at - interval '6 hours 1 second'`);
  api.requests.length = 0;
  api.onRequest = () => undefined;
  t.is((await api.run(syncOrders)).error, undefined);
  t.deepEqual([api.requests[0]?.query.page, api.requests[0]?.query.startdate], ['1', '26-01-01']);
  t.is((await api.query('select from orders')).length, 6);
  t.deepEqual(await api.query('select from sync_cursors'), []);
});

test('a window short of TotalCount fails by name, writes nothing and is read again by the next run', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    orders: [order('a', '2024-02-01'), order('b', '2025-02-01'), order('c', '2026-03-03')],
  });
  await api.run(syncOrders, { since: '2024-01-01', now: new Date('2024-12-30T00:00:00Z') });
  api.totalOff = 1;
  const { error, result } = await api.run(syncOrders);
  t.is(result, 'failed');
  t.is(
    error?.message,
    'The list of number orders of account 9900000 from 2024-12-27 to 2025-12-28, is not complete: after 3 readings, TotalCount is ' +
      '2, but its page listed 1 distinct ones. None of it was written, and its days count as unread.',
  );
  t.deepEqual(await api.query('select order_id from orders'), [{ order_id: 'a' }]);
  t.deepEqual(await api.query('select read_to::text from sync_watermarks'), [{ read_to: '2024-12-30' }]);
  t.deepEqual(await api.query('select from sync_cursors'), []);
  api.totalOff = 0;
  t.is((await api.run(syncOrders)).error, undefined);
  t.is((await api.query('select from orders')).length, 3);
});

test('a list that changes while it is read is read again', async (t) => {
  const orders = Array.from({ length: 5 }, (_, n) => order(`o${n}`, '2026-03-03'));
  const api = await openOrderApi(t, t.context.postgres, { orders });
  api.pageSize = 2;
  let moved = false;
  api.onRequest = ({ query }) => {
    if (query.get('page') !== 'o2' || moved) return;
    moved = true;
    api.lists.orders?.unshift(order('new', '2026-03-03'));
  };
  const { error } = await api.run(syncOrders, { since: '2026-03-01' });
  t.is(error, undefined);
  t.true(moved);
  t.is((await api.query('select from orders')).length, 6);
});

test('an order on two pages is one row, from the later page', async (t) => {
  const orders = ['a', 'b', 'c'].map((id) => order(id, '2026-03-03'));
  const api = await openOrderApi(t, t.context.postgres, {
    orders: [...orders, order('a', '2026-03-03', { userId: 'two' })],
  });
  api.pageSize = 3;
  // As the API counts: three orders, one of them listed twice.
  api.totalOff = -1;
  const { error, warnings } = await api.run(syncOrders, { since: '2026-03-01' });
  t.is(error, undefined);
  t.deepEqual(warnings, []);
  t.deepEqual(await api.query('select order_id, user_id from orders order by 1'), [
    { order_id: 'a', user_id: 'two' },
    { order_id: 'b', user_id: 'jbm' },
    { order_id: 'c', user_id: 'jbm' },
  ]);
});

test('orders without an id and invalid dates and counts are reported without affecting other orders', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    orders: [
      order('a', '2026-03-03', { lastModifiedDate: 'yesterday', CountOfTNs: 'many' }),
      { ...order('x', '2026-03-03', { userId: 'nobody' }), id: undefined },
      order('b', '2026-03-03', { lastModifiedDate: '2026-02-30T00:00:00Z' }),
    ],
  });
  const { error, warnings } = await api.run(syncOrders, { since: '2026-03-01' });
  t.is(error, undefined);
  t.deepEqual(warnings, [
    'number orders: 1 × entry without an order id (skipped), such as ["COMPLETE","2026-03-03T10:00:00.000Z","2026-03-03T11:00:00.000Z","1","nobody"]',
    'number orders: 2 × lastModifiedDate that is not in a known date format (kept in raw; the column is null), such as "yesterday" of a',
    'number orders: 1 × CountOfTNs that is not a number (kept in raw; the column is null), such as "many" of a',
  ]);
  t.deepEqual(await api.query('select order_id, last_modified_date, count_of_tns, raw from orders order by 1'), [
    {
      order_id: 'a',
      last_modified_date: null,
      count_of_tns: null,
      raw: { list: { lastModifiedDate: 'yesterday', CountOfTNs: 'many' } },
    },
    {
      order_id: 'b',
      last_modified_date: null,
      count_of_tns: 1,
      raw: { list: { lastModifiedDate: '2026-02-30T00:00:00Z' } },
    },
  ]);
  t.is((await api.run(syncOrders)).counts.rowsWritten, 0);
});

test('ids with characters special to URLs, SQL or COPY are stored unchanged and work as page keys', async (t) => {
  const ids = [`'; drop table orders; --`, '../../x?y=1&page=2#', 'tab\there', '\\N', 'a%2Fb', 'ünï "quoted"', '{a,b}'];
  const escapeText = (id: string) => id.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const orders = ids.map((id) => ({ ...order(id, '2026-03-03'), elements: {} }));
  const api = await openOrderApi(t, t.context.postgres, { orders: [] });
  api.lists.orders = orders.map((each) => ({ ...each, id: escapeText(each.id ?? '') }));
  const { error } = await api.run(syncOrders, { since: '2026-03-01' });
  t.is(error, undefined);
  t.deepEqual(
    (await api.query<{ order_id: string }>('select order_id from orders')).map(({ order_id }) => order_id).sort(),
    [...ids].sort(),
  );
});

test('element names in any case and nested details are read; raw keeps the rest without personal data', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    orders: [
      {
        day: '2026-03-03',
        id: undefined,
        elements: {
          orderId: 'c5d8d076',
          OrderDate: '2013-12-20T06',
          LastModifiedDate: '2014-01-10T17-34-15Z',
          OrderStatus: 'COMPLETE',
          CountOfTNs: '1',
          TelephoneNumberDetails: '<States><StateWithCount><State>VA</State><Count>1</Count></StateWithCount></States>',
          PinNumber: '1234',
          accountId: '9900000',
        },
      },
    ],
  });
  t.is((await api.run(syncOrders, { since: '2026-03-01' })).error, undefined);
  const [row] = await api.query('select * from orders');
  t.like(row, {
    order_id: 'c5d8d076',
    order_date: new Date('2013-12-20T06:00:00Z'),
    last_modified_date: new Date('2014-01-10T17:34:15Z'),
    raw: { list: { TelephoneNumberDetails: { States: { StateWithCount: { State: 'VA', Count: '1' } } } } },
  });
  // The order read by id has exact dates and more data than the list. The next run keeps them.
  await api.query(
    `update orders set order_date = '2013-12-20T06:12:13.456Z', last_modified_date = '2014-01-10T17:34:15.797Z', name = 'mine',
       customer_order_id = 'cust', raw = raw || '{"details": {"Order": "x"}}'`,
  );
  const [exact] = await api.query('select * from orders');
  t.is((await api.run(syncOrders)).counts.rowsWritten, 0);
  t.deepEqual((await api.query('select * from orders'))[0], exact);
  // A later change is applied.
  (api.lists.orders?.[0]?.elements as Record<string, string>).LastModifiedDate = '2014-01-10T17-34-16Z';
  delete api.lists.orders?.[0]?.elements?.TelephoneNumberDetails;
  t.is((await api.run(syncOrders)).counts.rowsWritten, 1);
  t.like((await api.query('select * from orders'))[0], {
    order_date: new Date('2013-12-20T06:12:13.456Z'),
    last_modified_date: new Date('2014-01-10T17:34:16Z'),
    customer_order_id: 'cust',
    raw: { details: { Order: 'x' } },
  });
});

test('port-in drafts are read separately, and a submitted draft is the same port-in', async (t) => {
  const draft = order('d', '2026-03-01', { OrderStatus: 'DRAFT' });
  draft.filters = { status: 'draft' };
  const api = await openOrderApi(t, t.context.postgres, { portins: [order('p', '2026-03-02'), draft] });
  t.is((await api.run(syncPortins, { since: '2026-01-01' })).error, undefined);
  t.deepEqual(await api.query('select order_id, status from portins order by 1'), [
    { order_id: 'd', status: 'DRAFT' },
    { order_id: 'p', status: 'COMPLETE' },
  ]);
  t.deepEqual(
    api.requests.map(({ query }) => [query.status, query.startdate]),
    [
      [undefined, undefined],
      [undefined, '2026-02-27'],
      [undefined, '2000-01-01'],
      [undefined, '2026-01-01'],
      ['draft', undefined],
      ['draft', '2026-02-26'],
      ['draft', '2000-01-01'],
      ['draft', '2026-01-01'],
    ],
  );
  api.lists.portins = [order('d', '2026-03-04', { ProcessingStatus: 'SUBMITTED', OrderStatus: 'SUBMITTED' })];
  await api.run(syncPortins);
  t.deepEqual(await api.query(`select status from portins where order_id = 'd'`), [{ status: 'SUBMITTED' }]);
});

test('a port-in’s error code is stored without its text, which may quote a PIN', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    portins: [
      order('p', '2026-03-02', { ErrorCode: '7300', ErrorMessage: 'PIN 987123 was refused', Subscriber: 'Jo' }),
    ],
  });
  t.is((await api.run(syncPortins, { since: '2026-03-01' })).error, undefined);
  const [row] = await api.query('select error_code, portins::text as row from portins');
  t.is(row?.error_code, '7300');
  t.notRegex(row?.row as string, /987123|Jo/);
});

test('the numbers of port-outs come from the list and follow its corrections', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    portouts: [
      order('a', '2026-03-02', { FullNumber: '9195550101' }),
      order('b', '2026-03-02', { CountOfTNs: '0' }),
      order('c', '2026-03-02', { FullNumber: '919555O1O1' }),
    ],
  });
  const { error, warnings, counts } = await api.run(syncPortouts, { since: '2026-01-01' });
  t.is(error, undefined);
  t.is(counts.rowsWritten, 5);
  t.regex(warnings.join(), /^port-outs: 1 × telephone number that is neither ten digits .+, such as "919555O1O1"$/);
  const numbers = () => api.query('select order_id, telephone_number from portouts_numbers order by 1');
  t.deepEqual(await numbers(), [
    { order_id: 'a', telephone_number: '9195550101' },
    { order_id: 'c', telephone_number: '919555O1O1' },
  ]);
  t.is((await api.run(syncPortouts)).counts.rowsWritten, 0);
  api.lists.portouts = [order('c', '2026-03-04', { FullNumber: '9195550101' })];
  await api.run(syncPortouts);
  t.deepEqual(await numbers(), [
    { order_id: 'a', telephone_number: '9195550101' },
    { order_id: 'c', telephone_number: '9195550101' },
  ]);
});

test('disconnected numbers on several pages are verified by …/totals, and take dates from stored orders', async (t) => {
  const numbers = ['9195550101', '9195550102', '9195550103'].map((id) => ({ id, day: '2026-03-03' }));
  const api = await openOrderApi(t, t.context.postgres, { discnumbers: numbers });
  await api.query(
    `insert into disconnects (account_id, order_id, order_date) values
       ('9900000', 'old', '2025-01-01'), ('9900000', 'new', '2026-03-03T05:00:00Z')`,
  );
  await api.query(
    `insert into disconnects_numbers (account_id, order_id, telephone_number) values
       ('9900000', 'old', '9195550101'), ('9900000', 'new', '9195550101'), ('9900000', 'old', '9195550102')`,
  );
  api.pageSize = 2;
  t.is((await api.run(syncDisconnectedNumbers, { since: '2026-01-01' })).counts.rowsWritten, 3);
  t.deepEqual(
    afterProof(api.requests).map(({ list, query }) => [list, query.startdate, query.enddate]),
    [
      ['discnumbers', '26-01-01', '26-03-04'],
      ['discnumbers', '26-01-01', '26-03-04'],
      ['discnumbers/totals', '26-01-01', '26-03-04'],
    ],
  );
  t.deepEqual(
    await api.query('select telephone_number, disconnected_at, order_id from disconnected_numbers order by 1'),
    [
      { telephone_number: '9195550101', disconnected_at: new Date('2026-03-03T05:00:00Z'), order_id: 'new' },
      { telephone_number: '9195550102', disconnected_at: new Date('2025-01-01'), order_id: 'old' },
      { telephone_number: '9195550103', disconnected_at: null, order_id: null },
    ],
  );
  api.pageSize = 1000;
  api.requests.length = 0;
  t.is((await api.run(syncDisconnectedNumbers)).counts.rowsWritten, 0);
  t.is(api.requests.length, 1);
});

/** `count` assignment orders of a day, half of each action, every tenth FAILED. */
function assignments(day: string, count: number): ListedOrder[] {
  return Array.from({ length: count }, (_, n) => {
    const action = n % 2 === 0 ? 'ASSIGN' : 'UNASSIGN';
    const status = n % 20 < 2 ? 'FAILED' : 'COMPLETE';
    return {
      id: `${day}/${n}`,
      day,
      elements: { Action: action, OrderStatus: status, TotalQuantity: '1', OrderDate: `${day}T01:00:00Z` },
      filters: { action: `${action}ED`, status },
    };
  });
}

test('an unpaged list is halved until it is below the result limit, and every order is stored once', async (t) => {
  const days = ['2025-04-01', '2025-06-01', '2025-06-02', '2025-06-03', '2026-03-04'];
  const orders = days.flatMap((day) => assignments(day, 600));
  const api = await openOrderApi(t, t.context.postgres, { numbersAssignment: orders });
  const { error, counts } = await api.run(syncAssignments, { since: '2025-03-05' });
  t.is(error, undefined);
  t.is(counts.rowsWritten, 3000);
  t.is((await api.query('select from number_assignment_orders')).length, 3000);
  const read = afterProof(api.requests).map(({ query }) => `${query.modifiedDateFrom}..${query.modifiedDateTo}`);
  t.is(read[0], '2025-03-05..2026-03-04');
  t.true(read.includes('2025-06-01..2025-06-01') || read.includes('2025-06-02..2025-06-02'), read.join(' '));
  t.true(read.length < 40, `${read.length} requests`);
  t.true(api.requests.every(({ query }) => query.page === undefined && query.size === undefined));
  t.deepEqual(await api.query('select read_to::text from sync_watermarks'), [{ read_to: lastNight }]);
  api.requests.length = 0;
  t.is((await api.run(syncAssignments)).counts.rowsWritten, 0);
  t.is(api.requests.length, 1);
});

test('a day at the result limit is split by action, then by status', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    numbersAssignment: [...assignments('2026-03-02', 2100), ...assignments('2026-03-04', 10)],
  });
  const { error } = await api.run(syncAssignments, { since: '2026-03-01' });
  t.is(error, undefined);
  t.is((await api.query('select from number_assignment_orders')).length, 2110);
  const ofTheDay = api.requests.filter(({ query }) => query.modifiedDateFrom === '2026-03-02');
  t.deepEqual(
    ofTheDay
      .filter(({ query }) => query.modifiedDateTo === '2026-03-02')
      .map(({ query }) => [query.action, query.status]),
    [
      [undefined, undefined],
      ['ASSIGNED', undefined],
      ['ASSIGNED', 'COMPLETE'],
      ['ASSIGNED', 'PARTIAL'],
      ['ASSIGNED', 'FAILED'],
      ['UNASSIGNED', undefined],
      ['UNASSIGNED', 'COMPLETE'],
      ['UNASSIGNED', 'PARTIAL'],
      ['UNASSIGNED', 'FAILED'],
    ],
  );
  t.deepEqual(await api.query('select read_to::text from sync_watermarks'), [{ read_to: lastNight }]);
});

test('lists of imports and removals are halved below the result limit, and a day is split by status', async (t) => {
  const many = (name: string, day: string, count: number) =>
    Array.from({ length: count }, (_, n) => {
      const status = ['COMPLETE', 'PARTIAL', 'FAILED'][n % 3] as string;
      return { ...order(`${name}/${day}/${n}`, day, { OrderStatus: status }), filters: { status } };
    });
  const api = await openOrderApi(t, t.context.postgres, {
    importTnOrders: [
      ...many('i', '2025-04-01', 600),
      ...many('i', '2025-06-01', 2100),
      ...many('i', '2026-03-04', 600),
    ],
    removeImportedTnOrders: [...many('r', '2025-06-01', 600), ...many('r', '2025-06-02', 600)],
  });
  const { error, counts } = await api.run(syncImports, { since: '2025-03-05' });
  t.is(error, undefined);
  t.is(counts.rowsWritten, 4500);
  t.is((await api.query('select from import_tn_orders')).length, 3300);
  t.is((await api.query('select from remove_imported_tn_orders')).length, 1200);
  const ofTheDay = api.requests.filter(
    ({ list, query }) => list === 'importTnOrders' && query.modifiedDateFrom === '2025-06-01' && query.status,
  );
  t.deepEqual(
    ofTheDay.map(({ query }) => query.status),
    ['COMPLETE', 'PARTIAL', 'FAILED'],
  );
  t.true(api.requests.every(({ query }) => query.page === undefined && query.size === undefined));
  t.is((await api.run(syncImports)).counts.rowsWritten, 0);
});

test('a day still at the result limit fails by name; earlier days are kept, and --since skips it', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    numbersAssignment: [
      ...assignments('2026-03-01', 5),
      ...assignments('2026-03-02', 2500),
      ...assignments('2026-03-04', 10),
    ],
  });
  const { error, result } = await api.run(syncAssignments, { since: '2026-02-01' });
  t.is(result, 'failed');
  t.is(
    error?.message,
    'The list of assignment orders of account 9900000 from 2026-03-02 to 2026-03-02, action ASSIGNED, status COMPLETE, reaches the ' +
      "API's result limit of 1000 orders, and the request cannot be split further. None of it was written, and its day counts as unread.",
  );
  t.is(
    (error as { hint?: string }).hint,
    'Ask Bandwidth for the orders of that day. To skip it: `tn-ledger run read-number_assignments --account 9900000 --since 2026-03-03`.',
  );
  t.is((await api.query('select from number_assignment_orders')).length, 5);
  const [mark] = await api.query<{ read_to: string }>('select read_to::text from sync_watermarks');
  t.is(mark?.read_to, '2026-03-01');
  t.deepEqual(await api.query('select from sync_cursors'), []);
  const { warnings } = await api.run(syncAssignments, { since: '2026-03-03' });
  t.regex(warnings.join(), /the days from 2026-03-01 to 2026-03-03 were never read and are skipped now/);
  t.is((await api.query('select from number_assignment_orders')).length, 15);
});

test('a run stopped between halves resumes after the last one applied', async (t) => {
  const orders = ['2025-04-01', '2025-09-01', '2026-03-04'].flatMap((day) => assignments(day, 600));
  const api = await openOrderApi(t, t.context.postgres, { numbersAssignment: orders });
  const stop = new AbortController();
  api.onRequest = (_request, nth) => {
    if (nth === 8) stop.abort();
  };
  await api.run(syncAssignments, { since: '2025-03-05', signal: stop.signal });
  const [mark] = await api.query<{ read_to: string }>('select read_to::text from sync_watermarks');
  t.true((mark?.read_to ?? '') > '2025-03-05' && (mark?.read_to ?? lastNight) < lastNight);
  api.onRequest = () => undefined;
  api.requests.length = 0;
  t.is((await api.run(syncAssignments)).error, undefined);
  t.true((api.requests[0]?.query.modifiedDateFrom ?? '') > '2025-03-05');
  t.is((await api.query('select from number_assignment_orders')).length, 1800);
});

test('a listed port-out ends a number’s service at the event’s date', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    portouts: [order('p', '2026-03-02', { FullNumber: '9195550101', ActualFocDate: '2026-03-02T15:00:00Z' })],
  });
  await api.query(
    `insert into telephone_numbers (account_id, telephone_number, status, first_seen_at, removed_at)
     values ('9900000', '9195550101', 'Inservice', '2026-02-01', '2026-03-03T07:00:00Z')`,
  );
  // It was in service until that run found it gone.
  await api.query(
    `insert into telephone_number_versions (account_id, telephone_number, status, replaced_at)
     values ('9900000', '9195550101', 'Inservice', '2026-03-03T07:00:00Z')`,
  );
  t.is((await api.run(syncPortouts, { since: '2026-01-01' })).error, undefined);
  t.deepEqual(await api.query('select valid_to, to_order_id from number_status_history'), [
    { valid_to: new Date('2026-03-02T15:00:00Z'), to_order_id: 'p' },
  ]);
  t.is((await api.run(syncPortouts)).counts.rowsWritten, 0);
});

const portout = (id: string, day: string, number: string) =>
  order(id, day, { OrderType: 'port_out', FullNumber: number, ActualFOCDate: `${day}T15:00:00Z` });

test('a port-out in the list of port-ins is stored as a port-out, with its number', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    portins: [
      order('in', '2026-03-01', {
        OrderType: 'port_in',
        PortType: 'INTERNAL',
        Internal: 'true',
        ErrorMessage: 'John Doe',
      }),
      order('out', '2026-03-02', {
        ...{ OrderType: 'port_out', FullNumber: '9195550101', PON: 'p1', ErrorMessage: 'Port out successful.' },
        BillingTelephoneNumber: '9195550101',
      }),
    ],
    portouts: [],
  });
  t.is((await api.run(syncPortins, { since: '2026-01-01' })).error, undefined);
  t.deepEqual(await api.query('select order_id, port_type, internal, raw from portins'), [
    { order_id: 'in', port_type: 'INTERNAL', internal: true, raw: null },
  ]);
  t.deepEqual(await api.query('select order_id, status, pon, error_message, raw from portouts'), [
    {
      ...{ order_id: 'out', status: 'COMPLETE', pon: 'p1', error_message: 'Port out successful.' },
      raw: { list: { BillingTelephoneNumber: '9195550101' } },
    },
  ]);
  t.deepEqual(await api.query('select order_id, telephone_number from portouts_numbers'), [
    { order_id: 'out', telephone_number: '9195550101' },
  ]);
  // An order in both lists is written once.
  api.lists.portouts = [portout('out', '2026-03-02', '9195550101')];
  await api.run(syncPortouts, { since: '2026-01-01' });
  t.is((await api.run(syncPortins)).counts.rowsWritten, 0);
  t.is((await api.run(syncPortouts)).counts.rowsWritten, 0);
});

test('a stored port-in that its list now calls a port-out moves to portouts, with its histories', async (t) => {
  const api = await openOrderApi(t, t.context.postgres, {
    portins: [order('out', '2026-03-02', { OrderType: 'port_out', OrderDate: '2026-03-02T15:00:00.000Z' })],
    portouts: [],
  });
  await api.query(
    `insert into telephone_numbers (account_id, telephone_number, status, in_service_date, first_seen_at, removed_at)
     values ('9900000', '9195550101', 'Inservice', '2025-01-01', '2026-02-01', '2026-03-03T07:00:00Z')`,
  );
  await api.query(
    `insert into telephone_number_versions (account_id, telephone_number, status, in_service_date, replaced_at)
     values ('9900000', '9195550101', 'Inservice', '2025-01-01', '2026-03-03T07:00:00Z')`,
  );
  await api.query(
    `insert into portins (account_id, order_id, order_type, status, order_date, details_at, raw)
     values ('9900000', 'out', 'port_in', 'COMPLETE', '2026-03-02T15:00:00Z', now(), '{"details": {"x": "y"}}')`,
  );
  await api.query(
    `insert into portins_numbers (account_id, order_id, telephone_number) values ('9900000', 'out', '9195550101')`,
  );
  await api.query(
    `insert into order_status_changes values ('9900000', 'portins', 'out', 'FOC', 'COMPLETE', '2026-03-03')`,
  );
  t.is((await api.run(syncPortins, { since: '2026-02-01' })).error, undefined);
  t.deepEqual(await api.query('select from portins union all select from portins_numbers'), []);
  t.deepEqual(await api.query('select order_id, status, details_at, raw from portouts'), [
    { order_id: 'out', status: 'COMPLETE', details_at: null, raw: null },
  ]);
  t.deepEqual(await api.query('select telephone_number from portouts_numbers'), [{ telephone_number: '9195550101' }]);
  t.deepEqual(await api.query('select order_kind from order_status_changes'), [{ order_kind: 'portouts' }]);
  t.deepEqual(await api.query('select valid_to, to_order_id from number_status_history'), [
    { valid_to: new Date('2026-03-02T15:00:00Z'), to_order_id: 'out' },
  ]);
  t.is((await api.run(syncPortins)).counts.rowsWritten, 0);
});
