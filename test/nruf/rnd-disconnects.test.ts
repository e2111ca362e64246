import test from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type CountingLedger, openCountingLedger } from './support/ledger.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const account = '9900001';
const other = '9900002';
const left = '2026-10-12T09:00:00Z';

interface Life {
  /** Ten digits. */
  number: string;
  /** Status intervals of an account: status, from, to, the order that ends it. */
  stays?: [status: string, from: string, to?: string, order?: string, account?: string][];
  marks?: [status: 'ASSIGNED' | 'UNASSIGNED', from: string, to?: string, account?: string][];
  categories?: [category: string, from: string, to?: string][];
  details?: Record<string, unknown>;
}

/** Writes what the ledger knows about numbers. Without a stay, a number is in service since January 1, 2026, and left on October 12. */
async function write(ledger: CountingLedger, lives: readonly Life[]) {
  for (const { number, stays = [['Inservice', '2026-01-01', left]], marks = [], categories = [], details } of lives) {
    const key = (of: string = account) => ({ account_id: of, telephone_number: number });
    const accounts = [...new Set(stays.map(([, , , , of]) => of ?? account))];
    await ledger.insert(
      'telephone_numbers',
      accounts.map((of) => ({ ...key(of), status: 'Inservice', rate_center: 'RALEIGH', state: 'NC', ...details })),
    );
    await ledger.insert(
      'number_status_history',
      stays.map(([status, valid_from, to, order, of]) => ({
        ...key(of),
        status,
        valid_from,
        valid_to: to ?? null,
        to_order_id: order ?? null,
      })),
    );
    await ledger.insert(
      'number_assignment_history',
      marks.map(([assignment_status, valid_from, to, of]) => ({
        ...key(of),
        assignment_status,
        order_id: 'a',
        valid_from,
        valid_to: to ?? null,
      })),
    );
    await ledger.insert(
      'number_categories',
      categories.map(([category, valid_from, to]) => ({ ...key(), category, valid_from, valid_to: to ?? null })),
    );
  }
}

/** An order with its numbers. */
async function order(ledger: CountingLedger, table: string, order_id: string, numbers: string[], more: object) {
  await ledger.insert(table, [{ account_id: account, order_id, ...more }]);
  await ledger.insert(
    `${table}_numbers`,
    numbers.map((telephone_number) => ({ account_id: account, order_id, telephone_number })),
  );
}

/** `number day evidence` of the reported numbers, and `number reason` of the excluded ones. */
async function october(ledger: CountingLedger, call = `'2026-10-01', '2026-10-31'`) {
  const rows = await ledger.query<{ number: string; day: string; evidence: string; excluded: string | null }>(
    `select telephone_number as number, disconnected_on::text as day, evidence, excluded from rnd_disconnects(${call})`,
  );
  return rows.map(({ number, day, evidence, excluded }) =>
    excluded === null ? `${number} ${day.slice(5)} ${evidence}` : `${number} ${excluded}`,
  );
}

test.serial('a disconnect order, an UNASSIGN, an aging category and an unexplained removal end the use', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await ledger.insert('disconnects', [{ account_id: account, order_id: 'd1', status: 'COMPLETE', order_date: left }]);
  await write(ledger, [
    {
      number: '9195550000',
      stays: [['Inservice', '2026-01-01', left, 'd1']],
      marks: [['ASSIGNED', '2026-02-01', left]],
    },
    {
      number: '9195550001',
      stays: [['Inservice', '2026-01-01']],
      marks: [
        ['ASSIGNED', '2026-02-01', '2026-10-31T23:59:59Z'],
        ['UNASSIGNED', '2026-10-31T23:59:59Z'],
      ],
    },
    {
      number: '9195550002',
      stays: [['Inservice', '2026-01-01']],
      categories: [['aging', '2026-10-05', '2026-12-01']],
    },
    { number: '9195550003', marks: [['ASSIGNED', '2026-02-01', left]] },
    // Bandwidth keeps it in its own aging period.
    {
      number: '9195550004',
      stays: [
        ['Inservice', '2026-01-01', left],
        ['Aging', left],
      ],
    },
    // A status without a rule doesn't hide that it left.
    {
      number: '9195550005',
      stays: [
        ['Inservice', '2026-01-01', '2026-09-20'],
        ['Suspended', '2026-09-20', left],
      ],
    },
  ]);
  t.deepEqual(await october(ledger), [
    '9195550000 10-12 disconnect order',
    '9195550001 10-31 UNASSIGN',
    '9195550002 10-05 classified as aging',
    '9195550003 10-12 left the account',
    '9195550004 10-12 left the account',
    '9195550005 10-12 left the account',
  ]);
});

