import anyTest, { type TestFn } from 'ava';
import { externalTns } from '../../src/dashboard/resources/external-tns.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { statusIntervals } from '../sync/support/contents.js';
import { orderDifferences } from '../sync/support/expected-orders.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const hour = 3_600_000;
const day = 24 * hour;
/** A sandbox whose clock can go forward and stays before that of the database. */
const past = (days: number) => ({ numbers: 20, now: new Date(Date.now() - days * day) });

async function sync(ledger: Ledger, ...jobs: string[]): Promise<string[]> {
  const warned: string[] = [];
  for (const job of jobs.length === 0 ? [externalTns.job.name] : jobs) {
    const { result, error, warnings } = await ledger.run(job);
    if (result !== 'succeeded') throw error ?? new Error(result);
    warned.push(...warnings);
  }
  return warned;
}

/** The view's rows for a number: kind and id of the importing order, and the period. */
async function periods(ledger: Ledger, number: string): Promise<unknown[][]> {
  const rows = await ledger.query(
    `select order_kind, order_id, imported_at, removed_at from imported_numbers
      where account_id = $1 and telephone_number = $2 order by imported_at`,
    [account, number],
  );
  return rows.map((row) => Object.values(row));
}

test('orders are taken from the list, without orderDetails and a request each, and a second run writes nothing', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 200, externals: 30 } });
  t.deepEqual(await sync(ledger), []);
  t.deepEqual(await orderDifferences(ledger, externalTns.details), []);
  const paths = ledger.sandbox.requests.filter(({ path }) => path.includes('/externalTns'));
  t.true(paths.every(({ path, query }) => path.endsWith('/externalTns') && query.orderDetails === undefined));
  t.is((await ledger.run(externalTns.job.name)).counts.rowsWritten, 0);
});

test('an open order imports nothing until it ends, and then only the numbers that it accepted', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: past(3) });
  const held = ledger.sandbox.account(account);
  const order = held.placeExternal({ action: 'IMPORT', numbers: 3, outcome: 'PARTIAL' });
  const [good, failed] = order.numbers.map(({ telephoneNumber }) => telephoneNumber) as [string, string];
  await sync(ledger);
  t.deepEqual(await periods(ledger, good), []);
  ledger.sandbox.clock.advance(day);
  await sync(ledger);
  t.deepEqual(await periods(ledger, good), [['external_tns', order.orderId, order.orderDate, null]]);
  t.deepEqual(await periods(ledger, failed), []);
  t.deepEqual(await orderDifferences(ledger, externalTns.details), []);
});

test('a removal of either kind ends an import of either kind', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: past(3) });
  const held = ledger.sandbox.account(account);
  const external = held.placeExternal({ action: 'IMPORT', done: true });
  const imported = held.placeImport({ done: true });
  const [first, second] = [external, imported].map(({ numbers }) => numbers[0]?.telephoneNumber) as [string, string];
  ledger.sandbox.clock.advance(day);
  const removal = held.placeRemoval({ numbers: [first], done: true });
  const other = held.placeExternal({ action: 'REMOVE', numbers: [second], done: true });
  await sync(ledger, 'sync-imported-numbers', externalTns.job.name);
  t.deepEqual(await periods(ledger, first), [
    ['external_tns', external.orderId, external.orderDate, removal.orderDate],
  ]);
  t.deepEqual(await periods(ledger, second), [
    ['import_tn_orders', imported.orderId, imported.orderDate, other.orderDate],
  ]);
  t.deepEqual(await statusIntervals(ledger, first), [
    ['Inservice', external.orderDate, external.orderId, removal.orderDate, removal.orderId],
  ]);
});

