import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type CountingLedger, openCountingLedger } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const number = '9195550001';
const key = { account_id: '9900001', telephone_number: number };
const external = ['External', 'Imported'];

/** Attributes that runs found, from a day on. */
type Found = [from: string, attributes: string[] | null, to?: string];

/** A number in service since 2025 whose attributes runs found. */
async function openWith(
  t: Parameters<typeof openCountingLedger>[0],
  server: TestServer,
  ...found: readonly Found[]
): Promise<CountingLedger> {
  const ledger = await openCountingLedger(t, server);
  await ledger.insert('telephone_numbers', [{ ...key, status: 'Inservice', rate_center: 'RALEIGH', state: 'NC' }]);
  await serve(ledger, '2025-01-01');
  await find(ledger, ...found);
  return ledger;
}

const serve = (ledger: CountingLedger, from: string, to: string | null = null, status = 'Inservice') =>
  ledger.insert('number_status_history', [{ ...key, status, valid_from: from, valid_to: to, recorded_from: from }]);

const find = (ledger: CountingLedger, ...found: readonly Found[]) =>
  ledger.insert(
    'number_location_history',
    found.map(([from, attributes, to]) => ({
      ...key,
      tn_attributes: attributes,
      valid_from: from,
      valid_to: to ?? null,
    })),
  );

/** How the number counts at the end of a day: `available`, `imported`, or `none` if it is not in the inventory. */
async function countOn(ledger: CountingLedger, day: string, knownAt: string | null = null): Promise<string> {
  const rows = await ledger.query<{ counted: string }>(
    'select coalesce(left_out, category) as counted from nruf_number_categories($1, null, 45, $2)',
    [day, knownAt],
  );
  return rows[0]?.counted ?? 'none';
}

test('a number that is External or Imported when its attributes are first read is left out since its service began', async (t) => {
  for (const attribute of external) {
    const ledger = await openWith(t, t.context.server, ['2026-03-01', [attribute]]);
    t.is(await countOn(ledger, '2025-06-30'), 'imported', attribute);
    t.is(await countOn(ledger, '2026-06-30'), 'imported', attribute);
  }
});

test('other, no and unknown attributes leave nothing out', async (t) => {
  for (const attributes of [['Protected'], ['Hosted'], [], null]) {
    const ledger = await openWith(t, t.context.server, ['2026-03-01', attributes]);
    t.is(await countOn(ledger, '2026-06-30'), 'available', String(attributes));
  }
});

test('an attribute that a later run finds or no longer finds counts from that run on', async (t) => {
  const ledger = await openWith(
    t,
    t.context.server,
    ['2026-01-10', null, '2026-02-10'],
    ['2026-02-10', [], '2026-03-10'],
    ['2026-03-10', external, '2026-04-10'],
    ['2026-04-10', []],
  );
  t.is(await countOn(ledger, '2026-03-09'), 'available');
  t.is(await countOn(ledger, '2026-03-10'), 'imported');
  t.is(await countOn(ledger, '2026-04-09'), 'imported');
  t.is(await countOn(ledger, '2026-04-10'), 'available');
});

test('an attribute is not known before the run that found it', async (t) => {
  const ledger = await openWith(t, t.context.server, ['2026-03-01', external, '2026-05-01'], ['2026-05-01', []]);
  t.is(await countOn(ledger, '2025-12-31', '2026-02-01'), 'available');
  t.is(await countOn(ledger, '2025-12-31', '2026-04-01'), 'imported');
  t.is(await countOn(ledger, '2026-06-30', '2026-04-01'), 'imported');
  t.is(await countOn(ledger, '2026-06-30', '2026-06-01'), 'available');
});

test('an attribute ends with the stay of the number, even if no run has read attributes since', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await ledger.insert('telephone_numbers', [{ ...key, status: 'Inservice' }]);
  await serve(ledger, '2025-01-01', '2025-02-01', 'InAccount');
  await serve(ledger, '2025-02-01', '2026-04-01');
  await serve(ledger, '2026-08-01');
  await find(ledger, ['2025-01-10', external]);
  t.is(await countOn(ledger, '2025-01-05'), 'imported');
  t.is(await countOn(ledger, '2025-06-30'), 'imported');
  t.is(await countOn(ledger, '2026-06-30'), 'none');
  t.is(await countOn(ledger, '2026-12-31'), 'available');
});

test('counting from prepared intervals notices attributes that were found since, and only those that matter', async (t) => {
  const ledger = await openWith(t, t.context.server);
  await ledger.query('select nruf_refresh()');
  t.is(await countOn(ledger, '2026-06-30'), 'available');
  const notes = () => ledger.query('select telephone_number from nruf_change_notes');
  await find(ledger, ['2026-03-01', ['Protected'], '2026-04-01']);
  t.deepEqual(await notes(), []);
  await find(ledger, ['2026-04-01', external]);
  t.true((await notes()).length > 0);
  t.is(await countOn(ledger, '2026-06-30'), 'imported');
  await ledger.query('select nruf_refresh()');
  t.is(await countOn(ledger, '2026-06-30'), 'imported');
  await ledger.query(`update number_location_history set valid_to = '2026-05-01' where valid_to is null`);
  t.is(await countOn(ledger, '2026-06-30'), 'available');
});

test('the end of a stay ends its attribute only as of when it was recorded', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await ledger.insert('telephone_numbers', [{ ...key, status: 'Inservice' }]);
  // In service, as recorded on 1 January 2025; on 10 June 2026, a run learned that it had left on 1 June.
  await ledger.insert('number_status_history_superseded', [
    { ...key, status: 'Inservice', valid_from: '2025-01-01', recorded_from: '2025-01-01', recorded_to: '2026-06-10' },
  ]);
  await ledger.insert('number_status_history', [
    { ...key, status: 'Inservice', valid_from: '2025-01-01', valid_to: '2026-06-01', recorded_from: '2026-06-10' },
  ]);
  await find(ledger, ['2026-03-01', external]);
  t.is(await countOn(ledger, '2026-06-03', '2026-06-05'), 'imported');
  t.is(await countOn(ledger, '2026-06-03', '2026-06-11'), 'none');
});

test('the end of a stay ends its attribute in the prepared intervals of other accounts, too', async (t) => {
  const ledger = await openWith(t, t.context.server, ['2026-03-01', external]);
  const other = { ...key, account_id: '9900002' };
  await ledger.insert('telephone_numbers', [{ ...other, status: 'Inservice' }]);
  await ledger.insert('number_status_history', [{ ...other, status: 'Inservice', valid_from: '2026-04-01' }]);
  await ledger.query('select nruf_refresh()');
  await ledger.query(`update number_status_history set valid_to = '2026-05-01' where account_id = $1`, [
    key.account_id,
  ]);
  for (const refresh of ['select 1', 'select nruf_refresh()']) {
    await ledger.query(refresh);
    t.deepEqual(
      await ledger.query(
        `select d::text as day, coalesce(left_out, category) as counted from (values (date '2026-04-30'), ('2026-05-31')) as days (d),
           nruf_number_categories(d, $1, 45) order by d`,
        [other.account_id],
      ),
      [
        { day: '2026-04-30', counted: 'imported' },
        { day: '2026-05-31', counted: 'available' },
      ],
      refresh,
    );
  }
});
