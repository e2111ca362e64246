import anyTest, { type TestFn } from 'ava';
import { openDatabase } from '../../src/database/connect.js';
import { migrate, rollbackOne } from '../../src/database/migrations.js';
import { applyOrderEvents } from '../../src/sync/history/apply-order-events.js';
import { inTransaction } from '../../src/sync/transaction.js';
import { startPostgres, type TestServer, withFreshDatabase } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('what nights saw before 0003-history still counts when orders tell more', async (t) => {
  const { url, drop } = await withFreshDatabase(t.context.server);
  const database = await openDatabase({
    ...{ databaseUrl: url, dataDir: '/nonexistent', applicationName: 'test', log: () => undefined },
  });
  t.teardown(async () => {
    await database.close();
    await drop();
  });
  await migrate(database);
  for (let name: string | undefined = ''; name !== '0003-history'; ) name = await rollbackOne(database);
  // One that left, one that left and came back, one that aged, one that nothing befell.
  await database.pool.query(`
    insert into telephone_numbers (account_id, telephone_number, status, in_service_date, last_modified, first_seen_at, removed_at) values
      ('1', '9195550001', 'Inservice', '2020-01-01', '2020-01-01', '2026-10-01', '2026-10-09'),
      ('1', '9195550002', 'Inservice', '2026-10-07', '2026-10-07', '2026-10-01', null),
      ('1', '9195550003', 'Aging', '2020-01-03', '2026-10-06', '2026-10-01', null),
      ('1', '9195550004', 'Inservice', '2020-01-04', '2020-01-04', '2026-10-01', null);
    insert into number_status_history (account_id, telephone_number, status, valid_from, valid_to) values
      ('1', '9195550001', 'Inservice', '2020-01-01', '2026-10-09'),
      ('1', '9195550002', 'Inservice', '2020-01-02', '2026-10-05'),
      ('1', '9195550002', 'Inservice', '2026-10-07', null),
      ('1', '9195550003', 'Inservice', '2020-01-03', '2026-10-06'),
      ('1', '9195550003', 'Aging', '2026-10-06', null),
      ('1', '9195550004', 'Inservice', '2020-01-04', null)`);
  await migrate(database);
  const histories = async () => {
    const { rows } = await database.pool.query(`
      select concat_ws(' ', telephone_number, status, valid_from::date, valid_to::date, to_order_id) as line
        from number_status_history order by telephone_number, valid_from`);
    return rows.map(({ line }) => line);
  };
  const before = await histories();
  await database.pool.query(`
    insert into disconnects (account_id, order_id, status, order_date) values
      ('1', 'old', 'COMPLETE', '2019-06-01'), ('1', 'new', 'COMPLETE', '2026-10-04');
    insert into disconnects_numbers (account_id, order_id, telephone_number)
      select '1', 'old', telephone_number from telephone_numbers`);
  const apply = (order: string) =>
    inTransaction(database, {}, (client) => applyOrderEvents(client, '1', 'disconnects', [order]));
  // The old one was before all that is known.
  t.is(await apply('old'), 4);
  t.deepEqual(await histories(), before);
  await database.pool.query(`
    insert into disconnects_numbers (account_id, order_id, telephone_number)
    values ('1', 'new', '9195550001'), ('1', 'new', '9195550002')`);
  await apply('new');
  t.deepEqual(await histories(), [
    '9195550001 Inservice 2020-01-01 2026-10-04 new',
    '9195550002 Inservice 2020-01-02 2026-10-04 new',
    '9195550002 Inservice 2026-10-07',
    '9195550003 Inservice 2020-01-03 2026-10-06',
    '9195550003 Aging 2026-10-06',
    '9195550004 Inservice 2020-01-04',
  ]);
});
