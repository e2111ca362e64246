import test from 'ava';
import pg from 'pg';
import { migrate } from '../../src/database/migrations.js';
import { onlyIf } from '../support/only-if.js';
import { installedPostgres, startPostgres, type TestServer } from '../support/postgres.js';
import { type CountingLedger, openCountingLedger } from './support/ledger.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const account = '9900001';

function numbers(count: number, block = '9195550', more: Record<string, unknown> = {}) {
  return Array.from({ length: count }, (_, index) => ({
    account_id: account,
    telephone_number: `${block}${String(index).padStart(3, '0')}`,
    ...more,
  }));
}

/** Writes numbers that are in service since January 1, 2026. */
async function hold(ledger: CountingLedger, rows: Record<string, unknown>[], details: Record<string, unknown> = {}) {
  await ledger.insert(
    'telephone_numbers',
    rows.map((row) => ({ ...row, status: 'Inservice', rate_center: 'RALEIGH', state: 'NC', ...details })),
  );
  await ledger.insert(
    'number_status_history',
    rows.map((row) => ({ ...row, status: 'Inservice', valid_from: '2026-01-01T05:00:00Z' })),
  );
}

const totals = async (ledger: CountingLedger, call: string) => {
  const [row] = await ledger.query<Record<string, number>>(
    `select coalesce(sum(numbers_received), 0)::int as received, coalesce(sum(assigned), 0)::int as assigned, coalesce(sum(aging), 0)::int as aging
       from nruf_utilization(${call})`,
  );
  return row;
};

test.serial('an unassigned number is aging for aging_days, counted from the next day', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await hold(ledger, numbers(1));
  await ledger.insert(
    'number_assignment_history',
    numbers(1).flatMap((row) => [
      {
        ...row,
        assignment_status: 'ASSIGNED',
        order_id: 'a',
        valid_from: '2026-02-01',
        valid_to: '2026-03-01T12:00:00Z',
      },
      { ...row, assignment_status: 'UNASSIGNED', order_id: 'b', valid_from: '2026-03-01T12:00:00Z' },
    ]),
  );
  const aging = async (day: string, days: number) => (await totals(ledger, `'${day}', aging_days => ${days}`))?.aging;
  t.is(await aging('2026-03-31', 30), 1);
  t.is(await aging('2026-04-01', 30), 0);
  t.is(await aging('2026-03-01', 1), 1);
  t.is(await aging('2026-03-01', 0), 0, 'no number ages for 0 days');
  t.is((await totals(ledger, "'2026-02-28'"))?.assigned, 1);
  await t.throwsAsync(totals(ledger, "'2026-03-01', aging_days => -1"), {
    message: /aging_days must be 0 or more, not -1/,
  });
});

test.serial('a block takes the rate center and state of most of its numbers, ignoring unknown ones', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const rows = numbers(6);
  await hold(ledger, rows.slice(0, 3), { rate_center: null, state: null });
  await hold(ledger, rows.slice(3, 5), { rate_center: 'DURHAM' });
  await hold(ledger, rows.slice(5));
  const names = 'select rate_center, state, numbers_received::int as numbers';
  const expected = [{ rate_center: 'DURHAM', state: 'NC', numbers: 6 }];
  t.deepEqual(await ledger.query(`${names} from nruf_utilization('2026-06-30')`), expected);
  await ledger.query('select nruf_refresh()');
  t.deepEqual(await ledger.query(`${names} from nruf_utilization('2026-06-30')`), expected);
  await ledger.query(
    `update telephone_numbers set telephone_number = telephone_number, rate_center = 'CARY' where rate_center is null`,
  );
  t.deepEqual(await ledger.query(`${names} from nruf_utilization_by_code('2026-06-30')`), [
    { rate_center: 'DURHAM', state: 'NC', numbers: 6 },
  ]);
  await ledger.query(
    `update telephone_numbers set telephone_number = telephone_number, state = 'NC' where state is null`,
  );
  t.deepEqual(await ledger.query(`${names} from nruf_utilization('2026-06-30')`), [
    { rate_center: 'CARY', state: 'NC', numbers: 6 },
  ]);
});

