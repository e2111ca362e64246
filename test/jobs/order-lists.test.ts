import anyTest, { type TestFn } from 'ava';
import { plan } from '../../jobs/nightly.js';
import { orderDetailResources } from '../../src/dashboard/order-details.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { expectedOrders, orderDifferences } from '../sync/support/expected-orders.js';
import { account, type Ledger, leftovers, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const jobs = plan.map(({ name }) => name).filter((name) => /^sync-(?!inservice|number-details)/.test(name));
const few = { numbers: 300, orders: 25, disconnects: 12, portins: 12, portouts: 8, assignments: 8, open: 0.1 };
const amounts = { numbers: 1500, orders: 120, disconnects: 60, portins: 60, portouts: 30, assignments: 40, open: 0.1 };
const hour = 3_600_000;

/** What the tables hold otherwise than the sandbox. */
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

test('after each night the tables of orders hold what the account has, row by row; a quiet night asks once a list', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { ...amounts, seed: 5 }, pageSize: 25 });
  const { sandbox } = ledger;
  await runAll(ledger);
  const held = sandbox.account(account);
  for (const { kind } of orderDetailResources) t.true(expectedOrders(held, kind).size >= 30, kind);
  t.true(held.portIns().some(({ status }) => status === 'DRAFT'));
  t.true(held.disconnectedNumbers().length > 100);
  t.deepEqual(await differences(ledger), []);
  for (let night = 1; night <= 3; night += 1) {
    held.night(night);
    sandbox.clock.advance(24 * hour);
    await runAll(ledger);
    t.deepEqual(await differences(ledger), [], `night ${night}`);
  }
  t.deepEqual(await leftovers(ledger), []);

  // Nothing happens any more, and what happened last is out of every window.
  sandbox.clock.advance(400 * 24 * hour);
  await runAll(ledger);
  sandbox.clock.advance(5 * 24 * hour);
  await runAll(ledger);
  sandbox.clearRequests();
  t.is(await runAll(ledger), 0);
  const lists = sandbox.requests.map(({ path }) => path.split('/').slice(4)).filter((path) => path.length === 1);
  t.deepEqual(lists.flat().sort(), [
    'discnumbers',
    'disconnects',
    'numbersAssignment',
    'orders',
    'portins',
    'portins',
    'portouts',
  ]);
  t.deepEqual(await leftovers(ledger), []);
});

test('with 5 % of each kind of fault, the tables of orders come to the same', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { ...few, seed: 6 },
    pageSize: 4,
    client: { timeouts: { firstByteMs: 1000, betweenBytesMs: 300 }, retry: { baseMs: 5 } },
  });
  // Without 429, which makes the test wait: pauses are tested where they are made.
  const faults = ['500', 'reset', 'truncate', 'html', 'duplicate-page', 'raw-links'] as const;
  ledger.sandbox.faults = Object.fromEntries(faults.map((kind) => [kind, 0.05]));
  for (let night = 0; night < 2; night += 1) {
    if (night > 0) ledger.sandbox.account(account).night(night);
    for (const job of jobs) {
      let runs = 0;
      for (let done = false; !done; runs += 1) {
        t.true(runs < 5, `five runs of ${job} do not make a night`);
        done = (await ledger.run(job)).result === 'succeeded';
      }
    }
    // An order that was given up on is read the next night.
    ledger.sandbox.faults = {};
    await runAll(ledger);
    t.deepEqual(await differences(ledger), []);
  }
});

test('a list that is short fails by name and leaves the watermark where it was', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { ...few, seed: 7 } });
  ledger.sandbox.faults = { 'short-list': 1 };
  for (const job of jobs) {
    const { result, error } = await ledger.run(job, { since: '2015-01-01' });
    t.is(result, 'failed', job);
    t.regex(
      error?.message ?? '',
      /^The list of .+ of account 9900000 from \S+ to \S+, is not complete: after 3 readings /,
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
