import anyTest, { type TestFn } from 'ava';
import { bulkPortins } from '../../src/dashboard/resources/bulk-portins.js';
import { dldas } from '../../src/dashboard/resources/dldas.js';
import { e911s } from '../../src/dashboard/resources/e911s.js';
import { externalTns } from '../../src/dashboard/resources/external-tns.js';
import { lidbs } from '../../src/dashboard/resources/lidbs.js';
import { lsrorders } from '../../src/dashboard/resources/lsrorders.js';
import { tnoptions } from '../../src/dashboard/resources/tnoptions.js';
import { startProxy } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { expectedOrders, orderDifferences, storedOrders } from '../sync/support/expected-orders.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const kinds = [bulkPortins, lsrorders, tnoptions, lidbs, dldas, e911s];
/** All optional lists of orders, in the order of the nightly run: those that move numbers come first. */
const optional = [externalTns, ...kinds];
/** Their names and tables, which are the same, in the order of `order_kind`. */
const tables = kinds.map(({ table }) => table).sort();
const hour = 3_600_000;

async function sync(ledger: Ledger): Promise<{ written: number; warnings: string[] }> {
  const all = { written: 0, warnings: [] as string[] };
  for (const { job } of optional) {
    const { result, error, counts, warnings } = await ledger.run(job.name);
    if (result !== 'succeeded') throw error ?? new Error(`${job.name}: ${result}`);
    all.written += counts.rowsWritten;
    all.warnings.push(...warnings);
  }
  return all;
}

async function differences(ledger: Ledger): Promise<string[]> {
  return (await Promise.all(optional.map(({ details }) => orderDifferences(ledger, details)))).flat();
}

test('the tables have the orders and outcomes, and only open orders are read again', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 60, features: 60 } });
  const held = ledger.sandbox.account(account);
  for (const { name } of kinds) {
    const statuses = [...expectedOrders(held, name).values()].map(({ status }) => status);
    const own: Record<string, string[]> = {
      e911s: ['ADJUSTED_COMPLETE', 'ADJUSTED_PARTIAL', 'COMPLETE', 'FAILED', 'RECEIVED'],
      bulk_portins: ['CANCELLED', 'COMPLETE', 'DRAFT', 'PARTIAL'],
      lsrorders: ['CANCELLED', 'COMPLETE', 'FAILED', 'PENDING'],
    };
    t.deepEqual([...new Set(statuses)].sort(), own[name] ?? ['COMPLETE', 'FAILED', 'PARTIAL', 'RECEIVED'], name);
  }
  t.deepEqual((await sync(ledger)).warnings, []);
  t.deepEqual(await differences(ledger), []);
  t.is((await sync(ledger)).written, 0);
  ledger.sandbox.clock.advance(3 * hour);
  const numbers = [...held.numbers()].slice(0, 3).map(({ telephoneNumber }) => telephoneNumber);
  for (const { list } of kinds) held.placeFeatureOrder(list.name, numbers, numbers.slice(1));
  t.true((await sync(ledger)).written > 0);
  t.deepEqual(await differences(ledger), []);
});

test('no subscriber, calling name or forwarding address is stored, even if an error repeats it', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 60, features: 30 } });
  await sync(ledger);
  for (const { table, numbersTable } of kinds) {
    const [row] = await ledger.query(
      `select (select string_agg(o::text, '') from ${table} o) || (select string_agg(n::text, '') from ${numbersTable} n) as text`,
    );
    t.notRegex(String(row?.text), /pii/i, table);
  }
  const [{ kept } = {}] = await ledger.query(`select raw->'details'->'LidbTnGroups'->'LidbTnGroup' as kept from lidbs`);
  t.regex(JSON.stringify(kept), /"UseType":\s*"BUSINESS"/);
});