test.serial('known_at applies to intervals, assignment statuses, categories, rate centers and port-ins', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const [number] = numbers(1);
  const history = { ...number, valid_from: '2026-01-01' };
  const known = { recorded_from: '2026-01-02', recorded_to: '2026-07-10' };
  await ledger.insert('telephone_numbers', [
    { ...number, status: 'Inservice', rate_center: 'DURHAM', state: 'NC', first_seen_at: '2026-01-02' },
  ]);
  await ledger.insert('telephone_number_versions', [
    { ...number, status: 'Inservice', rate_center: 'OLD', state: 'NC', replaced_at: '2026-03-01' },
    { ...number, status: 'Inservice', rate_center: 'RALEIGH', state: 'NC', replaced_at: '2026-07-10' },
  ]);
  // On July 10, the ledger learns of a disconnect in June.
  await ledger.insert('number_status_history_superseded', [{ ...history, status: 'Inservice', ...known }]);
  await ledger.insert('number_status_history', [
    { ...history, status: 'Inservice', valid_to: '2026-06-15', recorded_from: '2026-07-10' },
  ]);
  await ledger.insert('number_assignment_history_superseded', [
    { ...history, assignment_status: 'ASSIGNED', order_id: 'a', ...known },
  ]);
  await ledger.insert('number_assignment_history', [
    {
      ...history,
      assignment_status: 'ASSIGNED',
      order_id: 'a',
      valid_to: '2026-06-15',
      recorded_from: '2026-07-10',
    },
  ]);
  const row = "select rate_center, assigned::int, intermediate::int from nruf_utilization('2026-06-30'";
  t.deepEqual(await ledger.query(`${row})`), []);
  const then = [{ rate_center: 'RALEIGH', assigned: 1, intermediate: 0 }];
  t.deepEqual(await ledger.query(`${row}, known_at => '2026-07-09')`), then);
  t.deepEqual(await ledger.query(`${row}, known_at => '2026-07-10')`), []);
  t.deepEqual(await ledger.query(`${row}, known_at => '2026-01-01')`), []);
  t.deepEqual(await ledger.query(`${row}, known_at => '2026-02-01')`), [{ ...then[0], rate_center: 'OLD' }]);
  // A category recorded on July 5 and replaced on July 8.
  await ledger.insert('number_categories_superseded', [
    {
      ...history,
      category: 'intermediate',
      overridden: false,
      recorded_from: '2026-07-05',
      recorded_to: '2026-07-08',
    },
  ]);
  t.deepEqual(await ledger.query(`${row}, known_at => '2026-07-04')`), then);
  t.deepEqual(await ledger.query(`${row}, known_at => '2026-07-06')`), [{ ...then[0], assigned: 0, intermediate: 1 }]);
  t.deepEqual(await ledger.query(`${row}, known_at => '2026-07-08')`), then);
  const port = { account_id: account, order_id: 'p' };
  await ledger.insert('portins', [
    {
      ...port,
      status: 'COMPLETE',
      losing_carrier_name: 'Other',
      actual_foc_date: '2026-01-01',
      first_seen_at: '2026-07-09',
      changed_at: '2026-07-09',
    },
  ]);
  await ledger.insert('portins_numbers', [
    { ...port, telephone_number: number?.telephone_number, first_seen_at: '2026-07-09' },
  ]);
  t.deepEqual(await ledger.query(`${row}, known_at => '2026-07-08')`), then);
  t.deepEqual(await ledger.query(`${row}, known_at => '2026-07-09')`), []);
});