test.serial('the days are UTC and both ends are included', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await write(
    ledger,
    ['2026-09-30T23:59:59Z', '2026-10-01T00:00:00Z', '2026-10-31T23:59:59Z', '2026-11-01T00:00:00Z'].map(
      (to, index) => ({
        number: `919555000${index}`,
        stays: [['Inservice', '2026-01-01', to]],
      }),
    ),
  );
  t.deepEqual(await october(ledger), ['9195550001 10-01 left the account', '9195550002 10-31 left the account']);
  const through = await october(ledger, `'2026-10-01', '2026-11-10'`);
  t.deepEqual(through.slice(-1), ['9195550003 11-01 left the account']);
  await t.throwsAsync(october(ledger, `'2026-10-02', '2026-10-01'`), { message: /must not be after last_day/ });
});

test.serial(
  'a number is reported once: an UNASSIGN before the number left, or the aging before it, is the disconnect',
  async (t) => {
    const ledger = await openCountingLedger(t, server);
    const unassigned: Life['marks'] = [
      ['ASSIGNED', '2026-02-01', '2026-10-05'],
      ['UNASSIGNED', '2026-10-05', left],
    ];
    await write(ledger, [
      { number: '9195550000', marks: unassigned },
      {
        number: '9195550001',
        marks: [
          ['ASSIGNED', '2026-02-01', '2026-08-05'],
          ['UNASSIGNED', '2026-08-05', left],
        ],
      },
      { number: '9195550002', categories: [['aging', '2026-09-20', '2026-11-20']] },
      {
        number: '9195550003',
        stays: [['Inservice', '2026-01-01']],
        marks: [
          ['ASSIGNED', '2026-02-01', left],
          ['UNASSIGNED', left],
        ],
        categories: [['aging', '2026-10-05', '2026-11-20']],
      },
      // Marked in the moment in which it left, as orders of the same second are dated.
      {
        number: '9195550005',
        marks: [
          ['ASSIGNED', '2026-02-01', left],
          ['UNASSIGNED', left],
        ],
      },
      // A second category that continues the first isn't another disconnect.
      {
        number: '9195550004',
        stays: [['Inservice', '2026-01-01']],
        categories: [
          ['aging', '2026-09-05', '2026-10-05'],
          ['aging', '2026-10-05', '2026-11-20'],
        ],
      },
    ]);
    t.deepEqual(await october(ledger), [
      '9195550000 10-05 UNASSIGN',
      '9195550001 disconnected before',
      '9195550002 disconnected before',
      '9195550003 10-05 classified as aging',
      '9195550005 10-12 UNASSIGN',
    ]);
    t.deepEqual(await october(ledger, `'2026-08-01', '2026-08-31'`), ['9195550001 08-05 UNASSIGN']);
  },
);

test.serial('a number without an end user is not disconnected from one', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await write(ledger, [
    { number: '9195550000', marks: [['UNASSIGNED', '2026-02-01', left]] },
    { number: '9195550001', categories: [['administrative', '2026-02-01']] },
    { number: '9195550002', categories: [['reserved', '2026-09-01', '2026-11-01']] },
    { number: '9195550003', stays: [['InAccount', '2026-09-01', left]] },
    // Passed to a reseller, whose end users are unknown: the number may have had one.
    { number: '9195550004', categories: [['intermediate', '2026-02-01']] },
    {
      number: '9195550005',
      stays: [
        ['InAccount', '2026-09-01', '2026-09-02'],
        ['Inservice', '2026-09-02', left],
      ],
    },
  ]);
  t.deepEqual(await october(ledger), [
    '9195550000 no end user',
    '9195550001 no end user',
    '9195550002 no end user',
    '9195550003 no end user',
    '9195550004 10-12 left the account',
    '9195550005 10-12 left the account',
  ]);
});

