import anyTest, { type TestFn } from 'ava';
import { dldas } from '../../src/dashboard/resources/dldas.js';
import { e911s } from '../../src/dashboard/resources/e911s.js';
import { lidbs } from '../../src/dashboard/resources/lidbs.js';
import { tnoptions } from '../../src/dashboard/resources/tnoptions.js';
import { startProxy } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { expectedOrders, orderDifferences } from '../sync/support/expected-orders.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const kinds = [tnoptions, lidbs, dldas, e911s];
/** In the order of `order_kind`. */
const tables = kinds.map(({ table }) => table).sort();
const hour = 3_600_000;

async function sync(ledger: Ledger): Promise<{ written: number; warnings: string[] }> {
  const all = { written: 0, warnings: [] as string[] };
  for (const { job } of kinds) {
    const { result, error, counts, warnings } = await ledger.run(job.name);
    if (result !== 'succeeded') throw error ?? new Error(`${job.name}: ${result}`);
    all.written += counts.rowsWritten;
    all.warnings.push(...warnings);
  }
  return all;
}

async function differences(ledger: Ledger): Promise<string[]> {
  return (await Promise.all(kinds.map(({ details }) => orderDifferences(ledger, details)))).flat();
}

test('the tables have the orders and outcomes, and only open orders are read again', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 60, features: 30 } });
  const held = ledger.sandbox.account(account);
  for (const { name } of kinds) {
    const statuses = [...expectedOrders(held, name).values()].map(({ status }) => status);
    const adjusted = name === 'e911s' ? ['ADJUSTED_COMPLETE', 'ADJUSTED_PARTIAL'] : [];
    t.deepEqual([...new Set(statuses)].sort(), [...adjusted, 'COMPLETE', 'FAILED', 'PARTIAL', 'RECEIVED'], name);
  }
  t.deepEqual((await sync(ledger)).warnings, []);
  t.deepEqual(await differences(ledger), []);
  t.is((await sync(ledger)).written, 0);
  ledger.sandbox.clock.advance(3 * hour);
  const numbers = [...held.numbers()].slice(0, 3).map(({ telephoneNumber }) => telephoneNumber);
  for (const { name } of kinds) held.placeFeatureOrder(name, numbers, numbers.slice(1));
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
  for (const { name } of kinds) held.placeFeatureOrder(name, numbers);
  const changes = async () => {
    t.is((await ledger.run('nightly')).result, 'succeeded');
    return ledger.query(
      'select change, order_kind, before, after from night_changes where order_kind is not null order by 2',
    );
  };
  t.deepEqual(
    await changes(),
    tables.map((order_kind) => ({
      change: 'order placed',
      order_kind,
      before: null,
      after: 'RECEIVED',
    })),
  );
  const histories = () => ledger.query('select * from number_status_history order by 1, 2, 3');
  const before = await histories();
  ledger.sandbox.clock.advance(3 * hour);
  const ended = { change: 'order status', before: 'RECEIVED', after: 'COMPLETE' };
  t.deepEqual(
    await changes(),
    tables.map((order_kind) => ({ ...ended, order_kind })),
  );
  t.deepEqual(await histories(), before);
});

test('without the role, the run succeeds with a warning per job, and stored orders stay', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 20, features: 5 } });
  await sync(ledger);
  const stored = () => Promise.all(kinds.map(({ table }) => ledger.query(`select * from ${table} order by 1, 2`)));
  const before = await stored();
  ledger.sandbox.oddities = { 'forbid-features': 1 };
  const night = await ledger.run('nightly');
  t.is(night.result, 'succeeded', night.error?.message);
  const warned = night.parts.filter(({ warnings }) => warnings.length > 0);
  t.deepEqual(
    warned.map(({ job }) => job),
    kinds.map(({ job }) => job.name),
  );
  for (const [n, { titles }] of kinds.entries()) {
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
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5, features: 3 } });
  const origin = await startProxy(t, ledger.sandbox, ({ url = '' }) =>
    /\/(?:tnoptions|lidbs|dldas|e911s)\b/.test(url) ? { status: 404 } : undefined,
  );
  const client = ledger.openClient({ apiUrl: `${origin}/api` });
  t.teardown(() => client.close());
  for (const { job, titles } of kinds) {
    const { result, error, warnings } = await ledger.run(job.name, { client });
    t.is(result, 'succeeded', error?.message);
    t.regex(warnings.join(), new RegExp(`^${titles.many} were not read, .* status 404`));
  }
  t.deepEqual(await ledger.query('select from sync_watermarks'), []);
  t.deepEqual((await sync(ledger)).warnings, []);
  t.deepEqual(await differences(ledger), []);
});