test.serial('known_at applies to the owner of a number', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const [number] = numbers(1);
  await hold(ledger, numbers(1), { owner_account_id: '7700001', first_seen_at: '2026-01-02' });
  await ledger.query(`update number_status_history set recorded_from = '2026-01-02'`);
  await ledger.insert('telephone_number_versions', [
    { ...number, status: 'Inservice', rate_center: 'RALEIGH', state: 'NC', replaced_at: '2026-07-10' },
  ]);
  const leftOut = async (knownAt: string | null) => {
    const rows = await ledger.query<{ left_out: string | null }>(
      `select left_out from nruf_number_categories('2026-06-30', known_at => $1)`,
      [knownAt],
    );
    return rows.map(({ left_out }) => left_out);
  };
  t.deepEqual(await leftOut('2026-07-09'), [null]);
  t.deepEqual(await leftOut('2026-07-10'), ['hosted']);
  t.deepEqual(await leftOut(null), ['hosted']);
});

test.serial('area_codes has the area codes of the package, and a change to them discards the intervals', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const codes = await ledger.query<{ npa: string; country: string; united_states: boolean }>(
    `select * from area_codes where npa = any($1) order by 1`,
    [['212', '340', '416', '441', '670', '671', '684', '787', '809', '876', '230']],
  );
  t.deepEqual(
    codes.map(({ npa, country, united_states }) => [npa, country, united_states]),
    [
      ['212', 'US', true],
      ['340', 'VI', true],
      ['416', 'CA', false],
      ['441', 'BM', false],
      ['670', 'MP', true],
      ['671', 'GU', true],
      ['684', 'AS', true],
      ['787', 'PR', true],
      ['809', 'DO', false],
      ['876', 'JM', false],
    ],
  );
  await hold(ledger, numbers(1));
  await ledger.query('select nruf_refresh()');
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 1);
  // Like an update of the package.
  await ledger.query(`update area_codes set united_states = false where npa = '919'`);
  await ledger.query(`update repeatable_migrations set checksum = 'old' where name = 'area-codes'`);
  t.deepEqual(await migrate(ledger.database), ['area-codes']);
  t.deepEqual(await ledger.query('select * from nruf_intervals_mark'), []);
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 1);
});

test.serial('a transaction open during a refresh counts once it is committed, and not before', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await hold(ledger, numbers(3));
  await ledger.query('select nruf_refresh()');
  const writer = new pg.Client({ connectionString: ledger.url });
  await writer.connect();
  t.teardown(() => writer.end());
  await writer.query('begin');
  // Rows written in a savepoint have their own transaction id, newer than the transaction's.
  await writer.query('savepoint a');
  await writer.query(
    `update tn_ledger.number_status_history set valid_to = '2026-06-01' where telephone_number = '9195550000'`,
  );
  await writer.query('savepoint b');
  await writer.query(`delete from tn_ledger.number_status_history where telephone_number = '9195550001'`);
  await ledger.query('select nruf_refresh()');
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 3);
  await writer.query('commit');
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 1);
  await ledger.query('select nruf_refresh()');
  t.deepEqual(await ledger.query('select * from nruf_change_notes'), []);
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 1);
});

test.serial(
  'a change in one account is noted for that account only, and only its number is derived again',
  async (t) => {
    const ledger = await openCountingLedger(t, server);
    const other = numbers(3, '9842004').map((row) => ({ ...row, account_id: '9900002' }));
    await hold(ledger, [...numbers(3), ...other]);
    t.deepEqual(await ledger.query('select nruf_refresh()::int as n'), [{ n: 6 }]);
    const versions = () => ledger.query('select xmin::text, i.* from nruf_intervals i order by telephone_number');
    const before = await versions();
    await ledger.query(
      `update number_status_history set valid_to = '2026-06-01' where telephone_number = '9195550001'`,
    );
    t.deepEqual(await ledger.query('select * from nruf_change_notes'), [
      { account_id: account, telephone_number: '9195550001' },
    ]);
    t.deepEqual(await ledger.query(`select nruf_refresh('9900002')::int as n`), [{ n: 0 }]);
    t.deepEqual(await ledger.query(`select nruf_refresh('${account}')::int as n`), [{ n: 1 }]);
    t.deepEqual(await ledger.query('select * from nruf_change_notes'), []);
    const changed = (await versions()).filter((row, index) => JSON.stringify(row) !== JSON.stringify(before[index]));
    t.deepEqual(
      changed.map((row) => row.telephone_number),
      ['9195550001'],
    );
  },
);

