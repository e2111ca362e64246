import anyTest, { type TestFn } from 'ava';
import { InterruptedError } from '../../src/errors.js';
import type { Job } from '../../src/run/job.js';
import { EndlessListingError } from '../../src/sync/snapshot.js';
import { disconnectedNumbersListing } from '../../src/sync/windows/disconnected-numbers-listing.js';
import { readWindows } from '../../src/sync/windows/read-windows.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { ordersListing } from '../support/resources.js';
import { type ListedOrder, openOrderApi } from '../sync/support/order-api.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const numbersJob: Job = {
  name: 'sync-disconnected-numbers',
  summary: '',
  run: (context) => readWindows(context, disconnectedNumbersListing),
};
const job: Job = { name: 'sync-orders', summary: '', run: (context) => readWindows(context, ordersListing) };

const linkTo = (next: string) => `<Links><next>Link=&lt;http://x/?page=${next}&gt;;rel="next";</next></Links>`;

function page(ids: readonly string[], totalCount: number | undefined, next: string): string {
  const orders = ids.map((id) => `<OrderIdUserIdDate><OrderId>${id}</OrderId></OrderIdUserIdDate>`).join('');
  const total = totalCount === undefined ? '' : `<TotalCount>${totalCount}</TotalCount>`;
  const list = `<ListOrderIdUserIdDate>${total}${linkTo(next)}${orders}</ListOrderIdUserIdDate>`;
  return `<ResponseSelectWrapper>${list}</ResponseSelectWrapper>`;
}

const orderIds = (nth: number, count: number) => Array.from({ length: count }, (_, index) => `order-${nth}-${index}`);

const inMarch: ListedOrder[] = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, day: '2026-03-02' }));

for (const [title, idsOf, reason] of [
  ['pages of 20 entries each', (nth: number) => orderIds(nth, 20), /after 1020 entries .* TotalCount is 5\./],
  ['empty pages', () => [], /after 0 entries .* 3 pages in a row were empty\./],
] as const) {
  test(`a list that never ends, in ${title}, fails by name and leaves nothing behind`, async (t) => {
    const api = await openOrderApi(t, t.context.server, { orders: inMarch });
    let nth = 0;
    api.instead = ({ query }) => {
      // The requests that verify the date filter get normal responses.
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

for (const [title, options, reason] of [
  [
    'of more entries than any list may have',
    { maxListEntries: 40 },
    /after 41 entries .* TN_LEDGER_MAX_LIST_ENTRIES=40 /,
  ],
  ['of pages that are almost empty', {}, /after 112 entries .* 112 pages of 1000 .*TN_LEDGER_MIN_PAGE_FILL=1\)/],
] as const) {
  test(`a list without TotalCount, ${title}, fails by name`, async (t) => {
    const api = await openOrderApi(t, t.context.server, { orders: inMarch });
    let nth = 0;
    api.instead = ({ query }) => {
      if (query.get('size') === '1' || !query.has('startdate')) return undefined;
      nth += 1;
      return page([`order-${nth}`], undefined, `next-${nth}`);
    };
    const { error } = await api.run(job, { since: '2026-03-01', ...options });
    t.true(error instanceof EndlessListingError, error?.message);
    t.regex(error?.message ?? '', reason);
    t.deepEqual(await api.query('select from sync_cursors'), []);
  });
}

test('a list whose pages have no TotalCount is checked against …/totals', async (t) => {
  const numbers = [{ id: '9195550000', day: '2026-03-02' }];
  const api = await openOrderApi(t, t.context.server, { discnumbers: numbers });
  let nth = 0;
  api.instead = ({ path, query }) => {
    if (path.endsWith('/totals') || query.get('size') === '1' || !query.has('startdate')) return undefined;
    nth += 1;
    const listed = Array.from(
      { length: 150 },
      (_, index) => `<TelephoneNumber>${9195550000 + nth * 150 + index}</TelephoneNumber>`,
    );
    return `<TNs>${linkTo(`next-${nth}`)}<TelephoneNumbers>${listed.join('')}</TelephoneNumbers></TNs>`;
  };
  const { error } = await api.run(numbersJob, { since: '2026-03-01' });
  t.true(error instanceof EndlessListingError, error?.message);
  t.regex(error?.message ?? '', /after 1500 entries .* although …\/totals is 1\./);
});

for (const status of [400, 404]) {
  test(`a resumed list whose next page is gone (${status}) is read again from its first page`, async (t) => {
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
