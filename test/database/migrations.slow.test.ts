import { readdir } from 'node:fs/promises';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { migrationNames as numbered } from '../../migrations/index.js';
import { readRepeatables } from '../../migrations/repeatable.js';
import { type DatabaseOptions, openDatabase } from '../../src/database/connect.js';
import { LockError } from '../../src/database/errors.js';
import { migrate, readSchemaState, rollbackOne } from '../../src/database/migrations.js';
import { queueMigration } from '../../src/database/queue-schema.js';
import { version as ownVersion } from '../../src/version.js';
import { onlyIf } from '../support/only-if.js';
import { installedPostgres, startPostgres, type TestServer, withFreshDatabase } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

async function openFresh(t: { teardown(action: () => Promise<void>): void }, server: TestServer) {
  const fresh = await withFreshDatabase(server);
  const open = (options: Partial<DatabaseOptions> = {}) =>
    openDatabase({
      ...{ databaseUrl: fresh.url, dataDir: '/nonexistent', applicationName: 'test', log: () => undefined },
      ...options,
    });
  const database = await open();
  t.teardown(async () => {
    await database.close();
    await fresh.drop();
  });
  return { database, open };
}

type Fresh = Awaited<ReturnType<typeof openFresh>>['database'];

const repeatables = readRepeatables().map(({ name }) => name);
const all = [...numbered, ...repeatables, queueMigration];

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
  onlyIf(
    test,
    major === binDir || binDir !== undefined,
    'needs PostgreSQL 15',
  )(
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
      // The queue has a schema of its own, which stays.
      t.deepEqual(await migrate(database), [...numbered, ...repeatables]);
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

test('two processes that migrate concurrently apply each migration once', async (t) => {
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
  const rendered = ['area-codes', 'order-views', 'nruf-note-triggers'];
  const names = repeatables.filter((name) => !rendered.includes(name));
  t.deepEqual(files.sort(), names.map((name) => `${name}.sql`).sort());
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

for (const [version, pending] of [
  ['999.0.0', []],
  ['0.0.999-beta.1', ['nruf-days']],
  [null, ['nruf-days']],
] as const) {
  const whose = version === null ? 'a version that did not record itself' : version;
  test(`SQL of ${whose} is ${pending.length === 0 ? 'kept' : 'replaced'}`, async (t) => {
    const { database } = await openFresh(t, t.context.server);
    await migrate(database);
    const mark = `update tn_ledger.repeatable_migrations set version = $1, checksum = case name when 'nruf-days' then 'other' else checksum end`;
    await database.pool.query(mark, [version]);
    t.deepEqual((await readSchemaState(database)).pending, [...pending]);
    t.deepEqual(await migrate(database), [...pending]);
    const { rows } = await database.pool.query('select distinct version from tn_ledger.repeatable_migrations');
    t.deepEqual(rows, [{ version: pending.length === 0 ? version : ownVersion }]);
  });
}

test('the column for the version is added to a ledger of a version without it', async (t) => {
  const { database } = await openFresh(t, t.context.server);
  await migrate(database);
  await database.pool.query(`
    alter table tn_ledger.repeatable_migrations drop column version;
    update tn_ledger.repeatable_migrations set checksum = 'old' where name = 'nruf-days'`);
  t.deepEqual(await migrate(database), ['nruf-days']);
  const { rows } = await database.pool.query('select distinct version from tn_ledger.repeatable_migrations');
  t.deepEqual(rows, [{ version: ownVersion }]);
});

/** Changes the table sync_runs. */
const changesRuns = '0010-run-hosts';

/** A ledger without this migration and later ones; an analyst reads its table in an open transaction. */
async function openInUse(t: ExecutionContext<{ server: TestServer }>) {
  const fresh = await openFresh(t, t.context.server);
  await migrate(fresh.database);
  while ((await rollbackOne(fresh.database)) !== changesRuns);
  const analyst = await fresh.database.pool.connect();
  t.teardown(async () => analyst.release());
  await analyst.query('begin; select from tn_ledger.sync_runs');
  return { ...fresh, analyst };
}

/** Opens the database for another process; `reported` resolves to what it logs about waiting. */
async function openWaiting(
  t: ExecutionContext<{ server: TestServer }>,
  { open }: Awaited<ReturnType<typeof openFresh>>,
) {
  let report = (_line: string) => {};
  const reported = new Promise<string>((resolve) => {
    report = (line) => line.includes('is tried again') && resolve(line);
  });
  const other = await open({ log: (line) => report(line) });
  t.teardown(() => other.close());
  return { other, reported };
}

test('a migration waits for a table in short attempts, lets readers pass, and reports who uses it', async (t) => {
  const { database, analyst, ...fresh } = await openInUse(t);
  const { other, reported } = await openWaiting(t, { database, ...fresh });
  const migrating = migrate(other);
  const { rows } = await analyst.query('select pg_backend_pid() as pid');
  t.regex(
    await reported,
    new RegExp(
      `waits for other sessions and is tried again\\. .*sync_runs is in use by pid ${rows[0].pid} of tn_ledger`,
    ),
  );
  // A reader that comes later doesn't queue behind the migration for long.
  await database.pool.query('begin; set local lock_timeout = 10000; select from tn_ledger.sync_runs; commit');
  await analyst.query('commit');
  t.deepEqual(await migrating, [...numbered.slice(numbered.indexOf(changesRuns)), ...repeatables]);
});

test('a trigger is replaced the same way', async (t) => {
  const fresh = await openFresh(t, t.context.server);
  await migrate(fresh.database);
  await fresh.database.pool.query(
    `update tn_ledger.repeatable_migrations set checksum = 'old' where name = 'keep-versions'`,
  );
  const writer = await fresh.database.pool.connect();
  t.teardown(async () => writer.release());
  await writer.query('begin; lock table tn_ledger.telephone_numbers in row exclusive mode');
  const { other, reported } = await openWaiting(t, fresh);
  const migrating = migrate(other);
  t.regex(await reported, /telephone_numbers is in use by pid/);
  await writer.query('commit');
  t.deepEqual(await migrating, ['keep-versions']);
});

test('a migration gives up after TN_LEDGER_LOCK_TIMEOUT, and changes nothing', async (t) => {
  const { database, open, analyst } = await openInUse(t);
  const impatient = await open({ lockTimeoutMs: 600 });
  t.teardown(() => impatient.close());
  await t.throwsAsync(migrate(impatient), {
    instanceOf: LockError,
    message:
      /sync_runs for longer than TN_LEDGER_LOCK_TIMEOUT=0\.6s allows: it is blocked by pid .* None of the transaction/,
  });
  await analyst.query('commit');
  t.deepEqual((await readSchemaState(database)).applied, [
    ...numbered.slice(0, numbered.indexOf(changesRuns)),
    queueMigration,
  ]);
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

test('a schema that is newer than the program is not changed', async (t) => {
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
