import { readdir, readFile } from 'node:fs/promises';
import anyTest, { type TestFn } from 'ava';
import { migrations } from '../../migrations/index.js';
import { dropStatements, readRepeatables } from '../../migrations/repeatable.js';
import { openDatabase } from '../../src/database/connect.js';
import { migrate, readSchemaState, rollbackOne } from '../../src/database/migrations.js';
import { installedPostgres, startPostgres, type TestServer, withFreshDatabase } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

async function openFresh(t: { teardown(action: () => Promise<void>): void }, server: TestServer) {
  const fresh = await withFreshDatabase(server);
  const open = () =>
    openDatabase({ databaseUrl: fresh.url, dataDir: '/nonexistent', applicationName: 'test', log: () => undefined });
  const database = await open();
  t.teardown(async () => {
    await database.close();
    await fresh.drop();
  });
  return { database, open };
}

type Fresh = Awaited<ReturnType<typeof openFresh>>['database'];

const numbered = migrations.map(({ name }) => name);
const repeatables = readRepeatables().map(({ name }) => name);
const all = [...numbered, ...repeatables];

/** The schema in a form to compare: tables, columns, types, defaults, constraints, indexes, functions, triggers, comments. */
async function describeSchema({ pool }: Fresh): Promise<unknown[]> {
  const { rows } = await pool.query(`
    select c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull, a.attgenerated,
      pg_get_expr(d.adbin, d.adrelid) as expression, col_description(c.oid, a.attnum) as comment, obj_description(c.oid, 'pg_class') as about
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = to_regnamespace('tn_ledger') and c.relname not like 'knex%'
    union all
    select conrelid::regclass::text, 'c', conname, pg_get_constraintdef(oid), null, null, null, null, null
    from pg_constraint where connamespace = to_regnamespace('tn_ledger') and conrelid::regclass::text not like '%knex%'
    union all
    select proname, 'f', pg_get_function_identity_arguments(oid), pg_get_function_result(oid), null, null, prosrc, obj_description(oid, 'pg_proc'),
      pg_get_function_arguments(oid)
    from pg_proc where pronamespace = to_regnamespace('tn_ledger')
    union all
    select tgrelid::regclass::text, 't', tgname, pg_get_triggerdef(oid), null, null, null, null, null
    from pg_trigger where not tgisinternal
    union all
    select viewname, 'v', null, null, null, null, definition, null, null from pg_views where schemaname = 'tn_ledger'
    order by 1, 2, 3`);
  return rows;
}

for (const major of [undefined, 15]) {
  const binDir = major === undefined ? undefined : installedPostgres(major);
  const run = major !== undefined && binDir === undefined ? test.skip : test;
  run(
    `migrations go up, down one by one, and up again to the same schema${major ? ` on PostgreSQL ${major}` : ''}`,
    async (t) => {
      const server = major === undefined ? t.context.server : await startPostgres({ binDir });
      if (major !== undefined) t.teardown(server.stop);
      const { database } = await openFresh(t, server);
      t.deepEqual(await readSchemaState(database), { applied: [], pending: all });
      t.deepEqual(await migrate(database), all);
      t.deepEqual(await readSchemaState(database), { applied: all, pending: [] });
      t.deepEqual(await migrate(database), []);
      const schema = await describeSchema(database);
      t.true(schema.length > 50);
      for (const name of numbered.toReversed()) t.is(await rollbackOne(database), name);
      t.is(await rollbackOne(database), undefined);
      t.deepEqual(await describeSchema(database), []);
      t.deepEqual(await migrate(database), all);
      t.deepEqual(await describeSchema(database), schema);
    },
  );
}

test('every table and every column has a comment', async (t) => {
  const { database } = await openFresh(t, t.context.server);
  await migrate(database);
  const { rows } = await database.pool.query(`
    select c.relname, a.attname from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = to_regnamespace('tn_ledger') and c.relkind = 'r' and c.relname not like 'knex%'
      and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)`);
  t.deepEqual(rows, []);
});

