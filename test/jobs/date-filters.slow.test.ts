import anyTest, { type TestFn } from 'ava';
import { plan } from '../../jobs/nightly.js';
import { cli } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { orderDifferences } from '../sync/support/expected-orders.js';
import { account, type Ledger, openLedger, withoutOrders } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** The jobs that read lists by date windows, with the path of the first list and the table. */
const jobs = [
  ['sync-orders', 'orders', 'orders'],
  ['sync-disconnects', 'disconnects', 'disconnects'],
  ['sync-disconnected-numbers', 'discnumbers', 'disconnected_numbers'],
  ['sync-portins', 'portins', 'portins'],
  ['sync-portouts', 'portouts', 'portouts'],
  ['sync-imported-numbers', 'importTnOrders', 'import_tn_orders'],
  ['sync-external-tns', 'externalTns', 'external_tns'],
  ['sync-number-assignments', 'numbersAssignment', 'number_assignment_orders'],
  ['sync-tnoptions', 'tnoptions', 'tnoptions'],
  ['sync-lidbs', 'lidbs', 'lidbs'],
  ['sync-bulk-portins', 'bulkPortins', 'bulk_portins'],
  ['sync-lsrorders', 'lsrorders', 'lsrorders'],
  ['sync-dldas', 'dldas', 'dldas'],
  ['sync-e911s', 'e911s', 'e911s'],
] as const;
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
  seed: 12,
};
const day = 86_400_000;
/** Every list read by date windows, and its undocumented format. */
const otherFormats = {
  bulk_portins: 'yy-MM-dd',
  disconnected_numbers: 'yyyy-MM-dd',
  disconnects: 'yyyy-MM-dd',
  dldas: 'yy-MM-dd',
  e911s: 'yy-MM-dd',
  external_tns: 'yy-MM-dd',
  import_tn_orders: 'yy-MM-dd',
  lidbs: 'yy-MM-dd',
  lsrorders: 'yy-MM-dd',
  number_assignments: 'yy-MM-dd',
  orders: 'yyyy-MM-dd',
  portin_drafts: 'yy-MM-dd',
  portins: 'yy-MM-dd',
  portouts: 'yy-MM-dd',
  remove_imported_tn_orders: 'yy-MM-dd',
  tnoptions: 'yy-MM-dd',
};
const listings = Object.keys(otherFormats);

async function runAll(ledger: Ledger): Promise<string[]> {
  const warnings: string[] = [];
  for (const [job] of jobs) {
    const report = await ledger.run(job);
    if (report.result !== 'succeeded') throw report.error ?? new Error(`${job}: ${report.result}`);
    warnings.push(...report.warnings);
  }
  return warnings;
}

/** The differences between the tables and the sandbox. */
async function differences(ledger: Ledger): Promise<string[]> {
  const found: string[] = [];
  for (const resource of orderDetailResources) found.push(...(await orderDifferences(ledger, resource)));
  const stored = await ledger.query<{ telephone_number: string }>('select telephone_number from disconnected_numbers');
  const expected = ledger.sandbox.account(account).disconnectedNumbers();
  const [some, others] = [
    stored.map(({ telephone_number }) => telephone_number).sort(),
    expected.map(({ telephoneNumber }) => telephoneNumber).sort(),
  ].map((numbers) => numbers.join());
  return some === others ? found : [...found, `disconnected_numbers: ${some}, expected ${others}`];
}

const listRequests = (ledger: Ledger) =>
  ledger.sandbox.requests.filter(({ path }) =>
    [...jobs.map(([, list]) => list), 'removeImportedTnOrders'].some((list) => path.endsWith(`/${account}/${list}`)),
  );

test('this file tests all jobs that read lists by date windows', (t) => {
  const whole = ['sync-inservice-numbers', 'sync-number-details', 'sync-sites', 'sync-rate-centers'];
  const others = [...whole, 'sync-order-history'];
  const all = plan.map(({ name }) => name).filter((name) => name.startsWith('sync-') && !others.includes(name));
  t.deepEqual(
    all.filter((name) => !jobs.some(([job]) => job === name)),
    [],
  );
});

