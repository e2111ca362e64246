import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { portinDetails, portoutDetails } from '../support/resources.js';
import { orderDifferences } from '../sync/support/expected-orders.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

async function sync(ledger: Ledger): Promise<void> {
  for (const job of ['sync-portins', 'sync-portouts']) {
    const { result, error } = await ledger.run(job);
    if (result !== 'succeeded') throw error ?? new Error(result);
  }
}

test('port-outs in the list of port-ins are stored like those in their own list', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 300, portins: 20, portouts: 20, oddities: { 'portouts-in-portins': 7 } },
    pageSize: 6,
  });
  await sync(ledger);
  for (const resource of [portinDetails, portoutDetails]) t.deepEqual(await orderDifferences(ledger, resource), []);
  ledger.sandbox.oddities = {};
  t.is((await ledger.run('sync-portouts', { full: true })).counts.rowsWritten, 0);
});

test('ports within Bandwidth are stored as internal, from the list and from the order', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 300, portins: 20, oddities: { 'internal-ports': 3 } },
  });
  const complete = ledger.sandbox
    .account(account)
    .portIns()
    .filter(({ status }) => status === 'COMPLETE');
  await sync(ledger);
  const rows = await ledger.query<{ order_id: string; port_type: string }>(
    'select order_id, port_type from portins where internal',
  );
  t.deepEqual(
    rows.map(({ order_id }) => order_id).sort(),
    complete
      .slice(0, 3)
      .map(({ orderId }) => orderId)
      .sort(),
  );
  t.true(rows.every(({ port_type }) => port_type === 'INTERNAL'));
  t.is((await ledger.run('sync-portins', { full: true })).counts.rowsWritten, 0);
});