test.serial('details that are not counted need no note, and a change of the rate center does', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await hold(ledger, numbers(2));
  await ledger.query('select nruf_refresh()');
  await ledger.query(`update telephone_numbers set tier = '5', last_modified = now()`);
  t.deepEqual(await ledger.query('select * from nruf_change_notes'), []);
  await ledger.query(`update telephone_numbers set rate_center = 'CARY' where telephone_number = '9195550001'`);
  t.deepEqual(await ledger.query('select telephone_number from nruf_change_notes'), [
    { telephone_number: '9195550001' },
  ]);
});

test.serial('a port-in is noted for the account that has the number, whichever account placed it', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await hold(ledger, numbers(1));
  await ledger.query('select nruf_refresh()');
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 1);
  const port = { account_id: '9900002', order_id: 'p' };
  await ledger.insert('portins', [{ ...port, status: 'FOC', losing_carrier_name: 'Other', order_date: '2026-01-01' }]);
  await ledger.insert('portins_numbers', [{ ...port, telephone_number: '9195550000' }]);
  await ledger.query('select nruf_refresh()');
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 1);
  await ledger.query(`update portins set status = 'COMPLETE'`);
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 0);
  await ledger.query('select nruf_refresh()');
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 0);
});

test.serial('the first refresh of an account waits for a transaction that changes its numbers', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await hold(ledger, numbers(2));
  const writer = new pg.Client({ connectionString: ledger.url });
  await writer.connect();
  t.teardown(() => writer.end());
  await writer.query('begin');
  await writer.query(
    `update tn_ledger.number_status_history set valid_to = '2026-06-01' where telephone_number = '9195550000'`,
  );
  const refreshed = ledger.query('select nruf_refresh()');
  const isWaiting = async () =>
    (await ledger.query(`select from pg_locks where locktype = 'advisory' and not granted`)).length > 0;
  while (!(await isWaiting()));
  await writer.query('commit');
  await refreshed;
  t.deepEqual(await ledger.query('select * from nruf_change_notes'), []);
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 1);
});

test.serial('a member of tn_ledger_reader can count numbers, with any session settings', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await hold(ledger, numbers(2));
  const client = new pg.Client({ connectionString: ledger.superuserUrl });
  await client.connect();
  t.teardown(() => client.end());
  const ask = async () => {
    const { rows } = await client.query(
      `select numbers_received::int as n, (select count(*)::int from tn_ledger.nruf_number_categories('2026-06-30')) as proof
         from tn_ledger.nruf_utilization('2026-06-30', known_at => now())`,
    );
    t.deepEqual(rows, [{ n: 2, proof: 2 }]);
    t.is((await client.query('select * from tn_ledger.nruf_utilization_today')).rows.length, 1);
  };
  await client.query(
    `set role tn_ledger_reader; set datestyle = 'German'; set timezone = 'Pacific/Apia'; set search_path = ''`,
  );
  await client.query('begin read only');
  await ask();
  await client.query('commit');
  await ledger.query('select nruf_refresh()');
  await client.query('begin read only');
  await ask();
  await client.query('commit');
});

