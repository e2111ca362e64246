import anyTest, { type TestFn } from 'ava';
import { descriptions, orderDescriptions } from '../../src/dashboard/registry.js';
import { type CountingLedger, openCountingLedger } from '../nruf/support/ledger.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { addBilling, fileCount, number, tellStory } from '../timeline/support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

async function lines(ledger: CountingLedger, condition = 'recorded_to is null', tn = number): Promise<string[]> {
  const rows = await ledger.query<{ line: string }>(
    `select concat_ws(' ', at::date, account_id, what) as line from number_timeline($1) where ${condition}`,
    [tn],
  );
  return rows.map(({ line }) => line);
}

test('a time line has everything that the ledger says about a number, oldest first', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await tellStory(ledger);
  t.deepEqual(await lines(ledger), [
    '2025-01-01 9900001 Number order COMPLETE, added the number',
    '2025-01-01 9900001 Status Inservice',
    '2025-01-02 9900001 First stored by tn-ledger',
    '2025-02-01 9900001 Assignment order COMPLETE, marked the number ASSIGNED',
    '2025-02-01 9900001 Marked ASSIGNED',
    '2025-02-01 9900001 Batch 1 ASSIGN, line 3 of customers.csv, ACCEPTED',
    '2025-06-01 9900001 rate_center DURHAM → RALEIGH',
    '2025-09-01 9900001 Classified as reserved: Order 4711',
    '2025-12-31 9900001 Counted as assigned in filing 1 (U4 as of 2025-12-31)',
    '2026-03-01 9900001 Disconnect order COMPLETE, removed the number',
    '2026-03-02 9900001 no longer on the lists of the account',
    '2026-03-02 9900001 Stored as disconnected number',
    '2026-03-20 9900002 Port-in COMPLETE, added the number on 2026-04-01',
    '2026-04-01 9900002 Status Inservice',
    '2026-04-01 9900002 First stored by tn-ledger',
  ]);
  t.deepEqual(await lines(ledger, 'recorded_to is null', '+1 (919) 555-0001'), await lines(ledger));
  t.deepEqual(await lines(ledger, 'recorded_to is null', '9195550002'), []);
});

test('superseded rows show what the ledger said, and for how long', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await tellStory(ledger);
  t.deepEqual(await lines(ledger, 'recorded_to is not null'), [
    '2025-01-01 9900001 Number order RECEIVED',
    '2025-01-01 9900001 Status Inservice',
    '2025-02-01 9900001 Marked ASSIGNED',
    '2025-02-01 9900001 Batch 1 ASSIGN, line 3 of customers.csv, no outcome yet',
  ]);
  const intervals = `select until, recorded_from::date::text, recorded_to::date::text, order_id, end_order_id
     from number_timeline($1) where kind = 'status' and account_id = '9900001' order by recorded_from`;
  t.deepEqual(await ledger.query(intervals, [number]), [
    { until: null, recorded_from: '2025-01-02', recorded_to: '2026-03-02', order_id: 'o1', end_order_id: null },
    {
      until: new Date('2026-03-01'),
      recorded_from: '2026-03-02',
      recorded_to: null,
      order_id: 'o1',
      end_order_id: 'd1',
    },
  ]);
});

test('orders and lists of every kind in the registry appear', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  const named = { account_id: '9900001', telephone_number: number };
  for (const { table, numbersTable } of orderDescriptions) {
    await ledger.insert(
      table,
      [{ account_id: '9900001', order_id: `in ${table}`, status: 'FAILED' }].map((row) => ({
        ...row,
        first_seen_at: '2025-01-01',
        changed_at: '2025-01-01',
      })),
    );
    await ledger.query(
      `insert into ${numbersTable} (account_id, order_id, telephone_number) values ('9900001', $1, $2)`,
      [`in ${table}`, number],
    );
  }
  const lists = descriptions.filter((description) => description.type === 'numbers');
  for (const { table } of lists)
    await ledger.query(`insert into ${table} (account_id, telephone_number) values ($1, $2)`, Object.values(named));
  const found = await ledger.query<{ source: string; order_id: string | null }>(
    'select source, order_id from number_timeline($1) order by 1',
    [number],
  );
  t.deepEqual(
    found,
    [
      ...orderDescriptions.map(({ table }) => ({ source: table, order_id: `in ${table}` })),
      ...lists.map(({ table }) => ({ source: table, order_id: null })),
    ].sort((a, b) => (a.source < b.source ? -1 : 1)),
  );
  t.false((await lines(ledger)).some((line) => /added|removed the|marked/.test(line)));
});

