import { readFile } from 'node:fs/promises';
import anyTest, { type TestFn } from 'ava';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** Columns beside the number and the times, by history. */
const histories: Readonly<Record<string, string>> = {
  number_status_history: `status => 'Inservice'`,
  number_assignment_history: `assignment_status => 'ASSIGNED', order_id => 'a'`,
  number_categories: `category => 'reserved'`,
};

for (const [table, own] of Object.entries(histories)) {
  const columns = [...own.matchAll(/(\w+) => ('\w+')/g)];
  const names = ['account_id', 'telephone_number', ...columns.map(([, name]) => name)].join(', ');
  const values = [`'1'`, `'9195550001'`, ...columns.map(([, , value]) => value)].join(', ');

  test(`${table} has at most one open interval per number, and no empty one`, async (t) => {
    const { pool } = (await openLedgerDatabase(t, t.context.server)).database;
    const insert = (from: string, to: string) =>
      pool.query(`insert into ${table} (${names}, valid_from, valid_to) values (${values}, ${from}, ${to})`);
    await insert(`'2026-01-01'`, `'2026-02-01'`);
    await insert(`'2026-03-01'`, 'null');
    await t.throwsAsync(insert(`'2026-04-01'`, 'null'), { message: new RegExp(`"${table}_open"`) });
    await t.throwsAsync(insert(`'2026-02-02'`, `'2026-02-02'`), { message: new RegExp(`"${table}_interval"`) });
  });

  test(`${table}_superseded has only rows that were replaced after they were recorded`, async (t) => {
    const { pool } = (await openLedgerDatabase(t, t.context.server)).database;
    const insert = (from: string, to: string) =>
      pool.query(
        `insert into ${table}_superseded (${names}, valid_from, recorded_from, recorded_to) values (${values}, '2026-01-01', $1, $2)`,
        [from, to],
      );
    await insert('2026-01-01', '2026-01-02');
    await insert('2026-01-02', '2026-01-03');
    await t.throwsAsync(insert('2026-01-03', '2026-01-03'), { message: /_superseded_recorded"/ });
  });
}

test('every unique key of the ledger has the account, except those that docs/scale.md lists', async (t) => {
  const { pool } = (await openLedgerDatabase(t, t.context.server)).database;
  const { rows } = await pool.query<{ table: string }>(
    `select distinct c.relname as table
       from pg_index i join pg_class c on c.oid = i.indrelid
      where c.relnamespace = 'tn_ledger'::regnamespace and i.indisunique
        and not exists (
          select from pg_attribute a
           where a.attrelid = c.oid and a.attnum = any(i.indkey) and a.attname = 'account_id')
      order by 1`,
  );
  const page = await readFile('docs/scale.md', 'utf8');
  const [, list = ''] = /^Keys without the account:\n\n(.+?)\n\n/ms.exec(page) ?? [];
  const listed = [...list.matchAll(/^\| (`[^|]+`) +\|/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  t.deepEqual(
    rows.map(({ table }) => table),
    listed.sort(),
  );
});
