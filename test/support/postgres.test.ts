import { existsSync } from 'node:fs';
import test from 'ava';
import pg from 'pg';
import { onlyIf } from './only-if.js';
import { installedPostgres, startPostgres, withFreshDatabase } from './postgres.js';

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a test server of the packaged version starts, isolates databases, and cleans up', async (t) => {
  const server = await startPostgres({ settings: { work_mem: '7MB' } });
  if (process.env.TN_LEDGER_TEST_POSTGRES === undefined) t.is(server.major, 18);
  const [one, two] = await Promise.all([withFreshDatabase(server), withFreshDatabase(server)]);
  await ask(one.url, 'CREATE TABLE here (x int)');
  t.deepEqual(await ask(two.url, "SELECT to_regclass('here') AS here, current_setting('work_mem') AS mem"), [
    { here: null, mem: '7MB' },
  ]);
  t.deepEqual(await ask(one.url, 'SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user'), [
    { rolsuper: false, rolcreaterole: true },
  ]);
  await one.drop();
  await t.throwsAsync(ask(one.url, 'SELECT 1'), { message: /does not exist/ });
  await server.stop();
  await t.throwsAsync(ask(two.url, 'SELECT 1'), { code: 'ECONNREFUSED' });
  t.false(existsSync(server.dataFolder));
});

const fifteen = installedPostgres(15);
onlyIf(
  test,
  fifteen !== undefined,
  'needs PostgreSQL 15',
)('a test server of an installed PostgreSQL 15 starts as well', async (t) => {
  const server = await startPostgres({ binDir: fifteen });
  t.deepEqual(await ask(server.url, "SELECT current_setting('server_version_num')::int / 10000 AS major"), [
    { major: 15 },
  ]);
  t.is(server.major, 15);
  await server.stop();
});
