import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { orderDescriptions } from '../../src/dashboard/registry.js';
import type { OrderAmounts } from '../../src/sandbox/server.js';
import { misbehave } from '../sandbox/support/misbehave.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { seed } from '../support/seed.js';
import { size } from '../support/sizes.js';
import { orderDifferences } from './support/expected-orders.js';
import { finishNightly, killNightly, randomFrom } from './support/kills.js';
import { account, type Ledger, leftovers, openLedger, type RunOptions } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const jobs = [
  ...['sync-orders', 'sync-disconnects', 'sync-portins', 'sync-portouts'],
  ...['sync-imported-numbers', 'sync-external-tns', 'sync-number-assignments', 'sync-tnoptions', 'sync-lidbs'],
  ...['sync-dldas', 'sync-e911s', 'sync-lsrorders', 'sync-bulk-portins'],
];
const amounts: OrderAmounts = {
  ...size({
    test: {
      orders: 25,
      disconnects: 12,
      portins: 14,
      portouts: 10,
      assignments: 10,
      imports: 14,
      externals: 14,
      features: 12,
    },
    soak: {
      orders: 160,
      disconnects: 60,
      portins: 60,
      portouts: 30,
      assignments: 40,
      imports: 30,
      externals: 30,
      features: 30,
    },
  }),
  open: 0.08,
};
/** Kinds of orders without misbehavior here: those from `src/sandbox/features/`, and those that are never read by id. */
const features = ['external_tns', 'tnoptions', 'lidbs', 'dldas', 'e911s', 'lsrorders', 'bulk_portins'];
const numbers = size({ test: 300, soak: 2000 });

/** Runs all order jobs and returns their warnings. */
async function night(t: ExecutionContext, ledger: Ledger, options: RunOptions = {}): Promise<string[]> {
  const warnings: string[] = [];
  for (const job of jobs) {
    const report = await ledger.run(job, options);
    t.is(report.result, 'succeeded', `${job}: ${report.error?.message}`);
    warnings.push(...report.warnings);
  }
  return warnings;
}

async function compare(t: ExecutionContext, ledger: Ledger): Promise<void> {
  for (const resource of orderDetailResources) t.deepEqual(await orderDifferences(ledger, resource), [], resource.kind);
}

/** Kinds whose orders, or at least their numbers, take a request each. */
const oneByOne = orderDescriptions
  .filter(({ list, details: { numbers } }) => list.wholeItem === undefined || numbers?.ownRoot !== undefined)
  .map(({ details }) => details);

const tables = orderDetailResources.flatMap(({ table, numbers }) => [table, ...(numbers ? [numbers.table] : [])]);

async function versionsOf(ledger: Ledger): Promise<unknown[]> {
  const all = tables.map(
    (table) => `select '${table}' as table, xmin::text, ctid::text, x::text as row from ${table} x`,
  );
  return ledger.query(`${all.join(' union all ')} order by 1, 4`);
}

/** Requests for single orders. */
const byId = (ledger: Ledger) => ledger.sandbox.requests.filter(({ path }) => path.split('/').length > 5);

test('after each run, orders of all kinds match Bandwidth’s, row by row and number by number', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers, seed: 11, ...amounts } });
  const held = ledger.sandbox.account(account);
  t.deepEqual(await night(t, ledger), []);
  await compare(t, ledger);
  const count = orderDetailResources.length;
  t.is(count, 14);
  const asked = byId(ledger).map(({ path }) => path);
  t.is(asked.length, new Set(asked).size, 'one request an order');

  // A quiet run: one request per open order that no list returns with its numbers, and nothing written.
  const before = await versionsOf(ledger);
  ledger.sandbox.clearRequests();
  t.deepEqual(await night(t, ledger), []);
  t.deepEqual(await versionsOf(ledger), before);
  const open = (
    await Promise.all(
      oneByOne.map(({ table, terminalStatuses }) =>
        ledger.query(`select order_id from ${table} where status <> all ($1)`, [terminalStatuses]),
      ),
    )
  ).flat();
  t.true(open.length > size({ test: 3, soak: 20 }));
  t.is(byId(ledger).length, open.length);

  // Busy runs: orders progress and end, old ones change late, numbers come and go.
  for (const seed of size({ test: [1, 2], soak: [1, 2, 3] })) {
    ledger.sandbox.clock.advance(36 * 3_600_000);
    held.busyDay(seed);
    const [imported] = held.importOrders();
    held.placeImport({ numbers: 4, outcome: 'PARTIAL', done: seed !== 2 });
    held.placeRemoval({ numbers: imported?.numbers.map(({ telephoneNumber }) => telephoneNumber) ?? [] });
    t.deepEqual(await night(t, ledger), []);
    await compare(t, ledger);
  }
  t.deepEqual(await leftovers(ledger), []);
});

test('a run killed repeatedly while it reads orders stores the same in the end', async (t) => {
  const random = randomFrom(seed);
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers, seed: 15, ...amounts } });
  t.true(
    await killNightly(t, ledger, { request: 60 + random(size({ test: 60, soak: 150 })), answered: random(2) === 0 }),
  );
  t.true(await killNightly(t, ledger, { table: 'disconnects_numbers' }));
  t.true(await killNightly(t, ledger, { table: 'number_assignment_order_numbers' }));
  await finishNightly(t, ledger);
  await compare(t, ledger);
  t.deepEqual(await leftovers(ledger), []);
});