test('a number imported, reset, removed and imported again on one day has two periods and two stays', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: past(2) });
  const held = ledger.sandbox.account(account);
  const place = (action: 'IMPORT' | 'REMOVE', numbers: string[] | number) => {
    ledger.sandbox.clock.advance(hour);
    return held.placeExternal({ action, numbers, done: true });
  };
  const first = place('IMPORT', 1);
  const numbers = first.numbers.map(({ telephoneNumber }) => telephoneNumber);
  place('IMPORT', numbers);
  const removal = place('REMOVE', numbers);
  const again = place('IMPORT', numbers);
  const last = place('REMOVE', numbers);
  await sync(ledger);
  t.deepEqual(await periods(ledger, numbers[0] as string), [
    ['external_tns', first.orderId, first.orderDate, removal.orderDate],
    ['external_tns', again.orderId, again.orderDate, last.orderDate],
  ]);
  t.deepEqual(await statusIntervals(ledger, numbers[0] as string), [
    ['Inservice', first.orderDate, first.orderId, removal.orderDate, removal.orderId],
    ['Inservice', again.orderDate, again.orderId, last.orderDate, last.orderId],
  ]);
});

test('a number that another list imported too, and one that was reset, are in service since the first import', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: past(5) });
  const held = ledger.sandbox.account(account);
  const first = held.placeImport({ done: true });
  const numbers = first.numbers.map(({ telephoneNumber }) => telephoneNumber);
  ledger.sandbox.clock.advance(day);
  held.placeExternal({ action: 'IMPORT', numbers, done: true });
  await sync(ledger, externalTns.job.name, 'sync-imported-numbers', 'sync-inservice-numbers');
  t.deepEqual(await statusIntervals(ledger, numbers[0] as string), [
    ['Inservice', first.orderDate, first.orderId, null, null],
  ]);
  t.deepEqual(await periods(ledger, numbers[0] as string), [
    ['import_tn_orders', first.orderId, first.orderDate, null],
  ]);
});

test('external numbers are left out of NRUF counts until they are removed, and night_changes names the orders', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: past(4) });
  const held = ledger.sandbox.account(account);
  const order = held.placeExternal({ action: 'IMPORT', done: true, userId: 'anna' });
  const number = order.numbers[0]?.telephoneNumber as string;
  const changes = async () => {
    await sync(ledger, 'nightly');
    const rows = await ledger.query<{ line: string }>(
      `select concat_ws(' ', change, coalesce(before, '-'), '>', coalesce(after, '-'), order_kind, user_id) as line
         from night_changes where telephone_number = $1 or order_kind = 'external_tns' order by 1`,
      [number],
    );
    return rows.map(({ line }) => line);
  };
  const counted = async (date: Date) =>
    ledger.query(`select left_out from nruf_number_categories($1::date) where telephone_number = $2`, [
      date.toISOString().slice(0, 10),
      number,
    ]);
  await changes();
  const during = ledger.sandbox.clock.now();
  t.deepEqual(await counted(during), [{ left_out: 'imported' }]);
  ledger.sandbox.clock.advance(day);
  held.placeExternal({ action: 'REMOVE', numbers: [number], done: true, userId: 'bert' });
  t.deepEqual(await changes(), [
    'number left Inservice > - external_tns bert',
    'order placed - > COMPLETE external_tns bert',
  ]);
  t.deepEqual(await counted(during), [{ left_out: 'imported' }]);
  t.deepEqual(await counted(ledger.sandbox.clock.now()), []);
});

test('an order with another action has no effect, and the report names it', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5 } });
  await ledger.query(
    `insert into external_tns (account_id, order_id, status, action, order_date) values ($1, 'a', 'COMPLETE', 'MOVE', now())`,
    [account],
  );
  await ledger.query(
    `insert into external_tns_numbers (account_id, order_id, telephone_number, outcome) values ($1, 'a', '2025550123', 'ACCEPTED')`,
    [account],
  );
  t.deepEqual(await periods(ledger, '2025550123'), []);
  t.deepEqual(
    await ledger.query(`select effect, took_effect, effect_at from order_numbers where order_kind = 'external_tns'`),
    [{ effect: null, took_effect: false, effect_at: null }],
  );
  const [, concern] = externalTns.concerns;
  t.deepEqual(await ledger.query(`select order_id from external_tns where ${concern?.condition}`), [{ order_id: 'a' }]);
});