test.serial(
  'a number that is ported out, moved, back or assigned again within 45 days was not disconnected',
  async (t) => {
    const ledger = await openCountingLedger(t, server);
    const [dated, unassigned, pending, cancelled, back] = [
      '9195550000',
      '9195550001',
      '9195550002',
      '9195550003',
      '9195550004',
    ];
    const [moved, again, later, afterwards] = ['9195550005', '9195550006', '9195550007', '9195550008'];
    const stays: Life['stays'] = [['Inservice', '2026-01-01', left]];
    const foc = { actual_foc_date: left, order_date: '2026-10-01' };
    await order(ledger, 'portouts', 'p1', [dated], { status: 'COMPLETE', ...foc });
    await order(ledger, 'portouts', 'p2', [unassigned], { status: 'COMPLETE', ...foc });
    await order(ledger, 'portouts', 'p3', [pending], { status: 'PENDING', order_date: '2026-10-10' });
    await order(ledger, 'portouts', 'p4', [cancelled], { status: 'CANCELLED', ...foc });
    await write(ledger, [
      { number: dated, stays: [['Inservice', '2026-01-01', left, 'p1']] },
      {
        number: unassigned,
        stays: [['Inservice', '2026-01-01', left, 'p2']],
        marks: [
          ['ASSIGNED', '2026-02-01', '2026-10-10'],
          ['UNASSIGNED', '2026-10-10', left],
        ],
      },
      { number: pending, stays },
      { number: cancelled, stays },
      { number: back, stays: [...stays, ['Inservice', '2026-11-25']] },
      { number: moved, stays: [...stays, ['Inservice', left, undefined, undefined, other]] },
      {
        number: again,
        stays: [['Inservice', '2026-01-01']],
        marks: [
          ['ASSIGNED', '2026-02-01', '2026-10-10'],
          ['UNASSIGNED', '2026-10-10', '2026-11-23'],
          ['ASSIGNED', '2026-11-23'],
        ],
      },
      // 45 days after October 10 is November 24: another end user may have it from then on.
      {
        number: later,
        stays: [['Inservice', '2026-01-01']],
        marks: [
          ['ASSIGNED', '2026-02-01', '2026-10-10'],
          ['UNASSIGNED', '2026-10-10', '2026-11-24'],
          ['ASSIGNED', '2026-11-24'],
        ],
      },
      {
        number: afterwards,
        stays: [...stays, ['Inservice', '2026-12-01']],
        marks: [['ASSIGNED', '2026-02-01', left]],
      },
    ]);
    t.deepEqual(await october(ledger), [
      `${dated} ported out`,
      `${unassigned} ported out`,
      `${pending} port-out pending`,
      `${cancelled} 10-12 left the account`,
      `${back} came back`,
      `${moved} in another account`,
      `${again} assigned again`,
      `${later} 10-10 UNASSIGN`,
      `${afterwards} 10-12 left the account`,
    ]);
  },
);

