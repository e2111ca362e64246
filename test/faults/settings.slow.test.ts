import anyTest, { type TestFn } from 'ava';
import { openDatabase } from '../../src/database/connect.js';
import { migrate } from '../../src/database/migrations.js';
import { startPostgres, type TestServer, testPassword } from '../support/postgres.js';
import { account } from '../sync/support/ledger.js';
import { openComparison } from './support/comparison.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** Settings that another program may want for the database, in SQL. */
const settings = {
  array_nulls: 'off',
  bytea_output: 'escape',
  client_encoding: 'LATIN1',
  DateStyle: 'SQL, DMY',
  default_transaction_deferrable: 'on',
  default_transaction_isolation: 'serializable',
  extra_float_digits: '-15',
  IntervalStyle: 'sql_standard',
  quote_all_identifiers: 'on',
  row_security: 'off',
  search_path: 'pg_catalog',
  standard_conforming_strings: 'off',
  synchronous_commit: 'off',
  TimeZone: "'Pacific/Chatham'",
  transform_null_equals: 'on',
  work_mem: "'64kB'",
};

test('a database with unusual settings and collation, also for its migrations, ends up with the usual contents', async (t) => {
  const { server } = t.context;
  const amounts = { numbers: 120, orders: 12, disconnects: 5 };
  const compared = await openComparison(t, server, ['nightly'], { sandbox: amounts, pageSize: 5000 });
  const name = 'unusual';
  await server.superuser.query(
    `create database ${name} owner tn_ledger template template0 encoding 'UTF8' locale_provider icu icu_locale 'sv-u-kn-true'`,
  );
  for (const [setting, value] of Object.entries(settings))
    await server.superuser.query(`alter database ${name} set ${setting} = ${value}`);
  const databaseUrl = `postgres://tn_ledger:${testPassword}@127.0.0.1:${server.port}/${name}`;
  const database = await openDatabase({
    ...{ databaseUrl, dataDir: '/nonexistent', applicationName: 'a test', log: () => undefined },
  });
  t.teardown(() => database.close());
  await migrate(database);
  for (const day of [0, 1]) {
    if (day > 0) compared.ledger.sandbox.account(account).busyDay(day);
    await compared.undisturb(t);
    t.is((await compared.run(database))?.message, undefined);
    t.deepEqual(await compared.differences(database), []);
  }
});
