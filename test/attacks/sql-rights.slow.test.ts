import { readFile } from 'node:fs/promises';
import anyTest, { type TestFn } from 'ava';
import pg from 'pg';
import { takeJobLock } from '../../src/database/advisory-locks.js';
import { cli, makeDatabase, makeFolder, query } from '../end-to-end/support.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer, testPassword } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test("the owner's sql runs as tn_ledger_billing_reader, and with its own rights only on request", async (t) => {
  const database = await makeDatabase(t, t.context.server);
  await database.query('create schema own; create table own.things as select 1 as one');
  const env = { DATABASE_URL: database.url };
  const cwd = await makeFolder(t);
  const sql = (...args: string[]) => cli(t, ['sql', '--csv', ...args], { env, cwd });
  const reading = 'select current_user, count(*) from billing_rejects';
  t.is((await sql(reading)).stdout, 'current_user,count\ntn_ledger_billing_reader,0\n');
  t.is((await sql('--own-rights', reading)).stdout, 'current_user,count\ntn_ledger,0\n');
  t.is((await sql('--write', reading)).stdout, 'current_user,count\ntn_ledger,0\n');

  const hidden = await sql('select * from own.things');
  t.is(hidden.status, 1);
  t.is(
    hidden.stderr,
    'The statement failed: permission denied for schema own. It ran as tn_ledger_billing_reader, which can only read the ledger. Nothing was changed.\n' +
      'Add --own-rights to read with the privileges of the role in DATABASE_URL.\n',
  );
  t.is((await sql('--own-rights', 'select * from own.things')).stdout, 'one\n1\n');
  const writing = await sql('delete from telephone_numbers');
  t.regex(writing.stderr, /^The statement would write, .*\nAdd --write/);
});

test("a reader cannot make trigger functions write with their owner's rights", async (t) => {
  const database = await makeDatabase(t, t.context.server);
  const reader = `reader_of_${database.name}`;
  await database.querySuperuser(`create role ${reader} login password '${testPassword}' in role tn_ledger_reader`);
  t.teardown(() => database.querySuperuser(`drop role ${reader}`));
  const url = database.url.replace('//tn_ledger:', `//${reader}:`);
  for (const name of ['nruf_note_numbers', 'nruf_note_orders', 'nruf_note_truncate']) {
    const attack = `create temporary table mine (a int); create trigger t after truncate on mine execute function tn_ledger.${name}(); truncate mine`;
    await t.throwsAsync(query(url, attack), { message: `permission denied for function tn_ledger.${name}` });
  }
});

test("a reader cannot use up an account's rate limit or pause its requests", async (t) => {
  const database = await makeDatabase(t, t.context.server);
  const reader = `reader_of_${database.name}`;
  await database.querySuperuser(`create role ${reader} login password '${testPassword}' in role tn_ledger_reader`);
  t.teardown(() => database.querySuperuser(`drop role ${reader}`));
  const url = database.url.replace('//tn_ledger:', `//${reader}:`);
  const attacks = {
    lease_requests: `lease_requests('9900000', gen_random_uuid(), 100, 0, 100, 60000)`,
    pause_requests: `pause_requests('9900000', 60000)`,
  };
  for (const [name, call] of Object.entries(attacks)) {
    await t.throwsAsync(query(url, `select tn_ledger.${call}`), { message: `permission denied for function ${name}` });
  }
});

test('the statements in docs/security.md deny other roles advisory locks, and jobs can take them', async (t) => {
  const { database, url, superuserUrl } = await openLedgerDatabase(t, t.context.server);
  const text = await readFile(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  const [, statements = ''] = /```sql\n(.+?)```/s.exec(text) ?? [];
  const superuser = new pg.Client({ connectionString: superuserUrl });
  await superuser.connect();
  await superuser.query(statements);
  const reader = `reader_${(await superuser.query('select current_database() as name')).rows[0].name}`;
  await superuser.query(`create role ${reader} login password '${testPassword}' in role tn_ledger_reader`);
  t.teardown(async () => {
    await superuser.query(`drop role ${reader}`);
    await superuser.end();
  });
  const asReader = url.replace('//tn_ledger:', `//${reader}:`);
  for (const lock of ['pg_advisory_lock(1)', 'pg_try_advisory_lock_shared(1)', 'pg_advisory_xact_lock(1, 2)']) {
    await t.throwsAsync(query(asReader, `select ${lock}`), { message: /permission denied for function pg_/ });
  }
  const lock = await takeJobLock(database, 'nightly', '9900000');
  await lock.release();
  await database.pool.query('select nruf_refresh()');
  await query(asReader, 'select * from tn_ledger.nruf_utilization(current_date)');
});