test('feature orders move no numbers, and night_changes shows them', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5 } });
  const held = ledger.sandbox.account(account);
  const numbers = [...held.numbers()].map(({ telephoneNumber }) => telephoneNumber);
  for (const { list } of kinds) held.placeFeatureOrder(list.name, numbers);
  const statuses = () =>
    tables.flatMap((table) => [...expectedOrders(held, table).values()].map(({ status }) => [table, status] as const));
  const placed = statuses();
  const changes = async () => {
    t.is((await ledger.run('nightly')).result, 'succeeded');
    return ledger.query(
      'select change, order_kind, before, after from night_changes where order_kind is not null order by 2',
    );
  };
  t.deepEqual(
    await changes(),
    placed.map(([order_kind, after]) => ({ change: 'order placed', order_kind, before: null, after })),
  );
  const histories = () => ledger.query('select * from number_status_history order by 1, 2, 3');
  const before = await histories();
  ledger.sandbox.clock.advance(3 * hour);
  const ended = new Map(statuses());
  t.deepEqual(
    await changes(),
    placed.map(([order_kind, before]) => ({
      change: 'order status',
      order_kind,
      before,
      after: ended.get(order_kind),
    })),
  );
  t.deepEqual(await histories(), before);
});

test('without the role, the run succeeds with a warning per job, and stored orders stay', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 20, features: 5, externals: 5 } });
  await sync(ledger);
  const stored = () => Promise.all(optional.map(({ table }) => ledger.query(`select * from ${table} order by 1, 2`)));
  const before = await stored();
  ledger.sandbox.oddities = { 'forbid-features': 1 };
  const night = await ledger.run('nightly');
  t.is(night.result, 'succeeded', night.error?.message);
  const warned = night.parts.filter(({ warnings }) => warnings.length > 0);
  t.deepEqual(
    warned.map(({ job }) => job),
    optional.map(({ job }) => job.name),
  );
  for (const [n, { titles }] of optional.entries()) {
    t.regex(
      warned[n]?.warnings.join() ?? '',
      new RegExp(
        `^${titles.many} were not read, and the stored ones were not changed: .* status 403: .* a role is missing\\.`,
      ),
    );
  }
  t.deepEqual(await stored(), before);
});

test('lists that return 404 without a body are skipped with a warning, and no watermark moves', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5, features: 3, externals: 3 } });
  const origin = await startProxy(t, ledger.sandbox, ({ url = '' }) =>
    /\/(?:tnoptions|lidbs|dldas|e911s|lsrorders|bulkPortins|externalTns)\b/.test(url) ? { status: 404 } : undefined,
  );
  const client = ledger.openClient({ apiUrl: `${origin}/api` });
  t.teardown(() => client.close());
  for (const { job, titles } of optional) {
    const { result, error, warnings } = await ledger.run(job.name, { client });
    t.is(result, 'succeeded', error?.message);
    t.regex(warnings.join(), new RegExp(`^${titles.many} were not read, .* status 404`));
  }
  t.deepEqual(await ledger.query('select from sync_watermarks'), []);
  t.deepEqual((await sync(ledger)).warnings, []);
  t.deepEqual(await differences(ledger), []);
});

test('lists that return 204 are empty, and stored orders stay', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5, features: 3, externals: 3 } });
  await sync(ledger);
  const origin = await startProxy(t, ledger.sandbox, ({ url = '' }) =>
    /\/(?:tnoptions|lidbs|dldas|e911s|lsrorders|bulkPortins|externalTns)(?:\?|$)/.test(url)
      ? { status: 204 }
      : undefined,
  );
  const client = ledger.openClient({ apiUrl: `${origin}/api` });
  t.teardown(() => client.close());
  for (const { job } of optional) {
    const { result, error, warnings } = await ledger.run(job.name, { client });
    t.is(result, 'succeeded', error?.message);
    t.deepEqual(warnings, []);
  }
  t.deepEqual(await differences(ledger), []);
});

/** Requests for single orders of a resource. */
const byId = ({ sandbox }: Ledger, segment: string) =>
  sandbox.requests.filter(({ path }) => path.includes(`/${account}/${segment}/`)).length;

const wholeKinds = [tnoptions, e911s];

