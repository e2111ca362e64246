import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { InterruptedError } from '../../src/errors.js';
import fc, { cases } from '../support/fast-check.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { size } from '../support/sizes.js';
import { differences, expectedRow, storedRows } from './support/expected-numbers.js';
import { orderDifferences } from './support/expected-orders.js';
import { account, type Ledger, leftovers, openLedger } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const orders = size({
  test: { orders: 9, disconnects: 4, portins: 6, portouts: 5, assignments: 4 },
  soak: { orders: 90, disconnects: 40, portins: 60, portouts: 50, assignments: 10 },
});
/** The jobs that list numbers. */
const numberJobs = ['sync-inservice-numbers', 'sync-number-details'] as const;
const list = `/api/accounts/${account}/inserviceNumbers`;

/** The page and size of each list request since the last call, in order. */
function asked(ledger: Ledger, path: string): string[] {
  const requests = ledger.sandbox.requests.filter((request) => request.path === path && request.method === 'GET');
  return requests.map(({ query }) => `${query.page} ${query.size ?? 'no size'}`);
}

const sizesLogged = (ledger: Ledger) =>
  ledger.log.filter((line) => line.includes('rejects pages')).map((line) => JSON.parse(line));

/** The sandbox's numbers in service and their details. */
async function compare(t: ExecutionContext, ledger: Ledger): Promise<void> {
  const held = [...ledger.sandbox.account(account).numbers()].map((each) => [each.telephoneNumber, expectedRow(each)]);
  const stored = await storedRows(ledger, account, 'removed_at is null');
  for (const row of stored.values()) row.assignment_status = null;
  t.deepEqual(differences(stored, new Map(held as [string, ReturnType<typeof expectedRow>][])), []);
  t.deepEqual(await leftovers(ledger), []);
}

/**
 * Runs jobs with a new client, as in a new process, so that nothing a client remembers is reused, until one doesn't succeed.
 * Returns the last report.
 */
async function run(t: ExecutionContext, ledger: Ledger, jobs: readonly [string, ...string[]], stopAt?: number) {
  const client = ledger.openClient();
  const controller = new AbortController();
  let count = 0;
  ledger.proxy.onRequest = () => {
    count += 1;
    if (count === stopAt) controller.abort(new InterruptedError('Stopped by the test.'));
  };
  ledger.sandbox.clearRequests();
  const runOne = (job: string) => ledger.run(job, { client, signal: controller.signal });
  let report = await runOne(jobs[0]);
  for (const job of jobs.slice(1)) if (report.result === 'succeeded') report = await runOne(job);
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
  test(`a rejected page size is retried with ${title}, which is remembered and logged once`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1500, oddities, ...orders } });
    await run(t, ledger, ['nightly']);
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
    t.is(logged[0].level, 'info');
    t.regex(
      logged[0].msg,
      size === undefined ? /rejects pages of 5000 .* without a size/ : new RegExp(`pages of ${size}`),
    );
    // Another listing of the same resource (port-ins and their drafts) does not try the rejected size again.
    const wanted = ledger.sandbox.requests.filter(
      ({ path, query }) => path.endsWith('/portins') && query.size === '1000',
    );
    const refuses = (size ?? 300) < 1000;
    if (refuses) t.is(wanted.length, 1);
    t.is(sizesLogged(ledger).filter(({ msg }) => msg.includes(' portins;')).length, refuses ? 1 : 0);
  });
}

test('an interrupted listing by page number resumes with its own page size, and skips no number', async (t) => {
  const oddities = { 'page-numbers': 1, 'page-size': 300 };
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 2000, oddities } });
  t.is((await run(t, ledger, ['sync-inservice-numbers'], 4)).result, 'interrupted');
  const read = asked(ledger, list).filter((page) => !page.endsWith(' 5000')).length - 1;
  ledger.sandbox.oddities = { 'page-numbers': 1 };
  await run(t, ledger, ['sync-inservice-numbers']);
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

test('a listing whose next page is rejected for its size is read again from its first page', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 2000, oddities: { 'page-numbers': 1, 'page-size': 300 } },
  });
  t.is((await run(t, ledger, ['sync-inservice-numbers'], 4)).result, 'interrupted');
  ledger.sandbox.oddities = { 'page-numbers': 1, 'page-size': 200 };
  await run(t, ledger, ['sync-inservice-numbers']);
  const [refused, ...pages] = asked(ledger, list);
  t.regex(refused ?? '', /^[2-9] 300$/);
  t.deepEqual(pages.slice(0, 3), ['1 5000', '1 200', '2 200']);
  t.is(pages.length, 11);
  t.true(ledger.log.some((line) => line.includes('Reading it again from its first page')));
  await run(t, ledger, ['sync-number-details']);
  await compare(t, ledger);
});

test('no number is lost for any page size, paging style, spelling and interruption', async (t) => {
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
      await run(t, ledger, numberJobs, stopAt);
      // A listing by page number can't be resumed by cursor: that would be another list.
      ledger.sandbox.oddities = { ...after, 'page-numbers': before['page-numbers'] };
      await run(t, ledger, numberJobs);
      await compare(t, ledger);
    }),
    cases({ test: 4, soak: 15 }),
  );
});
