import anyTest, { type TestFn } from 'ava';
import type { SandboxAccount } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { importDetails, removeImportedDetails } from '../support/resources.js';
import { statusIntervals } from '../sync/support/contents.js';
import { orderDifferences } from '../sync/support/expected-orders.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'sync-imported-numbers';
const day = 86_400_000;

async function sync(ledger: Ledger): Promise<readonly string[]> {
  const { result, error, warnings } = await ledger.run(job);
  if (result !== 'succeeded') throw error ?? new Error(result);
  return warnings;
}

async function differences(ledger: Ledger): Promise<string[]> {
  return [
    ...(await orderDifferences(ledger, importDetails)),
    ...(await orderDifferences(ledger, removeImportedDetails)),
  ];
}

/** The view's rows for a number: the importing order, and the period. */
async function periods(ledger: Ledger, number: string): Promise<unknown[][]> {
  const rows = await ledger.query(
    `select order_id, imported_at, removed_at from imported_numbers
      where account_id = $1 and telephone_number = $2 order by imported_at`,
    [account, number],
  );
  return rows.map((row) => Object.values(row));
}

function importOne(held: SandboxAccount, numbers?: readonly string[]) {
  const order = held.placeImport({ ...(numbers && { numbers }), done: true });
  return { order, number: order.numbers[0]?.telephoneNumber as string };
}

test('nested summaries are read once each, like plain ones', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 200, imports: 30, oddities: { 'nested-summaries': 1 } },
  });
  t.deepEqual(await sync(ledger), []);
  t.deepEqual(await differences(ledger), []);
  ledger.sandbox.oddities = {};
  t.is((await ledger.run(job, { full: true })).counts.rowsWritten, 0);
});

test('an order that is open is read until it ends, and only then imports or removes its numbers', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 20 } });
  const held = ledger.sandbox.account(account);
  const order = held.placeImport({ numbers: 3, outcome: 'PARTIAL' });
  const [good, failed] = order.numbers.map(({ telephoneNumber }) => telephoneNumber) as [string, string];
  await sync(ledger);
  t.deepEqual(await ledger.query('select status from import_tn_orders'), [{ status: 'RECEIVED' }]);
  t.deepEqual(await ledger.query('select telephone_number from imported_numbers'), []);
  ledger.sandbox.clock.advance(day);
  await sync(ledger);
  t.deepEqual(await differences(ledger), []);
  t.deepEqual(await periods(ledger, good), [[order.orderId, order.orderDate, null]]);
  t.deepEqual(await periods(ledger, failed), []);
  const removal = held.placeRemoval({ numbers: [good, failed] });
  await sync(ledger);
  t.deepEqual(await periods(ledger, good), [[order.orderId, order.orderDate, null]]);
  ledger.sandbox.clock.advance(day);
  await sync(ledger);
  t.deepEqual(await differences(ledger), []);
  t.is(held.removals()[0]?.status, 'PARTIAL');
  t.deepEqual(await periods(ledger, good), [[order.orderId, order.orderDate, removal.orderDate]]);
});

test('imported_numbers has one period per import of a number', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 20 } });
  const held = ledger.sandbox.account(account);
  const { order: first, number } = importOne(held);
  ledger.sandbox.clock.advance(day);
  const removal = held.placeRemoval({ numbers: [number], done: true });
  ledger.sandbox.clock.advance(day);
  const { order: second } = importOne(held, [number]);
  ledger.sandbox.clock.advance(day);
  const refused = held.placeRemoval({ numbers: ['2025550123'], done: true });
  t.is(refused.status, 'FAILED');
  await sync(ledger);
  t.deepEqual(await periods(ledger, number), [
    [first.orderId, first.orderDate, removal.orderDate],
    [second.orderId, second.orderDate, null],
  ]);
  // Another import of an imported number starts no new period.
  await ledger.query(
    `insert into import_tn_orders (account_id, order_id, status, order_date) values ($1, 'again', 'COMPLETE', now());`,
    [account],
  );
  await ledger.query(
    `insert into import_tn_orders_numbers (account_id, order_id, telephone_number) values ($1, 'again', $2)`,
    [account, number],
  );
  t.is((await periods(ledger, number)).length, 2);
});

