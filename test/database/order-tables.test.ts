import anyTest, { type TestFn } from 'ava';
import { orderDescriptions } from '../../src/dashboard/registry.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('order tables have the columns of their descriptions, and the index their terminal statuses', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const query = async (sql: string, value: string) => (await database.pool.query(sql, [value])).rows;
  const columnsOf = async (table: string) =>
    (
      await query(
        `select column_name from information_schema.columns where table_schema = 'tn_ledger' and table_name = $1`,
        table,
      )
    ).map(({ column_name }) => column_name);
  for (const { table, numbersTable, columns, details } of orderDescriptions) {
    const unknown = details.numbers?.outcomes ? ['unknown_since', 'unknown_reason'] : [];
    const filled = [...columns.map(({ name }) => name), ...details.fields.map(({ column }) => column), ...unknown];
    const stored = await columnsOf(table);
    t.deepEqual(
      filled.filter((column) => !stored.includes(column)),
      [],
      table,
    );
    t.is((await columnsOf(numbersTable)).includes('outcome'), details.numbers?.outcomes === true, numbersTable);
    // The view order_numbers reads when the number was stored, unless the order's outcomes come with it.
    t.true(details.numbers?.outcomes || (await columnsOf(numbersTable)).includes('first_seen_at'), numbersTable);
    const [index] = await query('select indexdef from pg_indexes where indexname = $1', `${table}_to_read`);
    t.true(index?.indexdef.includes(`'{${details.terminalStatuses.join(',')}}'`), table);
  }
});