for (const oddity of ['date-form-swapped', 'date-form-refused', 'date-form-ignored'] as const) {
  test(`${oddity}: every list is read completely in the other format, which is remembered`, async (t) => {
    // No run is in the future by the database's clock.
    const now = new Date('2025-01-01T00:00:00Z');
    const ledger = await openLedger(t, t.context.server, {
      sandbox: { ...few, now, datesUntil: now, oddities: { [oddity]: 1 } },
    });
    const warnings = await runAll(ledger);
    t.deepEqual(await differences(ledger), []);
    t.is(warnings.length, listings.length);
    t.true(
      warnings.includes(
        "port-outs: the API expects this list's dates as yy-MM-dd, not as yyyy-MM-dd as documented. They are sent that way from now on.",
      ),
      warnings.join('\n'),
    );
    t.deepEqual(
      await ledger.query(
        'select listing, date_format, proved_at is not null as proved from sync_date_filters order by 1',
      ),
      Object.entries(otherFormats).map(([listing, date_format]) => ({ listing, date_format, proved: true })),
    );
    ledger.sandbox.clock.advance(400 * day);
    await runAll(ledger);
    ledger.sandbox.clock.advance(5 * day);
    ledger.sandbox.clearRequests();
    t.deepEqual(await runAll(ledger), []);
    t.is(listRequests(ledger).length, listings.length, 'a quiet run takes one request per list');
  });
}

for (const [oddity, outcome] of [
  ['dates-dead', 'returns none'],
  ['dates-ignored', 'returns them anyway'],
] as const) {
  test(`${oddity}: every list fails by name, writes nothing, and sets no watermark`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { ...few, oddities: { [oddity]: 1 } } });
    for (const [job, list, table] of jobs) {
      const { result, error } = await ledger.run(job);
      t.is(result, 'failed', list);
      t.is(error?.name, 'DateFilterError', error?.message);
      t.regex(
        error?.message ?? '',
        new RegExp(
          `^The date filter of the list of .+ of account 9900000 does not work: without it the list returns entries; ` +
            `with .*=\\S+ \\(yy(yy)?-MM-dd\\) it ${outcome}; with .*=\\S+ \\(yy(yy)?-MM-dd\\) it ${outcome}\\. ` +
            'Nothing was read, and the watermark was not moved\\.$',
        ),
      );
      t.deepEqual(await ledger.query(`select from ${table}`), []);
    }
    t.deepEqual(await ledger.query('select from sync_watermarks'), []);
    t.deepEqual(await ledger.query('select from sync_date_filters'), []);
    ledger.sandbox.oddities = {};
    await runAll(ledger);
    t.deepEqual(await differences(ledger), []);
  });
}

test('a list read in a format that returns nothing is read again from its first entry', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { ...few, oddities: { 'date-form-swapped': 1 } } });
  // As if the wrong format had made the account look empty.
  const today = ledger.sandbox.clock.now().toISOString().slice(0, 10);
  for (const listing of listings)
    await ledger.query(`insert into sync_watermarks (account_id, listing, since, read_to) values ($1, $2, $3, $4)`, [
      account,
      listing,
      `${today.slice(0, 4)}-01-01`,
      today,
    ]);
  const report = await ledger.run('sync-orders', { since: today });
  t.is(report.error, undefined);
  t.regex(
    report.warnings.join(),
    /The list is read again from its first entry, because earlier runs used the documented format\.$/,
  );
  await runAll(ledger);
  t.deepEqual(await differences(ledger), []);
});

test('a list whose stored format is rejected later continues in the other, from its watermark', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: few });
  await runAll(ledger);
  ledger.sandbox.account(account).busyDay(1);
  ledger.sandbox.clock.advance(day);
  ledger.sandbox.oddities = { 'date-form-refused': 1 };
  ledger.sandbox.clearRequests();
  t.is((await runAll(ledger)).length, listings.length);
  t.deepEqual(await differences(ledger), []);
  const read = listRequests(ledger).filter(({ path, query }) => path.endsWith('/portouts') && query.size === '1000');
  t.is(read.length, 2, 'the list is not searched for its first entry again');
});

