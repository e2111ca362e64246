import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { readNumberDetails } from '../../src/dashboard/pager.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { size } from '../support/sizes.js';
import { e164Places, ledgerVersions } from './support/contents.js';
import { differences, expectedRow, storedRows } from './support/expected-numbers.js';
import { orderDifferences } from './support/expected-orders.js';
import { account, type Ledger, leftovers, openLedger } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const sandbox = {
  seed: 21,
  ...size({
    test: { numbers: 300, orders: 12, disconnects: 8, portins: 8, portouts: 6, assignments: 8 },
    soak: { numbers: 1500, orders: 80, disconnects: 40, portins: 40, portouts: 30, assignments: 40 },
  }),
};
const pageSize = size({ test: 100, soak: 400 });

async function night(t: ExecutionContext, ledger: Ledger): Promise<number> {
  const report = await ledger.run('nightly');
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(
    report.parts.flatMap(({ warnings }) => warnings),
    [],
  );
  return report.counts.rowsWritten;
}

/** All numbers and orders of the sandbox, with ten-digit numbers. */
async function compare(t: ExecutionContext, ledger: Ledger): Promise<void> {
  const held = new Map(
    [...ledger.sandbox.account(account).numbers()].map((each) => [each.telephoneNumber, expectedRow(each)]),
  );
  const stored = await storedRows(ledger, account, 'removed_at is null');
  for (const row of stored.values()) row.assignment_status = null;
  t.deepEqual(differences(stored, held), []);
  for (const resource of orderDetailResources) t.deepEqual(await orderDifferences(ledger, resource), [], resource.kind);
  const gone = ledger.sandbox.account(account).disconnectedNumbers();
  t.true(gone.length > 0);
  t.deepEqual(
    (await ledger.query('select telephone_number as n from disconnected_numbers order by 1')).map(({ n }) => n),
    gone.map(({ telephoneNumber }) => telephoneNumber).sort(),
  );
  t.deepEqual(await e164Places(ledger), []);
  t.deepEqual(await leftovers(ledger), []);
}

for (const e164 of size({ test: [0.5], soak: [0.5, 1] })) {
  test(`numbers sent as +1 and ten digits (${e164 * 100} %) are stored as ten digits`, async (t) => {
    const ledger = await openLedger(t, t.context.server, {
      sandbox: { ...sandbox, oddities: { e164 } },
      pageSize,
    });
    t.true((await night(t, ledger)) > 0);
    await compare(t, ledger);
    const before = await ledgerVersions(ledger);
    t.is(await night(t, ledger), 0);
    t.deepEqual(await ledgerVersions(ledger), before, 'a quiet run');

    // All other data (raw, histories) is the same too: reading ten-digit numbers changes nothing.
    ledger.sandbox.oddities = {};
    t.is(await night(t, ledger), 0);
    t.deepEqual(await ledgerVersions(ledger), before, 'read in ten digits');
  });
}

test('a ledger of ten-digit numbers does not change when the API switches to E.164', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox });
  await night(t, ledger);
  const before = await ledgerVersions(ledger);
  for (const e164 of size({ test: [0.5], soak: [0.5, 1, 0] })) {
    ledger.sandbox.oddities = { e164 };
    t.is(await night(t, ledger), 0);
    t.deepEqual(await ledgerVersions(ledger), before, `share ${e164}`);
  }
});

test('orders read again with numbers in the other format do not change', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox });
  const contents = async () => {
    const found: unknown[] = [];
    for (const { table, numbers } of orderDetailResources) {
      found.push(
        await ledger.query(`select to_jsonb(o) - 'changed_at' - 'details_at' as row from ${table} o order by order_id`),
      );
      if (numbers)
        found.push(await ledger.query(`select xmin::text, n::text as row from ${numbers.table} n order by 2`));
    }
    return found;
  };
  await night(t, ledger);
  const before = await contents();
  ledger.sandbox.oddities = { e164: 0.5 };
  for (const { table } of orderDetailResources) await ledger.query(`update ${table} set details_at = null`);
  ledger.sandbox.clearRequests();
  await night(t, ledger);
  const byId = ledger.sandbox.requests.filter(({ path }) => path.split('/').length > 5);
  const { orders, disconnects, portins, portouts, assignments } = sandbox;
  t.true(byId.length >= orders + disconnects + portins + portouts + assignments, `${byId.length}`);
  t.deepEqual(await contents(), before);
});

test('looked-up numbers are found in whichever format the response and its errors use', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 40, oddities: { e164: 0.5 } } });
  const [known] = [...ledger.sandbox.account(account).numbers()].filter(({ telephoneNumber: n }) => /^\d/.test(n));
  const numbers = [...ledger.sandbox.account(account).numbers()].map(({ telephoneNumber }) => telephoneNumber);
  const strangers = Array.from({ length: 20 }, (_, n) => String(2_012_010_000 + n));
  const client = ledger.openClient();
  t.teardown(() => client.close());
  const answer = await readNumberDetails(client, account, [...numbers, ...strangers]);
  t.deepEqual(answer.unanswered, []);
  t.deepEqual(answer.items.map(({ values }) => values[0]).sort(), [...numbers].sort());
  t.deepEqual(answer.errors.flatMap(({ telephoneNumbers }) => telephoneNumbers).sort(), strangers);
  const asked = await readNumberDetails(client, account, [`+1${known?.telephoneNumber}`]);
  t.deepEqual([asked.items.length, asked.unanswered], [1, []]);
});

test('a list that has numbers in both formats counts each once', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 300, oddities: { 'e164-twice': 3 } } });
  const listed = [...ledger.sandbox.account(account).numbers()].filter(({ listedInService }) => listedInService);
  const report = await ledger.run('sync-inservice-numbers');
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(report.counts.rowsRead, listed.length + 3);
  t.deepEqual(
    (await ledger.query('select telephone_number as n from telephone_numbers')).map(({ n }) => n).sort(),
    listed.map(({ telephoneNumber }) => telephoneNumber).sort(),
  );
});