test('a failed number of an order shows its error, and what the order asked for', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  const order = { account_id: '9900001', order_id: 'a1' };
  await ledger.insert('number_assignment_orders', [
    {
      ...order,
      status: 'PARTIAL',
      action: 'UNASSIGN',
      order_date: '2025-02-01',
      first_seen_at: '2025-02-01',
      changed_at: '2025-02-01',
    },
  ]);
  await ledger.insert('number_assignment_order_numbers', [
    { ...order, telephone_number: number, outcome: 'FAILED', error_code: '5131', error_description: 'not in service' },
  ]);
  t.deepEqual(await lines(ledger), [
    '2025-02-01 9900001 Assignment order PARTIAL (UNASSIGNED), failed: 5131 not in service',
  ]);
});

test('filings count numbers as nruf_number_categories does for their parameters and time', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await tellStory(ledger);
  const others = ['9195550002', '9195550003', '4165550004', '+442079460958'];
  for (const [index, telephone_number] of others.entries()) {
    const row = { account_id: `990000${1 + (index % 2)}`, telephone_number };
    await ledger.insert('telephone_numbers', [
      { ...row, status: 'Inservice', first_seen_at: '2025-01-01', changed_at: '2025-01-01' },
    ]);
    await ledger.insert('number_status_history', [
      {
        ...row,
        status: 'Inservice',
        valid_from: '2025-01-01',
        recorded_from: index === 0 ? '2026-01-15' : '2025-01-02',
      },
    ]);
    await ledger.insert('number_assignment_history', [
      { ...row, assignment_status: 'UNASSIGNED', order_id: 'x', valid_from: '2025-12-01', recorded_from: '2026-02-01' },
    ]);
  }
  // Two accounts have the number at the same time: it counts where service began last.
  const shared = { account_id: '9900002', telephone_number: '9195550003' };
  await ledger.insert('number_status_history', [
    { ...shared, account_id: '9900001', status: 'Inservice', valid_from: '2025-06-01', recorded_from: '2025-06-02' },
  ]);
  for (const filing of [
    { as_of: '2025-06-30', created_at: '2025-07-20' },
    { as_of: '2025-12-31', created_at: '2026-01-10', accounts: ['9900002'] },
    { as_of: '2025-12-31', created_at: '2026-02-02', aging_days: 0 },
    { as_of: '2026-06-30', created_at: '2026-07-20', form: 'u3' },
  ])
    await fileCount(ledger, filing, ['9195550', '919555']);
  const numbers = [number, ...others];
  const counted = await ledger.query(
    'select filing_id, telephone_number, account_id, category, left_out from number_filings($1) order by 1, 2',
    [numbers],
  );
  const expected = await ledger.query(
    `select f.filing_id, c.telephone_number, c.account_id, c.category, c.left_out
       from nruf_filings f
       cross join lateral nruf_number_categories(f.as_of, array_to_string(f.accounts, ','), f.aging_days, f.created_at) c
      order by 1, 2`,
  );
  t.true(counted.length > 12);
  t.deepEqual(counted, expected);
  t.is(
    (await ledger.query(`select from number_timelines($1) where kind = 'filing'`, [numbers])).length,
    expected.length,
  );
  const [together] = await ledger.query(
    `select count(*)::int as differing from (
       (select * from number_filings($1, (select array_agg(distinct m order by m) from number_timelines($1), unnest(array[recorded_from, recorded_to]) m where m is not null)))
       except all (select * from number_filings($1))) as d`,
    [numbers],
  );
  t.is(together?.differing, 0, 'filings that are derived together count the same');
});

test('a filing that is limited to another state did not count the number', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await tellStory(ledger);
  await fileCount(ledger, { as_of: '2025-12-31', created_at: '2026-01-20', state: 'VA' }, ['7035550']);
  t.deepEqual(await lines(ledger, `reference = '2' and kind = 'filing'`), [
    '2025-12-31 9900001 Not counted in filing 2 (U4 as of 2025-12-31, VA only), which has no row 9195550',
  ]);
});

