import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import fc from 'fast-check';
import { orderDetailResources } from '../../src/dashboard/order-details.js';
import { InterruptedError } from '../../src/errors.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { differences, expectedRow, storedRows } from './support/expected-numbers.js';
import { orderDifferences } from './support/expected-orders.js';
import { account, type Ledger, leftovers, openLedger } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const orders = { orders: 90, disconnects: 40, portins: 60, portouts: 50, assignments: 10 };
const list = `/api/accounts/${account}/inserviceNumbers`;

/** Page and size of the requests for a list since the last call, in order. */
function asked(ledger: Ledger, path: string): string[] {
  const requests = ledger.sandbox.requests.filter((request) => request.path === path && request.method === 'GET');
  return requests.map(({ query }) => `${query.page} ${query.size ?? 'no size'}`);
}

const sizesLogged = (ledger: Ledger) =>
  ledger.log.filter((line) => line.includes('refuses pages')).map((line) => JSON.parse(line));

/** The numbers in service and their details, as the sandbox holds them. */
async function compare(t: ExecutionContext, ledger: Ledger): Promise<void> {
  const held = [...ledger.sandbox.account(account).numbers()].map((each) => [each.telephoneNumber, expectedRow(each)]);
  const stored = await storedRows(ledger, account, 'removed_at is null');
  for (const row of stored.values()) row.assignment_status = null;
  t.deepEqual(differences(stored, new Map(held as [string, ReturnType<typeof expectedRow>][])), []);
  t.deepEqual(await leftovers(ledger), []);
}

/** Runs a job in a process of its own, as it were: what a client remembers is not known to the next. */
async function run(t: ExecutionContext, ledger: Ledger, job: string, stopAt?: number) {
  const client = ledger.openClient();
  const controller = new AbortController();
  let count = 0;
  ledger.proxy.onRequest = () => {
    count += 1;
    if (count === stopAt) controller.abort(new InterruptedError('Stopped by the test.'));
  };
  ledger.sandbox.clearRequests();
  const report = await ledger.run(job, { client, signal: controller.signal });
  ledger.proxy.onRequest = () => undefined;
  await client.close();
  if (stopAt === undefined) t.is(report.result, 'succeeded', report.error?.message);
  return report;
}

for (const [title, oddities, first, size] of [
  ['the bound that the refusal names', { 'page-size': 700 }, ['1 5000', '1 700'], 700],
  ['2500', { 'page-size': 2500, 'page-size-unnamed': 1 }, ['1 5000', '1 2500'], 2500],
  ['1000', { 'page-size': 1200, 'page-size-unnamed': 1 }, ['1 5000', '1 2500', '1 1000'], 1000],
  ['no size', { 'page-size': 400, 'page-size-unnamed': 1 }, ['1 5000', '1 2500', '1 1000', '1 no size'], undefined],
] as const) {
  test(`a page size that is refused is asked again with ${title}, which is remembered and logged once`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1500, oddities, ...orders } });
    await run(t, ledger, 'nightly');
    await compare(t, ledger);
    for (const resource of orderDetailResources) t.deepEqual(await orderDifferences(ledger, resource), []);
    const pages = asked(ledger, list);
    t.deepEqual(pages.slice(0, first.length), [...first]);
    const rest = pages.slice(first.length);
    const pageSize = size ?? 300;
    t.is(rest.length, Math.ceil(ledger.sandbox.account(account).inServiceCount / pageSize) - 1);
    t.true(
      rest.every((page) => page.endsWith(` ${size ?? 'no size'}`)),
      rest.join(),
    );
    const logged = sizesLogged(ledger).filter(({ msg }) => msg.includes('inserviceNumbers'));
    t.is(logged.length, 1);
    t.is(logged[0].level, 30);
    t.regex(
      logged[0].msg,
      size === undefined ? /refuses pages of 5000 .* without a size/ : new RegExp(`pages of ${size}`),
    );
    // The same resource in another listing of the run (port-ins and their drafts) does not ask with the refused size again.
    const wanted = ledger.sandbox.requests.filter(
      ({ path, query }) => path.endsWith('/portins') && query.size === '1000',
    );
    const refuses = (size ?? 300) < 1000;
    if (refuses) t.is(wanted.length, 1);
    t.is(sizesLogged(ledger).filter(({ msg }) => msg.includes(' portins;')).length, refuses ? 1 : 0);
  });
}

test('a listing by page number that was interrupted goes on in its own page size, and no number is skipped', async (t) => {
  const oddities = { 'page-numbers': 1, 'page-size': 300 };
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 2000, oddities } });
  t.is((await run(t, ledger, 'sync-inservice-numbers', 4)).result, 'interrupted');
  const read = asked(ledger, list).filter((page) => !page.endsWith(' 5000')).length - 1;
  ledger.sandbox.oddities = { 'page-numbers': 1 };
  await run(t, ledger, 'sync-inservice-numbers');
  const pages = asked(ledger, list);
  t.true(pages.length > 2 && pages.length < 7);
  t.true(pages[0] === `${read + 1} 300` || pages[0] === `${read + 2} 300`, pages[0]);
  t.true(pages.every((page) => page.endsWith(' 300')));
  const listed = [...ledger.sandbox.account(account).numbers()].filter(({ listedInService }) => listedInService);
  t.deepEqual(
    (await ledger.query('select telephone_number as n from telephone_numbers')).map(({ n }) => n).sort(),
    listed.map(({ telephoneNumber }) => telephoneNumber).sort(),
  );
});

test('a listing whose next page is refused for its size is read again from its first page', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 2000, oddities: { 'page-numbers': 1, 'page-size': 300 } },
  });
  t.is((await run(t, ledger, 'sync-inservice-numbers', 4)).result, 'interrupted');
  ledger.sandbox.oddities = { 'page-numbers': 1, 'page-size': 200 };
  await run(t, ledger, 'sync-inservice-numbers');
  const [refused, ...pages] = asked(ledger, list);
  t.regex(refused ?? '', /^[2-9] 300$/);
  t.deepEqual(pages.slice(0, 3), ['1 5000', '1 200', '2 200']);
  t.is(pages.length, 11);
  t.true(ledger.log.some((line) => line.includes('read again from its first page')));
  await run(t, ledger, 'sync-number-details');
  await compare(t, ledger);
});

test('whatever page sizes, kinds of pages and spellings there are, and wherever a run stops, no number is lost', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 150, seed: 4 } });
  const held = ledger.sandbox.account(account);
  const oddities = fc.record({
    'page-size': fc.oneof(fc.constant(0), fc.integer({ min: 2, max: 200 })),
    'page-size-unnamed': fc.integer({ min: 0, max: 1 }),
    'page-numbers': fc.integer({ min: 0, max: 1 }),
    e164: fc.constantFrom(0, 0.5, 1),
  });
  await fc.assert(
    fc.asyncProperty(oddities, oddities, fc.integer({ min: 2, max: 14 }), async (before, after, stopAt) => {
      held.churn(20);
      ledger.sandbox.oddities = before;
      await run(t, ledger, 'nightly', stopAt);
      // A listing by number can't be resumed by cursor: that would be another list.
      ledger.sandbox.oddities = { ...after, 'page-numbers': before['page-numbers'] };
      await run(t, ledger, 'nightly');
      await compare(t, ledger);
    }),
    { numRuns: 15, seed: 2026 },
  );
});
