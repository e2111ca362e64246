import anyTest, { type TestFn } from 'ava';
import { plan } from '../../jobs/nightly.js';
import { misbehave } from '../sandbox/support/misbehave.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { seed } from '../support/seed.js';
import { expectedOrders, orderDifferences } from '../sync/support/expected-orders.js';
import { finishNightly, killNightly, randomFrom } from '../sync/support/kills.js';
import { account, type Ledger, leftovers, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** The jobs that read lists by windows, in the order of the nightly run. */
const jobs = plan
  .map(({ name }) => name)
  .filter((name) =>
    /^sync-(orders|disconnects|disconnected-numbers|portins|portouts|imported-numbers|external-tns|number-assignments|tnoptions|lidbs|dldas|e911s|lsrorders|bulk-portins)$/.test(
      name,
    ),
  );
const few = {
  numbers: 300,
  orders: 25,
  disconnects: 12,
  portins: 12,
  portouts: 8,
  assignments: 8,
  imports: 12,
  externals: 12,
  features: 12,
  open: 0.1,
};
const amounts = {
  numbers: 800,
  orders: 60,
  disconnects: 40,
  portins: 40,
  portouts: 30,
  assignments: 30,
  imports: 60,
  externals: 30,
  features: 40,
  open: 0.1,
};
const hour = 3_600_000;

/** The differences between the tables and the sandbox. */
async function differences(ledger: Ledger): Promise<string[]> {
  const found: string[] = [];
  for (const resource of orderDetailResources) found.push(...(await orderDifferences(ledger, resource)));
  const stored = await ledger.query(
    'select telephone_number, disconnected_at, order_id from disconnected_numbers order by 1',
  );
  const lines = stored.map((row) => JSON.stringify(Object.values(row)));
  const expected = ledger.sandbox
    .account(account)
    .disconnectedNumbers()
    .map(({ telephoneNumber, disconnectedAt, orderId }) =>
      JSON.stringify([telephoneNumber, orderId === undefined ? null : disconnectedAt, orderId ?? null]),
    );
  found.push(...expected.filter((line) => !lines.includes(line)).map((line) => `disconnected_numbers lacks ${line}`));
  found.push(...lines.filter((line) => !expected.includes(line)).map((line) => `disconnected_numbers has ${line}`));
  return found;
}

async function runAll(ledger: Ledger): Promise<number> {
  let written = 0;
  for (const job of jobs) {
    const report = await ledger.run(job);
    if (report.result !== 'succeeded') throw report.error ?? new Error(`${job}: ${report.result}`);
    written += report.counts.rowsWritten;
  }
  return written;
}

test('after each run the order tables match the account, and a quiet run takes one request per list', async (t) => {
  // No run is in the future by the database's clock.
  const now = new Date('2025-01-01T00:00:00Z');
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { ...amounts, seed: 5, now, datesUntil: now },
    pageSize: 10,
  });
  const { sandbox } = ledger;
  await runAll(ledger);
  const held = sandbox.account(account);
  for (const { kind } of orderDetailResources) t.true(expectedOrders(held, kind).size >= 30, kind);
  t.true(held.portIns().some(({ status }) => status === 'DRAFT'));
  t.true(held.disconnectedNumbers().length > 50);
  t.deepEqual(await differences(ledger), []);
  for (let night = 1; night <= 2; night += 1) {
    held.busyDay(night);
    sandbox.clock.advance(24 * hour);
    await runAll(ledger);
    t.deepEqual(await differences(ledger), [], `night ${night}`);
  }
  t.deepEqual(await leftovers(ledger), []);

  // Nothing changes anymore, and the last changes are outside every window.
  sandbox.clock.advance(400 * 24 * hour);
  await runAll(ledger);
  sandbox.clock.advance(5 * 24 * hour);
  await runAll(ledger);
  sandbox.clearRequests();
  t.is(await runAll(ledger), 0);
  const lists = sandbox.requests.map(({ path }) => path.split('/').slice(4)).filter((path) => path.length === 1);
  t.deepEqual(lists.flat().sort(), [
    'bulkPortins',
    'discnumbers',
    'disconnects',
    'dldas',
    'e911s',
    'externalTns',
    'importTnOrders',
    'lidbs',
    'lsrorders',
    'numbersAssignment',
    'orders',
    'portins',
    'portins',
    'portouts',
    'removeImportedTnOrders',
    'tnoptions',
  ]);
  t.deepEqual(await leftovers(ledger), []);
});

