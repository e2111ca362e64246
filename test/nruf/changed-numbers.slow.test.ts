import anyTest, { type TestFn } from 'ava';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** More than are looked up in an account of any size. */
const changed = 20_001;

test('more than 20,000 changed numbers are looked up one by one if they are at most a fifth of the account', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const { pool } = database;
  await pool.query(
    `insert into telephone_numbers (account_id, telephone_number, status)
     select '9900000', (2010000000 + g)::text, 'Inservice' from generate_series(1, $1::integer) g`,
    [changed * 5],
  );
  await pool.query('delete from nruf_change_notes');
  await pool.query(`insert into nruf_intervals_mark (account_id, refreshed_at) values ('9900000', now())`);
  await pool.query(
    `insert into nruf_change_notes (account_id, telephone_number)
     select '9900000', (2010000000 + g)::text from generate_series(1, $1::integer) g`,
    [changed],
  );
  const sources = async () => {
    const { rows } = await pool.query(
      'select ready, unready, cardinality(changed) as changed from nruf_sources($1, null)',
      ['9900000'],
    );
    return rows[0];
  };
  t.deepEqual(await sources(), { ready: ['9900000'], unready: [], changed });
  await pool.query('delete from telephone_numbers where telephone_number = $1', [String(2010000000 + changed * 5)]);
  await pool.query('delete from nruf_change_notes where telephone_number = $1', [String(2010000000 + changed * 5)]);
  t.deepEqual(await sources(), { ready: [], unready: ['9900000'], changed: 0 });
});
