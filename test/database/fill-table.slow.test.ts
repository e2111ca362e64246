import anyTest, { type TestFn } from 'ava';
import { fillTable } from '../../src/database/fill-table.js';
import { inTransaction } from '../../src/database/transaction.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';
import { watchRuns } from '../sync/support/watch-runs.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const tables = ['telephone_numbers', 'number_status_history'];

/** What migrations made of the tables. */
async function describe(ledger: Pick<Ledger, 'query'>): Promise<unknown> {
  const list = tables.map((table) => `'${table}'`).join(', ');
  return ledger.query(`
    select relname, relacl::text, relpersistence,
      (select json_agg(row(conname, pg_get_constraintdef(oid), convalidated) order by conname) from pg_constraint where conrelid = c.oid) as constraints,
      (select json_agg(indexdef order by indexname) from pg_indexes where tablename = relname) as indexes,
      (select json_agg(row(attname, attnotnull) order by attnum) from pg_attribute where attrelid = c.oid and attnum > 0) as columns,
      (select json_agg(tgname order by tgname) from pg_trigger where tgrelid = c.oid) as triggers
    from pg_class c where relname in (${list}) order by 1`);
}

test('the first nightly run leaves the tables as the migrations created them', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 300 } });
  const before = await describe(ledger);
  const files = () =>
    ledger.query(`select relfilenode from pg_class where relname in ('${tables.join("', '")}') order by relname`);
  const filesBefore = await files();
  const watch = watchRuns(ledger);
  t.is((await ledger.run('nightly')).result, 'succeeded');
  t.deepEqual(await describe(ledger), before);
  const filesAfter = await files();
  t.notDeepEqual(filesAfter, filesBefore, 'the empty tables were not filled anew');
  await watch.compare(t);
  ledger.sandbox.account(account).churn(100);
  t.is((await ledger.run('nightly')).result, 'succeeded');
  t.deepEqual(await files(), filesAfter, 'tables that hold something were not left in place');
  t.deepEqual(await describe(ledger), before);
  await watch.compare(t);
});

test('a reader of the empty tables does not block the nightly run', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 300 } });
  const before = await describe(ledger);
  const watch = watchRuns(ledger);
  const reader = await ledger.database.pool.connect();
  await reader.query('begin');
  for (const table of tables) await reader.query(`select * from ${table}`);
  t.is((await ledger.run('nightly')).result, 'succeeded');
  await reader.query('commit');
  reader.release();
  t.deepEqual(await describe(ledger), before);
  await watch.compare(t);
});

test('tables of another owner, and keys with dependent objects, are filled too', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const { pool } = database;
  await pool.query(`
    create table kept (number text primary key);
    create view hanging as select number, count(*) from kept group by number;
    create table referred (number text primary key);
    create table referring (number text references referred);
    create table others (number text primary key);
    create role tn_ledger_writer_only;
    grant tn_ledger_writer_only to tn_ledger;
    grant usage on schema tn_ledger to tn_ledger_writer_only;
    grant select, insert on others to tn_ledger_writer_only`);
  const fill = (table: string, role?: string) =>
    inTransaction(database, {}, async (client) => {
      if (role !== undefined) await client.query(`set local role ${role}`);
      return fillTable(client, { table, accounts: 1 }, async () => {
        const { rowCount } = await client.query(`insert into ${table} values ('1'), ('2')`);
        return rowCount ?? 0;
      });
    });
  t.is(await fill('kept'), 2);
  t.is(await fill('referred'), 2);
  t.is(await fill('others', 'tn_ledger_writer_only'), 2);
  for (const table of ['kept', 'referred', 'others']) {
    await t.throwsAsync(pool.query(`insert into ${table} values ('1')`), { message: /duplicate key/ });
  }
});

test('rows that violate the key roll everything back', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  await database.pool.query('create table twins (number text primary key)');
  const filling = inTransaction(database, {}, (client) =>
    fillTable(client, { table: 'twins', accounts: 1 }, async () => {
      await client.query(`insert into twins values ('1'), ('1')`);
      return 2;
    }),
  );
  await t.throwsAsync(filling, { message: /could not create unique index|is duplicated/ });
  await database.pool.query(`insert into twins values ('1')`);
  await t.throwsAsync(database.pool.query(`insert into twins values ('1')`), { message: /duplicate key/ });
});