test.serial('a count is a consistent snapshot while numbers move: none is missing or counted twice', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const [here, there] = [numbers(20, '9195550'), numbers(20, '9842004')];
  await hold(ledger, here);
  await ledger.insert(
    'telephone_numbers',
    there.map((row) => ({ ...row, status: 'Inservice', rate_center: 'DURHAM', state: 'NC' })),
  );
  const move = async (from: typeof here, to: typeof here) => {
    await ledger.query(
      `with gone as (delete from number_status_history where telephone_number = any($1) returning *),
            marked as (update telephone_numbers set telephone_number = telephone_number, status = 'Aging' where telephone_number = any($1) returning 1)
       insert into number_status_history (account_id, telephone_number, status, valid_from)
       select account_id, $2 || right(telephone_number, 3), status, valid_from from gone`,
      [from.map((row) => row.telephone_number), to[0]?.telephone_number.slice(0, 7)],
    );
  };
  let moving = true;
  const mover = (async () => {
    for (let round = 0; round < 60; round += 1) {
      await move(...((round % 2 === 0 ? [here, there] : [there, here]) as [typeof here, typeof here]));
      if (round % 10 === 5) await ledger.query('select nruf_refresh()');
    }
    moving = false;
  })();
  const blocks = new Set<string>();
  while (moving) {
    const rows = await ledger.query<{ npa_nxx_x: string; n: number }>(
      `select npa_nxx_x, numbers_received::int as n from nruf_utilization('2026-06-30')`,
    );
    t.deepEqual(
      rows.map(({ n }) => n),
      [20],
    );
    blocks.add(rows[0]?.npa_nxx_x ?? '');
  }
  await mover;
  t.true(blocks.size >= 1);
});

test.serial('many changed numbers, each in two accounts, are all counted from the histories', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const both = `from generate_series(0, 20999) g, (values ('9900001'), ('9900002')) as a (account)`;
  await ledger.query(
    `insert into telephone_numbers (account_id, telephone_number, status, rate_center, state)
     select account, (9195500000 + g)::text, 'Inservice', 'RALEIGH', 'NC' ${both}`,
  );
  await ledger.query(
    `insert into number_status_history (account_id, telephone_number, status, valid_from)
     select account, (9195500000 + g)::text, 'Inservice', '2026-01-01' ${both}`,
  );
  await ledger.query('select nruf_refresh()');
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 21_000);
  await ledger.query(`update number_status_history set valid_to = '2026-06-01'`);
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 0);
  t.is((await totals(ledger, "'2026-06-30', '9900002'"))?.received, 0);
  await ledger.query('select nruf_refresh()');
  t.is((await totals(ledger, "'2026-06-30'"))?.received, 0);
  t.is((await totals(ledger, "'2026-05-31'"))?.received, 21_000);
});

const postgres15 = installedPostgres(15);
onlyIf(
  test.serial,
  postgres15 !== undefined,
  'needs PostgreSQL 15',
)('PostgreSQL 15 gives the same counts, with and without intervals', async (t) => {
  const older = await startPostgres({ binDir: postgres15 });
  t.teardown(() => older.stop());
  const ledger = await openCountingLedger(t, older);
  await hold(ledger, numbers(3));
  await ledger.insert('number_assignment_history', [
    { ...numbers(1)[0], assignment_status: 'ASSIGNED', order_id: 'a', valid_from: '2026-02-01' },
  ]);
  const expected = { received: 3, assigned: 1, aging: 0 };
  t.deepEqual(await totals(ledger, "'2026-06-30'"), expected);
  t.deepEqual(await totals(ledger, "'2026-06-30', known_at => now()"), expected);
  await ledger.query('select nruf_refresh()');
  t.deepEqual(await totals(ledger, "'2026-06-30'"), expected);
  await ledger.query(`update number_status_history set valid_to = '2026-06-01' where telephone_number = '9195550002'`);
  t.deepEqual(await totals(ledger, "'2026-06-30'"), { ...expected, received: 2 });
  await ledger.query('select nruf_refresh()');
  t.deepEqual(await totals(ledger, "'2026-06-30'"), { ...expected, received: 2 });
});