test('two processes that migrate at once apply each migration once', async (t) => {
  const { database, open } = await openFresh(t, t.context.server);
  const others = await Promise.all([open(), open()]);
  const applied = await Promise.all([database, ...others].map((each) => migrate(each)));
  await Promise.all(others.map((other) => other.close()));
  t.deepEqual(applied.flat(), all);
});

test("a lock row that a killed process left behind does not stop the next one's migration", async (t) => {
  const { database } = await openFresh(t, t.context.server);
  await migrate(database);
  await rollbackOne(database);
  await database.pool.query('update tn_ledger.knex_migrations_lock set is_locked = 1');
  t.deepEqual(await migrate(database), [numbered.at(-1), ...repeatables]);
});

test('every file of repeatable SQL is applied', async (t) => {
  const files = await readdir(new URL('../../../migrations/repeatable/', import.meta.url));
  const names = repeatables.filter((name) => name !== 'area-codes');
  t.deepEqual(files.sort(), names.map((name) => `${name}.sql`).sort());
});

test('functions, triggers and views that numbered migrations once made are replaced', async (t) => {
  const { database } = await openFresh(t, t.context.server);
  await migrate(database);
  const schema = await describeSchema(database);
  for (const _ of numbered.slice(6)) await rollbackOne(database);
  for (const statement of dropStatements()) await database.pool.query(statement);
  await database.pool.query('drop table if exists tn_ledger.repeatable_migrations');
  const made = await readFile(
    new URL('../../../test/database/fixtures/functions-of-0006.sql', import.meta.url),
    'utf8',
  );
  await database.pool.query(made);
  t.deepEqual(await migrate(database), [...numbered.slice(6), ...repeatables]);
  t.deepEqual(await describeSchema(database), schema);
});

test("changed SQL is applied again, and users' views and grants on it stay", async (t) => {
  const { database } = await openFresh(t, t.context.server);
  await migrate(database);
  await database.pool.query(`
    grant select on tn_ledger.night_changes to pg_monitor;
    create view public.tonight as select * from tn_ledger.night_changes;
    create view public.used as select utilization_percent from tn_ledger.nruf_utilization('2026-06-30');
    create or replace function tn_ledger.nruf_day(moment timestamptz) returns date language sql as $$ select null::date $$;
    update tn_ledger.repeatable_migrations set checksum = 'old' where name = 'nruf-days'`);
  t.deepEqual((await readSchemaState(database)).pending, ['nruf-days']);
  t.deepEqual(await migrate(database), ['nruf-days']);
  t.deepEqual((await readSchemaState(database)).pending, []);
  const { rows } = await database.pool.query(`
    select has_table_privilege('pg_monitor', 'tn_ledger.night_changes', 'select') as granted,
      tn_ledger.nruf_day('2026-06-30')::text as day, (select count(*)::int from public.used) as used`);
  t.deepEqual(rows, [{ granted: true, day: '2026-06-30', used: 0 }]);
});

test("a step down leaves everything as it is where a user's view depends on a view of ours", async (t) => {
  const { database } = await openFresh(t, t.context.server);
  await migrate(database);
  await database.pool.query('create view public.tonight as select * from tn_ledger.night_changes');
  const schema = await describeSchema(database);
  await t.throwsAsync(rollbackOne(database), {
    message: /cannot drop view night_changes because other objects depend on it/,
  });
  t.deepEqual(await describeSchema(database), schema);
});

test('a schema that is newer than the program is left alone', async (t) => {
  const { database } = await openFresh(t, t.context.server);
  await migrate(database);
  await database.pool.query(
    `insert into tn_ledger.knex_migrations (name, batch, migration_time) values ('9999-from-the-future', 2, now())`,
  );
  const refusal = {
    message: /The schema of .* is newer than this tn-ledger .*: it has 9999-from-the-future\. Nothing was changed/,
  };
  await t.throwsAsync(migrate(database), refusal);
  await t.throwsAsync(readSchemaState(database), refusal);
});