test('with 5 % of each kind of fault, the order tables end up the same', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { ...few, seed: 6 },
    pageSize: 4,
    client: { timeouts: { firstByteMs: 1000, betweenBytesMs: 300 }, retry: { baseMs: 5 } },
  });
  // Without 429, which would slow the test down: other tests cover pauses.
  const faults = ['500', 'reset', 'truncate', 'html', 'duplicate-page', 'raw-links'] as const;
  ledger.sandbox.faults = Object.fromEntries(faults.map((kind) => [kind, 0.05]));
  for (let night = 0; night < 2; night += 1) {
    if (night > 0) ledger.sandbox.account(account).busyDay(night);
    for (const job of jobs) {
      let runs = 0;
      for (let done = false; !done; runs += 1) {
        t.true(runs < 5, `five runs of ${job} do not complete it`);
        done = (await ledger.run(job)).result === 'succeeded';
      }
    }
    // A failed order is read by the next run.
    ledger.sandbox.faults = {};
    await runAll(ledger);
    t.deepEqual(await differences(ledger), []);
  }
});

test('a short list fails by name and does not move the watermark', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { ...few, seed: 7 } });
  ledger.sandbox.faults = { 'short-list': 1 };
  for (const job of jobs) {
    const { result, error } = await ledger.run(job, { since: '2015-01-01' });
    t.is(result, 'failed', job);
    t.regex(
      error?.message ?? '',
      /^The list of .+ of account 9900000 from \S+ to \S+, is not complete: after 3 readings, /,
    );
  }
  for (const { since, read_to } of await ledger.query('select since::text, read_to::text from sync_watermarks')) {
    t.is(since, '2015-01-01');
    t.true((read_to as string) < '2026-01-01');
  }
  t.deepEqual(await leftovers(ledger), []);
  ledger.sandbox.faults = {};
  await runAll(ledger);
  t.deepEqual(await differences(ledger), []);
});

test('invalid list entries of every known kind are reported and affect no other entry', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { ...few, seed: 8 }, pageSize: 5 });
  const held = ledger.sandbox.account(account);
  const reading = {
    orders: ['sync-orders', 'orders'],
    disconnects: ['sync-disconnects', 'disconnects'],
    portins: ['sync-portins', 'portins'],
    portouts: ['sync-portouts', 'portouts'],
    numbersAssignment: ['sync-number-assignments', 'number_assignment_orders'],
    importTnOrders: ['sync-imported-numbers', 'import_tn_orders'],
  } as const;
  for (const [kind, [job, table]] of Object.entries(reading) as [keyof typeof reading, readonly [string, string]][]) {
    const affected = misbehave(held, kind, ['no-id', 'impossible-date', 'repeated', 'odd-id']);
    const { result, error, warnings } = await ledger.run(job);
    t.is(result, 'succeeded', `${kind}: ${error?.message}`);
    t.regex(warnings.join('\n'), /[12] × entry without an order id \(skipped\), such as /, kind);
    t.regex(
      warnings.join('\n'),
      /[12] × \w*Date that is not in a known date format \(kept in raw; .*such as "2014-13-45T25:61:00Z" of /,
      kind,
    );
    const stored = (await ledger.query<{ order_id: string }>(`select order_id from ${table}`)).map(
      ({ order_id }) => order_id,
    );
    const ids = {
      orders: held.orders(),
      disconnects: held.disconnects(),
      portins: held.portIns(),
      portouts: held.portOuts(),
      numbersAssignment: held.assignmentOrders(),
      importTnOrders: held.importOrders(),
    }[kind].map(({ orderId }) => orderId);
    const wanted = ids
      .filter((id) => id !== affected['no-id'])
      .map((id) => (id === affected['odd-id'] ? "a/b?c'; drop table" : id));
    t.deepEqual(stored.sort(), wanted.sort(), kind);
    const [odd] = await ledger.query(`select raw->'list' as list from ${table} where order_id = $1`, [
      affected['impossible-date'],
    ]);
    t.true(Object.values(odd?.list as object).includes('2014-13-45T25:61:00Z'), kind);
  }
  t.deepEqual(await leftovers(ledger), []);
});

test('runs killed while they read orders store the same in the end and leave nothing behind', async (t) => {
  const random = randomFrom(seed);
  const ledger = await openLedger(t, t.context.server, { sandbox: { ...few, seed: 9 }, pageSize: 6 });
  const beforeOrders = 2 * Math.ceil(few.numbers / 6);
  const listRequests = 150;
  for (let n = 0; n < 2; n += 1) {
    const request = beforeOrders + random(listRequests / 2) + (n * listRequests) / 2;
    await killNightly(t, ledger, { request: Math.round(request), answered: random(2) === 0 });
  }
  await killNightly(t, ledger, { table: 'sync_watermarks' });
  await finishNightly(t, ledger);
  t.deepEqual(await differences(ledger), []);
  t.deepEqual(await leftovers(ledger), []);
});