test('details are those of the day, as known then; before the first run, the earliest known', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await tellStory(ledger);
  const details = async (...values: (string | null)[]) =>
    (
      await ledger.query<{ account_id: string; rate_center: string; removed: boolean }>(
        `select account_id, rate_center, removed_at is not null as removed from number_details($1, $2, $3) order by 1`,
        [[number], ...values],
      )
    ).map(({ account_id, rate_center, removed }) => `${account_id} ${rate_center} ${removed}`);
  t.deepEqual(await details(null, null), ['9900001 RALEIGH true', '9900002 RALEIGH false']);
  t.deepEqual(await details('2024-12-31', null), ['9900001 DURHAM false', '9900002 RALEIGH false']);
  t.deepEqual(await details('2025-06-01', null), ['9900001 RALEIGH false', '9900002 RALEIGH false']);
  t.deepEqual(await details('2026-03-02', '2025-05-31'), ['9900001 DURHAM false']);
  t.deepEqual(await details(null, '2025-01-01'), []);
});

test('use is added up by month and direction, recorded when the last of its reports was loaded', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await tellStory(ledger);
  const before = await lines(ledger);
  await addBilling(ledger);
  const outbound = '2025-03-04 9900001 Outbound use in 2025-03: 3 calls, 2.5 minutes, amount 0.03';
  const inbound = '2025-04-02 9900001 Inbound use in 2025-04: 1 message';
  t.deepEqual(
    (await lines(ledger)).filter((line) => !before.includes(line)),
    [outbound, inbound],
  );
  t.deepEqual(
    await ledger.query(
      `select until::date::text, value, reference, recorded_from::date::text from number_timeline($1) where kind = 'billing'`,
      [number],
    ),
    [
      { until: '2025-03-10', value: 'outbound', reference: '2025-03', recorded_from: '2025-06-01' },
      { until: '2025-04-03', value: 'inbound', reference: '2025-04', recorded_from: '2025-04-03' },
    ],
  );
  t.deepEqual(
    (await lines(ledger, "kind = 'filing'")).length,
    1,
    'the filing is derived as before, whatever reports were loaded',
  );
});

test('use without a usable day appears at the days of its report, and use of any account is found', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  const report = { report_id: 'r', type: 'BDR', source: 'file', requested_by: 'command', state: 'loaded' };
  const accounts = ['10', '9', '9900001'];
  await ledger.insert(
    'billing_reports',
    accounts.map((account_id) => ({
      ...report,
      ...{ account_id, start_date: '2025-03-01', end_date: '2025-03-02', loaded_at: '2025-03-03' },
    })),
  );
  await ledger.insert(
    'billing_daily',
    accounts.map((account_id) => ({
      ...{ account_id, telephone_number: number, day: null, direction: 'inbound', report_id: 'r' },
      ...{ records: 0, calls: 1, seconds: 6, amount: 0, messages: 2 },
    })),
  );
  t.deepEqual(
    await lines(ledger),
    accounts.map(
      (account) => `2025-03-01 ${account} Inbound use at an unknown time: 1 call, 0.1 minutes, amount 0, 2 messages`,
    ),
  );
  t.deepEqual(await ledger.query(`select distinct until::date::text from number_timeline($1)`, [number]), [
    { until: '2025-03-03' },
  ]);
});

test('without the right to read billing, a time line has the rest', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await tellStory(ledger);
  await addBilling(ledger);
  const client = await ledger.database.pool.connect();
  const count = async (role: string) => {
    await client.query(`set role ${role}`);
    return (await client.query('select from number_timeline($1)', [number])).rowCount;
  };
  try {
    t.deepEqual([await count('tn_ledger_reader'), await count('tn_ledger_billing_reader')], [19, 21]);
  } finally {
    await client.query('reset role');
    client.release();
  }
});

test('tn_ledger_reader may read time lines', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await tellStory(ledger);
  const client = await ledger.database.pool.connect();
  try {
    await client.query('set role tn_ledger_reader');
    t.is((await client.query('select from number_timeline($1)', [number])).rowCount, 19);
  } finally {
    await client.query('reset role');
    client.release();
  }
});