test('with another API URL the format is verified again, and the list continues from its watermark', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: few });
  await ledger.run('sync-portouts');
  const [before] = await ledger.query('select since from sync_watermarks');
  const client = ledger.openClient({ apiUrl: `${ledger.sandbox.url}/v2` });
  t.teardown(() => client.close());
  ledger.sandbox.oddities = { 'date-form-swapped': 1 };
  const report = await ledger.run('sync-portouts', { client });
  t.is(report.error, undefined);
  t.regex(
    report.warnings.join(),
    /as yy-MM-dd, not as yyyy-MM-dd as documented\. They are sent that way from now on\.$/,
  );
  t.deepEqual(await ledger.query('select since from sync_watermarks'), [before]);
  ledger.sandbox.clearRequests();
  t.is((await ledger.run('sync-portouts', { client })).error, undefined);
  t.is(ledger.sandbox.requests.filter(({ path }) => path.endsWith('/portouts')).length, 1);
});

test('an empty account takes one more request per run, until an entry verifies the format', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { ...withoutOrders, numbers: 300, seed: 12 } });
  await ledger.run('sync-portouts');
  ledger.sandbox.clearRequests();
  t.is((await ledger.run('sync-portouts')).error, undefined);
  t.deepEqual(
    listRequests(ledger).map(({ query }) => Object.keys(query).includes('startdate')),
    [false, true],
  );
  // The first port-out is from a date that the filter reads differently.
  const held = ledger.sandbox.account(account);
  const [number] = held.numbers();
  held.placePortOut({ number: number?.telephoneNumber as string });
  ledger.sandbox.clock.advance(5 * day);
  ledger.sandbox.oddities = { 'dates-dead': 1 };
  const watermark = () => ledger.query('select since::text, read_to::text from sync_watermarks');
  const before = await watermark();
  t.is((await ledger.run('sync-portouts')).error?.name, 'DateFilterError');
  t.deepEqual(await watermark(), before);
  ledger.sandbox.oddities = {};
  t.is((await ledger.run('sync-portouts')).error, undefined);
  t.is((await ledger.query('select from portouts')).length, 1);
});

test('the format of a list read before is verified by an entry older than the window', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: few });
  await runAll(ledger);
  ledger.sandbox.clock.advance(30 * day);
  await runAll(ledger);
  ledger.sandbox.clock.advance(5 * day);
  await runAll(ledger);
  await ledger.query('delete from sync_date_filters');
  const marks = 'select listing, since::text from sync_watermarks order by 1';
  const before = await ledger.query(marks);
  t.deepEqual(await runAll(ledger), []);
  t.deepEqual(await ledger.query(marks), before);
  t.is((await ledger.query('select from sync_date_filters where proved_at is not null')).length, listings.length);
});

test('on the command line, a broken date filter exits 1 and reports the requests', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { ...few, oddities: { 'dates-dead': 1 } } });
  const { status, output } = await cli(t, ['run', 'sync-portouts'], { env: ledger.env });
  t.is(status, 1);
  t.regex(
    output,
    /^sync-portouts: The date filter of the list of port-outs of account 9900000 does not work: .+ \(yyyy-MM-dd\) it returns none; .+ \(yy-MM-dd\) it returns none\. Nothing was read, and the watermark was not moved\.$/m,
  );
});

test('an account with only orders older than two years is read completely in the other format', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { ...few, open: 0, oddities: { 'date-form-swapped': 1 } },
  });
  ledger.sandbox.clock.advance(3 * 366 * day);
  t.is((await ledger.run('sync-portouts')).error, undefined);
  t.is((await ledger.query('select from portouts')).length, ledger.sandbox.account(account).portOuts().length);
});
