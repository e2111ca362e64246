import anyTest, { type TestFn } from 'ava';
import { InterruptedError } from '../../src/errors.js';
import type { Job } from '../../src/sync/job.js';
import { EndlessListingError } from '../../src/sync/snapshot.js';
import { ordersListing } from '../../src/sync/windows/order-listings.js';
import { readWindows } from '../../src/sync/windows/read-windows.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type ListedOrder, openOrderApi } from '../sync/support/order-api.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job: Job = { name: 'sync-orders', summary: '', run: (context) => readWindows(context, ordersListing) };

function page(ids: readonly string[], totalCount: number, next: string): string {
  const orders = ids.map((id) => `<OrderIdUserIdDate><OrderId>${id}</OrderId></OrderIdUserIdDate>`).join('');
  const link = `<Links><next>Link=&lt;http://x/?page=${next}&gt;;rel="next";</next></Links>`;
  const list = `<ListOrderIdUserIdDate><TotalCount>${totalCount}</TotalCount>${link}${orders}</ListOrderIdUserIdDate>`;
  return `<ResponseSelectWrapper>${list}</ResponseSelectWrapper>`;
}

const inMarch: ListedOrder[] = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, day: '2026-03-02' }));

for (const [title, idsOf, reason] of [
  ['pages of one entry each', (nth: number) => [`order-${nth}`], /after 10\d\d entries .* TotalCount says 5\./],
  ['empty pages', () => [], /after 0 entries .* 3 pages in a row were empty\./],
] as const) {
  test(`a list that never ends, in ${title}, fails by name and leaves nothing behind`, async (t) => {
    const api = await openOrderApi(t, t.context.server, { orders: inMarch });
    let nth = 0;
    api.instead = ({ query }) => {
      // The few requests that prove the date filter are answered well.
      if (query.get('size') === '1' || !query.has('startdate')) return undefined;
      nth += 1;
      return page(idsOf(nth), 5, `next-${nth}`);
    };
    const { error } = await api.run(job, { since: '2026-03-01' });
    t.true(error instanceof EndlessListingError, error?.message);
    t.regex(error?.message ?? '', /^The list of number orders of account 9900000 does not end: /);
    t.regex(error?.message ?? '', reason);
    t.deepEqual(await api.query('select from orders'), []);
    t.deepEqual(await api.query('select from sync_cursors'), []);
    api.instead = () => undefined;
    t.is((await api.run(job)).error, undefined);
    t.is((await api.query('select from orders')).length, 5);
  });
}

for (const status of [400, 404]) {
  test(`a resumed list whose next page is named by an order that is gone (${status}) is read again from its first page`, async (t) => {
    const api = await openOrderApi(t, t.context.server, { orders: inMarch });
    api.pageSize = 2;
    const stop = new AbortController();
    api.onRequest = ({ query }) => {
      if (query.get('page') === 'c') stop.abort(new InterruptedError('Stopped by the test.'));
    };
    t.is((await api.run(job, { since: '2026-03-01', signal: stop.signal })).result, 'interrupted');
    const [cursor] = await api.query('select next_page from sync_cursors');
    t.deepEqual(cursor, { next_page: 'c' });
    api.onRequest = () => undefined;
    api.lists.orders = inMarch.filter(({ id }) => id !== 'c');
    api.instead = ({ query }) => (query.get('page') === 'c' ? status : undefined);
    t.is((await api.run(job)).error, undefined);
    t.deepEqual(
      (await api.query('select order_id from orders order by 1')).map(({ order_id }) => order_id),
      ['a', 'b', 'd', 'e'],
    );
  });
}