test('with an unknown outcome, an import counts and a removal does not', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 20 } });
  for (const [table, date] of [
    ['import_tn_orders', '2026-01-01'],
    ['remove_imported_tn_orders', '2026-02-01'],
  ]) {
    await ledger.query(
      `insert into ${table} (account_id, order_id, status, order_date) values ($1, 'a', 'PARTIAL', $2)`,
      [account, date],
    );
    await ledger.query(
      `insert into ${table}_numbers (account_id, order_id, telephone_number, outcome) values ($1, 'a', '2025550123', 'UNKNOWN')`,
      [account],
    );
  }
  t.deepEqual(await periods(ledger, '2025550123'), [['a', new Date('2026-01-01T00:00:00Z'), null]]);
});

test('a removal dates the end of service, and an import its start if nothing else does', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 20, now: new Date(Date.now() - day) },
  });
  const held = ledger.sandbox.account(account);
  const { order, number } = importOne(held);
  // Imported and removed again before any run saw it.
  const { order: unseen, number: brief } = importOne(held);
  ledger.sandbox.clock.advance(day);
  const removedEarly = held.placeRemoval({ numbers: [brief], done: true });
  const night = async () => {
    const { result, error } = await ledger.run('nightly');
    t.is(result, 'succeeded', error?.message);
  };
  await night();
  t.deepEqual(await statusIntervals(ledger, brief), [
    ['Inservice', unseen.orderDate, unseen.orderId, removedEarly.orderDate, removedEarly.orderId],
  ]);
  const inServiceSince = [...held.numbers()].find(({ telephoneNumber }) => telephoneNumber === number)?.inServiceDate;
  t.deepEqual(await statusIntervals(ledger, number), [['Inservice', inServiceSince, null, null, null]]);
  const removal = held.placeRemoval({ numbers: [number], done: true });
  await night();
  t.deepEqual(await statusIntervals(ledger, number), [
    ['Inservice', inServiceSince, null, removal.orderDate, removal.orderId],
  ]);
  t.is((await ledger.query('select from disconnected_numbers')).length, 0);
  t.is((await ledger.run(job)).counts.rowsWritten, 0);
  t.deepEqual(await periods(ledger, number), [[order.orderId, order.orderDate, removal.orderDate]]);
});

test('a number first seen after its import was read is in service since the import', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 20, now: new Date(Date.now() - day) },
  });
  const { order, number } = importOne(ledger.sandbox.account(account));
  await sync(ledger);
  // The in-service list alone, which has no dates.
  t.is((await ledger.run('sync-inservice-numbers')).result, 'succeeded');
  t.deepEqual(await statusIntervals(ledger, number), [['Inservice', order.orderDate, order.orderId, null, null]]);
});

test('night_changes shows imports, removals and their status changes', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 20, now: new Date(Date.now() - day) },
  });
  const held = ledger.sandbox.account(account);
  const open = held.placeImport({ numbers: 1, userId: 'anna' });
  const night = async () => {
    const { result, error } = await ledger.run('nightly');
    t.is(result, 'succeeded', error?.message);
    const rows = await ledger.query<{ line: string }>(
      `select concat_ws(' ', change, telephone_number, coalesce(before, '-'), '>', coalesce(after, '-'), order_kind, user_id) as line
         from night_changes where change <> 'number new' or order_kind is not null`,
    );
    return rows.map(({ line }) => line).sort();
  };
  t.deepEqual(await night(), ['order placed - > RECEIVED import_tn_orders anna']);
  ledger.sandbox.clock.advance(day);
  const [number] = open.numbers.map(({ telephoneNumber }) => telephoneNumber);
  t.deepEqual(await night(), [
    `number new ${number} - > Inservice import_tn_orders anna`,
    'order status RECEIVED > COMPLETE import_tn_orders anna',
  ]);
  held.placeRemoval({ numbers: [number as string], userId: 'bert', done: true });
  t.deepEqual(await night(), [
    `number left ${number} Inservice > - remove_imported_tn_orders bert`,
    'order placed - > COMPLETE remove_imported_tn_orders bert',
  ]);
});
