import test from 'ava';
import { openDatabase } from '../../src/database/connect.js';
import { migrate, readSchemaState, rollbackOne } from '../../src/database/migrations.js';
import { startPostgres, type TestServer, withFreshDatabase } from '../support/postgres.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server?.stop());

test('assignment orders whose outcomes an earlier version stored though they do not add up are read again', async (t) => {
  const fresh = await withFreshDatabase(server);
  const database = await openDatabase({
    databaseUrl: fresh.url,
    dataDir: '/nonexistent',
    applicationName: 'test',
    log: () => undefined,
  });
  t.teardown(async () => {
    await database.close();
    await fresh.drop();
  });
  await migrate(database);
  while ((await readSchemaState(database)).applied.includes('0010-inbox-files-and-outcomes')) {
    await rollbackOne(database);
  }
  // An order a line: status, total and failed quantity, and its numbers' outcomes (a: accepted, f: failed, -: none stored).
  const orders: [string, string, number | null, number | null, string][] = [
    ['good', 'PARTIAL', 3, 1, 'aaf'],
    ['complete', 'COMPLETE', 2, null, 'aa'],
    ['failed', 'FAILED', 2, null, ''],
    ['open', 'PROCESSING', 2, null, '--'],
    ['no failures', 'PARTIAL', 2, 1, 'aa'],
    ['short', 'COMPLETE', 3, null, 'aa'],
    ['never stored', 'PARTIAL', 2, 1, 'f-'],
  ];
  for (const [id, status, total, failed, outcomes] of orders) {
    await database.pool.query(
      `insert into number_assignment_orders (account_id, order_id, action, status, total_quantity, failed_quantity, details_at)
       values ('1', $1, 'ASSIGN', $2, $3, $4, now())`,
      [id, status, total, failed],
    );
    for (const [index, outcome] of [...outcomes].entries()) {
      await database.pool.query(
        `insert into number_assignment_order_numbers (account_id, order_id, telephone_number, outcome) values ('1', $1, $2, $3)`,
        [id, `919555000${index}`, { a: 'ACCEPTED', f: 'FAILED' }[outcome] ?? null],
      );
    }
  }
  await migrate(database);
  const { rows } = await database.pool.query(
    `select order_id from number_assignment_orders where unknown_since is not null order by 1`,
  );
  t.deepEqual(
    rows.map(({ order_id }) => order_id),
    ['never stored', 'no failures', 'short'],
  );
  const numbers = await database.pool.query(
    `select order_id, telephone_number from number_assignment_order_numbers where outcome = 'UNKNOWN'`,
  );
  t.deepEqual(numbers.rows, [{ order_id: 'never stored', telephone_number: '9195550001' }]);
});