test('faults and TN_LEDGER_NIGHT_LIMIT do not change what is stored in the end', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers, seed: 12, ...amounts },
    client: { timeouts: { firstByteMs: 1000, betweenBytesMs: 300 }, retry: { baseMs: 5, capMs: 50 } },
  });
  const rates = { '500': 0.05, reset: 0.05, truncate: 0.05, html: 0.05 };
  ledger.sandbox.faults = rates;
  for (const job of jobs) await ledger.run(job, { nightLimitMs: 200 });
  await night(t, ledger);
  ledger.sandbox.faults = {};
  await night(t, ledger);
  await compare(t, ledger);
});

test('orders with ids unsafe in URLs, rejected orders and invalid numbers do not affect other orders', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers, seed: 13, ...amounts } });
  const held = ledger.sandbox.account(account);
  const refused = [];
  const kinds = [
    ...(['orders', 'disconnects', 'portins', 'portouts'] as const),
    ...(['importTnOrders', 'removeImportedTnOrders', 'numbersAssignment'] as const),
  ];
  for (const kind of kinds) {
    refused.push(misbehave(held, kind, ['odd-id', 'refused', 'letters', 'impossible-date']).refused);
  }
  const warnings = (await night(t, ledger)).join('\n');
  for (const id of refused) t.true(warnings.includes(`"${id}"`), id);
  t.regex(warnings, /the API refused it with status 404/);
  t.is(warnings.match(/invalid telephone number/g)?.length, 6, warnings);
  for (const { table } of orderDetailResources.filter(({ kind }) => !features.includes(kind))) {
    const [odd] = await ledger.query(`select details_at from ${table} where order_id = $1`, [`a/b?c'; drop table`]);
    t.truthy(odd?.details_at, table);
    const [left] = await ledger.query(`select count(*)::int as count from ${table} where details_at is null`);
    t.is(left?.count, 1, table);
  }
  const lettered = await ledger.query(
    `select 1 from orders_numbers where telephone_number ~ '[A-Z]' union all
     select 1 from disconnects_numbers where telephone_number ~ '[A-Z]' union all
     select 1 from portins_numbers where telephone_number ~ '[A-Z]' union all
     select 1 from import_tn_orders_numbers where telephone_number ~ '[A-Z]' union all
     select 1 from remove_imported_tn_orders_numbers where telephone_number ~ '[A-Z]' union all
     select 1 from number_assignment_order_numbers where telephone_number ~ '[A-Z]'`,
  );
  t.deepEqual(lettered, []);
});

test('personal data of port-ins and imports is neither in the database nor in the log', async (t) => {
  const sandbox = { numbers, seed: 14, ...amounts };
  const ledger = await openLedger(t, t.context.server, { sandbox, pageSize: size({ test: 2, soak: 10 }) });
  const held = ledger.sandbox.account(account);
  const people = [...held.portIns(), ...held.importOrders()].flatMap(({ personal }) =>
    Object.values(personal).filter((value) => value !== undefined),
  );
  t.true(people.length > size({ test: 60, soak: 300 }) && people.every((value) => value.startsWith('Pii')));
  held.placeImport({ numbers: 3, outcome: 'FAILED', done: true });
  misbehave(held, 'portins', ['odd-id', 'refused', 'letters', 'impossible-date']);
  await night(t, ledger);
  // A run stopped between two pages leaves its staging table.
  const stopping = new AbortController();
  ledger.proxy.onRequest = ({ query }) => {
    if (query.has('page') && query.get('page') !== '1') stopping.abort(new Error('SIGTERM'));
  };
  t.is((await ledger.run('sync-portins', { full: true, signal: stopping.signal })).result, 'interrupted');
  const columns = await ledger.query<{ place: string; name: string }>(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as place, quote_ident(column_name) as name
       from information_schema.columns
      where table_schema not in ('pg_catalog', 'information_schema')
        and data_type in ('text', 'jsonb', 'json', 'character varying', 'ARRAY')`,
  );
  t.true(columns.some(({ place, name }) => place === 'tn_ledger.portins' && name === 'raw'));
  t.true(columns.some(({ place, name }) => place.startsWith('tn_ledger_staging.') && name === 'raw'));
  for (const { place, name } of columns) {
    const found = await ledger.query(
      `select ${name}::text as text from ${place} where ${name}::text ilike '%pii%' limit 1`,
    );
    t.deepEqual(found, [], `${place}.${name}`);
  }
  t.true(ledger.log.length > 0);
  t.false(/pii/i.test(ledger.log.join('\n')));
  const runs = await ledger.query<{ count: number }>(
    `select count(*)::int from portins where raw -> 'details' is not null`,
  );
  t.true((runs[0]?.count ?? 0) > 0, 'something of their payloads is kept');
  const failed = await ledger.query<{ reported: string }>(
    'select distinct error_description as reported from import_tn_orders_numbers where error_code is not null',
  );
  t.deepEqual(failed, [{ reported: 'Telephone Number Not Active. ([left out])' }]);
});
