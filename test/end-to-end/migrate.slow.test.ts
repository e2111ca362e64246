import test from 'ava';
import { migrationNames as names } from '../../migrations/index.js';
import { readRepeatables } from '../../migrations/repeatable.js';
import { queueMigration } from '../../src/database/queue-schema.js';
import { onlyIf } from '../support/only-if.js';
import { installedPostgres, startPostgres, type TestServer } from '../support/postgres.js';
import { cli, cliProcess, makeEmptyDatabase, query } from './support.js';

let server: TestServer;

test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const tablesOf = `select tablename from pg_tables where schemaname = 'tn_ledger' and tablename not like 'knex%' order by 1`;
const repeatables = readRepeatables().map(({ name }) => name);
const appliedAll = `Applied ${[...names, ...repeatables, queueMigration].join(', ')}.\n`;

async function goUpDownUp(t: Parameters<typeof makeEmptyDatabase>[0], on: TestServer): Promise<void> {
  const database = await makeEmptyDatabase(t, on);
  const env = { DATABASE_URL: database.url };
  const tables = async () => (await database.query(tablesOf)).map((row) => row.tablename);
  t.is((await cli(t, ['migrate'], { env })).stdout, appliedAll);
  const made = await tables();
  for (const table of ['telephone_numbers', 'number_status_history', 'orders', 'sync_runs'])
    t.true(made.includes(table));
  t.regex((await cli(t, ['migrate'], { env })).stdout, /^The schema of .+ is up to date\.\n$/);
  for (const name of names.toReversed()) {
    t.is((await cli(t, ['migrate', '--down'], { env })).stdout, `Rolled back ${name}.\n`);
  }
  t.deepEqual(await tables(), []);
  t.is((await cli(t, ['migrate', '--down'], { env })).stdout, 'There are no migrations to roll back.\n');
  // The queue has a schema of its own, which stays.
  const again = `Applied ${[...names, ...repeatables].join(', ')}.\n`;
  t.is((await cli(t, ['migrate'], { env })).stdout, again);
  t.deepEqual(await tables(), made);
}

test('all migrations apply, roll back and apply again on the bundled PostgreSQL', (t) => goUpDownUp(t, server));

const fifteen = installedPostgres(15);
onlyIf(
  test,
  fifteen !== undefined,
  'needs PostgreSQL 15',
)('all migrations apply, roll back and apply again on PostgreSQL 15', async (t) => {
  const older = await startPostgres({ binDir: fifteen });
  t.teardown(older.stop);
  await goUpDownUp(t, older);
});

test('every table and column of the ledger has a comment', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  t.is((await cli(t, ['migrate'], { env: { DATABASE_URL: database.url } })).status, 0);
  const described = await database.query(`
    select c.relname as table, coalesce(a.attname, '(table)') as column, d.description is not null as commented
      from pg_class c
      join lateral (select null::name as attname, 0 as attnum union all
        select attname, attnum from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) a on true
      left join pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum
     where c.relnamespace = 'tn_ledger'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and c.relname not like 'knex%'`);
  t.true(described.length > 50);
  t.deepEqual(
    described.filter(({ commented }) => !commented),
    [],
  );
});

test('the role tn_ledger_reader reads the ledger and changes nothing', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  t.is((await cli(t, ['migrate'], { env: { DATABASE_URL: database.url } })).status, 0);
  const role = `reader_${database.name}`;
  await query(server.url, `create role ${role} login password 'reader' in role tn_ledger_reader`);
  t.teardown(() => query(server.url, `drop role ${role}`));
  const url = database.url.replace(/\/\/.+@/, `//${role}:reader@`);
  const tables = await database.query(tablesOf);
  t.true(tables.length > 10);
  for (const { tablename } of tables) {
    const reading = query(url, `select from tn_ledger.${tablename}`);
    // Call records are restricted, and so are the files of customers.
    if (['billing_daily', 'billing_rejects', 'submitted_file_parts'].includes(tablename))
      await t.throwsAsync(reading, { message: /permission denied/ });
    else
      t.is(
        (await reading).length > 0,
        ['area_codes', 'repeatable_migrations', 'upkeep_tasks'].includes(tablename),
        tablename,
      );
  }
  await query(server.url, `grant tn_ledger_billing_reader to ${role}`);
  t.deepEqual(await query(url, 'select from tn_ledger.billing_rejects'), []);
  for (const statement of [
    `insert into tn_ledger.telephone_numbers (account_id, telephone_number, status) values ('1', '2', 'x')`,
    `update tn_ledger.telephone_numbers set status = 'x'`,
    'delete from tn_ledger.telephone_numbers',
    'truncate tn_ledger.telephone_numbers',
    'create table tn_ledger.mine (a int)',
  ]) {
    await t.throwsAsync(query(url, statement), { message: /permission denied/ });
  }
});

test('if two processes migrate at once, both succeed and one applies the migrations', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const env = { DATABASE_URL: database.url };
  const results = await Promise.all([cliProcess(t, ['migrate'], { env }), cliProcess(t, ['migrate'], { env })]);
  t.deepEqual(
    results.map(({ status }) => status),
    [0, 0],
  );
  t.deepEqual(
    (await database.query('select name from tn_ledger.knex_migrations order by id')).map(({ name }) => name),
    names,
  );
  t.is(results.filter(({ stdout }) => stdout.startsWith('Applied')).length, 1);
});

test('a lock left by a killed migration does not block the next one', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  const env = { DATABASE_URL: database.url };
  t.is((await cli(t, ['migrate'], { env })).status, 0);
  await database.query('update tn_ledger.knex_migrations_lock set is_locked = 1');
  t.is((await cli(t, ['migrate', '--down'], { env })).stdout, `Rolled back ${names.at(-1)}.\n`);
  await database.query('update tn_ledger.knex_migrations_lock set is_locked = 1');
  t.is((await cli(t, ['migrate'], { env })).stdout, `Applied ${[names.at(-1), ...repeatables].join(', ')}.\n`);
});