test('orders that a list returns whole take no request each, until an open one leaves the window', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 60, features: 30 } });
  await sync(ledger);
  t.deepEqual(await differences(ledger), []);
  for (const { name } of wholeKinds) t.is(byId(ledger, name), 0, name);
  // The orders that are open now end before the days that the next run reads.
  ledger.sandbox.clock.advance(9 * 24 * hour);
  const since = new Date(ledger.sandbox.clock.now().getTime() - 5 * 24 * hour).toISOString().slice(0, 10);
  for (const { name, job, table } of wholeKinds) {
    const [open] = await ledger.query(`select count(*)::int as count from ${table} where status = 'RECEIVED'`);
    t.is((await ledger.run(job.name, { since })).result, 'succeeded');
    t.true((open?.count as number) > 0);
    t.is(byId(ledger, name), open?.count as number, name);
  }
  await sync(ledger);
  t.deepEqual(await differences(ledger), []);
});

test('if the API ignores orderDetails, orders are read by id, and the tables are the same', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 60, features: 30 } });
  ledger.sandbox.oddities = { 'order-details-ignored': 1 };
  await sync(ledger);
  const own = `details_at, details_tried_at, first_seen_at, changed_at, order_type`.split(', ');
  const stored = async () =>
    Promise.all(
      wholeKinds.flatMap(({ table, numbersTable }) => [
        ledger.query(`select to_jsonb(o) - $1::text[] as row from ${table} o order by order_id`, [own]),
        ledger.query(`select to_jsonb(n) as row from ${numbersTable} n order by 1`),
      ]),
    );
  const summaries = await stored();
  for (const { name } of wholeKinds) t.is(byId(ledger, name), 30, name);
  for (const { table } of wholeKinds) await ledger.query(`truncate ${table}, ${table}_numbers`);
  await ledger.query('delete from sync_watermarks');
  ledger.sandbox.oddities = {};
  await sync(ledger);
  t.deepEqual(await stored(), summaries);
});

test('a whole order keeps what only the order by id says', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 20, features: 10 } });
  t.is((await ledger.run(e911s.job.name)).result, 'succeeded');
  await ledger.query('update e911s set deletes_address = true');
  t.is((await ledger.run(e911s.job.name, { full: true })).result, 'succeeded');
  t.deepEqual(await ledger.query('select distinct deletes_address from e911s'), [{ deletes_address: true }]);
});

for (const [oddities, requests] of [
  [{}, 1],
  [{ 'order-details-ignored': 1 }, 3],
] as const) {
  test(`with ${requests === 1 ? 'whole orders' : 'summaries'}, a bulk port-in takes ${requests} requests`, async (t) => {
    const ledger = await openLedger(t, t.context.server, {
      sandbox: { numbers: 60, portins: 20, features: 20, oddities },
    });
    t.is((await ledger.run(bulkPortins.job.name)).result, 'succeeded');
    t.is(byId(ledger, 'bulkPortins'), 20 * requests);
    const columns = ['customer_order_id', 'status', 'requested_foc_date', 'site_id', 'numbers', 'members'];
    const stored = await storedOrders(ledger, bulkPortins.details, columns);
    const expected = expectedOrders(ledger.sandbox.account(account), 'bulk_portins');
    t.is(stored.size, expected.size);
    for (const [id, row] of stored) t.like(expected.get(id), row);
    t.true([...stored.values()].some(({ members }) => (members as string[]).length > 1));
  });
}

test('orders that take several requests each stay within the requests that are left', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 60, features: 20, oddities: { 'order-details-ignored': 1 } },
  });
  const sent = () => byId(ledger, 'bulkPortins');
  const { result, warnings } = await ledger.run(bulkPortins.job.name, { requestsLeft: () => 10 - sent() });
  t.is(result, 'succeeded');
  t.regex(warnings.join(), /TN_LEDGER_REQUESTS_PER_NIGHT was reached/);
  t.true(sent() > 0 && sent() <= 10, `${sent()}`);
});
