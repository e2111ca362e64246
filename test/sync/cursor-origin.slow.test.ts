import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { InterruptedError } from '../../src/errors.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { differences, expectedRow, storedRows } from './support/expected-numbers.js';
import { orderDifferences } from './support/expected-orders.js';
import { account, type Ledger, leftovers, openLedger } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const orders = { orders: 60, disconnects: 30, portins: 30, portouts: 30, assignments: 30 };

/** A client of another API with the same account but other numbers and orders. */
async function openOther(t: ExecutionContext<unknown>, ledger: Ledger, options: SandboxOptions) {
  const sandbox = await startSandbox({ ...orders, ...options });
  const client = ledger.openClient({
    apiUrl: sandbox.url,
    credentials: {
      kind: 'oauth',
      clientId: sandbox.clientId,
      clientSecret: sandbox.clientSecret,
      tokenUrl: sandbox.tokenUrl,
    },
  });
  t.teardown(async () => {
    await client.close();
    await sandbox.close();
  });
  return { sandbox, client };
}

/** Asserts that the ledger matches this sandbox. */
async function compare(t: ExecutionContext, ledger: Ledger, sandbox: Sandbox): Promise<void> {
  const held = new Map(
    [...sandbox.account(account).numbers()].map((each) => [each.telephoneNumber, expectedRow(each)]),
  );
  const stored = await storedRows(ledger, account);
  for (const row of stored.values()) row.assignment_status = null;
  t.deepEqual(differences(stored, held), []);
  for (const resource of orderDetailResources) {
    t.deepEqual(await orderDifferences({ ...ledger, sandbox }, resource), [], resource.kind);
  }
  t.deepEqual(await leftovers(ledger), []);
}

for (const [place, path] of [
  ['numbers in service', '/inserviceNumbers'],
  ['number details', '/tns'],
  ['orders', '/orders'],
] as const) {
  test(`a run against another API URL does not resume ${place} of a stopped run`, async (t) => {
    const ledger = await openLedger(t, t.context.server, {
      sandbox: { numbers: 900, seed: 1, ...orders },
      pageSize: path === '/orders' ? 3 : 100,
    });
    const controller = new AbortController();
    ledger.proxy.onRequest = ({ path: requested, query }) => {
      if (requested.endsWith(path) && query.get('page') !== '1') controller.abort(new InterruptedError('Stopped.'));
    };
    // Windows of orders are applied one by one. Those applied from the first URL don't matter here.
    const job = path === '/orders' ? 'sync-orders' : 'nightly';
    t.is((await ledger.run(job, { signal: controller.signal })).result, 'interrupted');
    const cursors = await ledger.query<{ rows: number; api_url: string }>(
      'select rows_staged::int as rows, api_url from sync_cursors',
    );
    t.true(cursors.some(({ rows }) => rows > 0));
    t.true(cursors.every(({ api_url }) => api_url === ledger.proxy.url));
    t.is((await ledger.query('select 1 from telephone_numbers')).length, 0);
    t.is((await ledger.query('select 1 from orders')).length, 0);

    const other = await openOther(t, ledger, { numbers: 700, seed: 2 });
    const report = await ledger.run('nightly', { client: other.client });
    t.is(report.result, 'succeeded', report.error?.message);
    await compare(t, ledger, other.sandbox);
    t.true(
      ledger.log.some((line) =>
        line.includes(
          `ignoring the pages of an earlier run, which came from ${ledger.proxy.url}, not from ${other.sandbox.url}`,
        ),
      ),
    );
  });
}

test('a verified in-service list is not applied by a run against another API URL', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 900, seed: 1 } });
  const other = await openOther(t, ledger, { numbers: 700, seed: 2 });
  // As in a nightly run, where the details job applies the list.
  await ledger.run('sync-inservice-numbers', { followedBy: new Set(['sync-number-details']) });
  t.deepEqual(await ledger.query('select state from sync_cursors'), [{ state: 'complete' }]);

  // The details fail, after which the waiting list would be applied on its own.
  other.sandbox.faults = { html: 1 };
  const failing = ledger.openClient({
    apiUrl: other.sandbox.url,
    credentials: { kind: 'basic', username: other.sandbox.username, password: other.sandbox.password },
    retry: { tries: 1 },
  });
  t.teardown(() => failing.close());
  t.is((await ledger.run('sync-number-details', { client: failing })).result, 'failed');
  t.deepEqual(await ledger.query('select 1 from telephone_numbers'), []);
  other.sandbox.faults = {};
  const report = await ledger.run('nightly', { client: other.client });
  t.is(report.result, 'succeeded', report.error?.message);
  await compare(t, ledger, other.sandbox);
});

test('an API URL with a trailing slash is the same URL', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 900 }, pageSize: 100 });
  const controller = new AbortController();
  ledger.proxy.onRequest = ({ nth }) => {
    if (nth === 4) controller.abort(new InterruptedError('Stopped.'));
  };
  t.is((await ledger.run('sync-inservice-numbers', { signal: controller.signal })).result, 'interrupted');
  ledger.sandbox.clearRequests();
  const client = ledger.openClient({ apiUrl: `${ledger.proxy.url}/` });
  t.teardown(() => client.close());
  t.is((await ledger.run('sync-inservice-numbers', { client })).result, 'succeeded');
  const pages = ledger.sandbox.requests.filter(({ path }) => path.endsWith('/inserviceNumbers'));
  t.true(pages.length < 9);
  t.false(pages.some(({ query }) => query.page === '1'));
});