test.serial('a number that was ported in and disconnected is reported; imported and hosted ones are not', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await order(ledger, 'portins', 'i1', ['9195550000'], {
    status: 'COMPLETE',
    order_date: '2025-12-20',
    actual_foc_date: '2026-01-01',
    losing_carrier_name: 'Mock Carrier',
  });
  await order(ledger, 'import_tn_orders', 'm1', ['9195550001', '9195550002'], {
    status: 'COMPLETE',
    order_date: '2026-01-01',
  });
  await order(ledger, 'remove_imported_tn_orders', 'r1', ['9195550001', '9195550002'], {
    status: 'COMPLETE',
    order_date: '2026-10-11',
  });
  await ledger.query(
    `update remove_imported_tn_orders_numbers set outcome = 'ACCEPTED' where telephone_number <> '9195550002'`,
  );
  await write(ledger, [
    { number: '9195550000' },
    { number: '9195550001' },
    { number: '9195550002' },
    { number: '9195550003', details: { owner_account_id: '4711' } },
    { number: '9195550004' },
    { number: '9195550005' },
  ]);
  await ledger.query(
    `insert into number_location_history (account_id, telephone_number, tn_attributes, valid_from)
     select account_id, telephone_number, case telephone_number when '9195550004' then '{Imported}' else '{Protected}' end::text[], '2026-02-01'
       from telephone_numbers where telephone_number in ('9195550004', '9195550005')`,
  );
  t.deepEqual(await october(ledger), [
    '9195550000 10-12 left the account',
    '9195550001 imported',
    '9195550002 imported',
    '9195550003 hosted',
    '9195550004 imported',
    '9195550005 10-12 left the account',
  ]);
});

test.serial('only geographic numbers of the United States are reported', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await write(
    ledger,
    ['8005550000', '9005550000', '5335550000', '4163600001', '+442079460000', '7875550000', '9195550000'].map(
      (number) => ({ number }),
    ),
  );
  t.deepEqual(await october(ledger), [
    '+442079460000 not NANP',
    '4163600001 not United States',
    '5335550000 5XX',
    '7875550000 10-12 left the account',
    '8005550000 toll-free',
    '9005550000 900',
    '9195550000 10-12 left the account',
  ]);
});

test.serial('disconnected numbers without a history are reported by their order, and listed without one', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await write(ledger, [
    { number: '9195550002', stays: [['Inservice', '2026-01-01', left, 'd1']] },
    {
      number: '9195550003',
      stays: [
        ['Inservice', '2026-01-01', '2026-09-30', 'd0'],
        ['Inservice', '2026-10-20'],
      ],
    },
  ]);
  await ledger.insert('disconnected_numbers', [
    { account_id: account, telephone_number: '9195550000', disconnected_at: left, order_id: 'd1' },
    { account_id: account, telephone_number: '9195550001', first_seen_at: left },
    { account_id: account, telephone_number: '9195550002', disconnected_at: left, order_id: 'd1' },
    { account_id: account, telephone_number: '9195550003', disconnected_at: '2026-10-01', order_id: 'd0' },
  ]);
  t.deepEqual(await october(ledger), [
    '9195550000 10-12 disconnect order',
    '9195550001 no date',
    '9195550002 10-12 left the account',
  ]);
});

test.serial('an account that is not asked for is not reported, but shows that a number moved', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await write(ledger, [
    {
      number: '9195550000',
      stays: [
        ['Inservice', '2026-01-01', left],
        ['Inservice', '2026-10-30', undefined, undefined, other],
      ],
    },
    { number: '9195550001', stays: [['Inservice', '2026-01-01', left, undefined, other]] },
    { number: '9195550002' },
  ]);
  t.deepEqual(await october(ledger, `'2026-10-01', '2026-10-31', '${account}'`), [
    '9195550000 in another account',
    '9195550002 10-12 left the account',
  ]);
  t.deepEqual(await october(ledger, `'2026-10-01', '2026-10-31', '${account}, ${other}'`), [
    '9195550000 in another account',
    '9195550001 10-12 left the account',
    '9195550002 10-12 left the account',
  ]);
});

test.serial('members of tn_ledger_reader may call it', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await write(ledger, [{ number: '9195550000' }]);
  const client = await ledger.database.pool.connect();
  try {
    await client.query('set role tn_ledger_reader');
    const { rows } = await client.query(
      `select telephone_number from tn_ledger.rnd_disconnects('2026-10-01', '2026-10-31')`,
    );
    t.is(rows.length, 1);
  } finally {
    await client.query('reset role');
    client.release();
  }
});
