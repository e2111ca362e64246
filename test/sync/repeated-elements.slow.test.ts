import anyTest, { type TestFn } from 'ava';
import { parseListPage } from '../../src/dashboard/list-page.js';
import { collectWarnings } from '../../src/sync/value-warnings.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources, portouts, portoutsListing } from '../support/resources.js';
import { ledgerVersions } from './support/contents.js';
import { orderDifferences } from './support/expected-orders.js';
import { openLedger } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('orders with elements in two spellings are stored like those with one', async (t) => {
  const amounts = { orders: 60, disconnects: 30, portins: 40, portouts: 30, assignments: 30 };
  const oddities = { 'repeated-elements': 1 };
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600, seed: 6, oddities, ...amounts } });
  const first = await ledger.run('nightly');
  t.is(first.result, 'succeeded', first.error?.message);
  t.deepEqual(
    first.parts.flatMap(({ warnings }) => warnings),
    [],
  );
  for (const resource of orderDetailResources) t.deepEqual(await orderDifferences(ledger, resource), [], resource.kind);
  const before = await ledgerVersions(ledger);
  ledger.sandbox.oddities = {};
  const second = await ledger.run('nightly');
  t.is(second.counts.rowsWritten, 0, second.error?.message);
  t.deepEqual(await ledgerVersions(ledger), before);
});

test('an order with two dates in a list keeps the first, the other in raw, with a warning', (t) => {
  const page = (inside: string) =>
    `<LNPResponseWrapper><lnpPortInfoForGivenStatus><OrderId>a</OrderId>${inside}</lnpPortInfoForGivenStatus></LNPResponseWrapper>`;
  const row = (inside: string) => {
    const [item] = parseListPage(page(inside), portouts).items;
    const warnings = collectWarnings();
    const values = item === undefined ? [] : portoutsListing.toRow(item, warnings, '9900000');
    return { values, warnings: warnings.sentences() };
  };
  const { values, warnings } = row('<OrderStatus>COMPLETE</OrderStatus><orderStatus>FAILED</orderStatus>');
  t.true(values.includes('COMPLETE'));
  t.deepEqual(JSON.parse(String(values.at(-1))), { orderStatus: 'FAILED' });
  t.deepEqual(warnings, [
    '1 × OrderStatus that is repeated with different values (values without a column are kept in raw), such as "FAILED" of a',
  ]);
  // A port-out may have several different numbers.
  t.deepEqual(row('<FullNumber>9199918388</FullNumber><FullNumber>9199918389</FullNumber>').warnings, []);
});
