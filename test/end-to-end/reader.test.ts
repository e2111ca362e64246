import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { migrations } from '../../migrations/index.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer, testPassword } from '../support/postgres.js';
import {
  cli,
  type Env,
  type LedgerDatabase,
  makeDatabase,
  makeEmptyDatabase,
  makeFolder,
  query,
  settingsOf,
} from './support.js';

const test = anyTest as TestFn<{ server: TestServer; sandbox: Sandbox }>;

test.before(async (t) => {
  const [server, sandbox] = await Promise.all([
    startPostgres(),
    startSandbox({ numbers: 60, orders: 3, disconnects: 2, portins: 2, portouts: 2, assignments: 2 }),
  ]);
  Object.assign(t.context, { server, sandbox });
});
test.after.always((t) => Promise.all([t.context.server?.stop(), t.context.sandbox?.close()]));

/** A login that owns nothing: a member of the group role, if any. Answers with its settings for the command line. */
async function makeLogin(t: ExecutionContext, database: LedgerDatabase, group?: string): Promise<Env> {
  const role = `analyst_of_${database.name}`;
  await database.querySuperuser(`create role ${role} login password '${testPassword}'`);
  if (group !== undefined) await database.querySuperuser(`grant ${group} to ${role}`);
  t.teardown(() => database.querySuperuser(`drop owned by ${role}; drop role ${role}`));
  return { DATABASE_URL: database.url.replace('//tn_ledger:', `//${role}:`) };
}

const day = ['--as-of', new Date().toISOString().slice(0, 10)];

test('a member of tn_ledger_reader can do whatever reads, finds what the owner finds, and changes nothing', async (t) => {
  const { server, sandbox } = t.context;
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const owner = settingsOf(sandbox, database.url);
  t.is((await cli(t, ['run', 'nightly'], { env: owner, cwd })).status, 0);
  const reader = await makeLogin(t, database, 'tn_ledger_reader');
  // Behind what counting reads a copy of: a count that trusts the copy would be wrong, and the reader may not refresh it.
  await database.query(
    `delete from tn_ledger.number_status_history where telephone_number in (select telephone_number from tn_ledger.telephone_numbers order by 1 limit 7)`,
  );
  const outputs = async (env: Env) => {
    const printed: string[] = [];
    for (const args of [
      ['nruf', ...day],
      ['nruf', ...day, '--form', 'u3', '--json'],
      ['audit', ...day],
      ['nruf', '--filings'],
      ['assignments'],
    ]) {
      const { status, stdout, stderr } = await cli(t, args, { env, cwd });
      t.is(status, 0, `${args.join(' ')}: ${stderr}`);
      printed.push(stdout);
    }
    return printed;
  };
  const seen = await outputs(reader);
  t.deepEqual(seen, await outputs(owner));
  const status = await cli(t, ['status', '--json'], { env: reader, cwd });
  t.is(JSON.parse(status.stdout).runs.length, 14);
  const report = await cli(t, ['report', '--out', 'report.html'], { env: reader, cwd });
  t.is(report.status, 0, report.stderr);
  t.regex(await readFile(join(cwd, 'report.html'), 'utf8'), /9900000/);

  const filing = await cli(t, ['nruf', ...day, '--out', 'u4.csv', '--allow-gaps'], { env: reader, cwd });
  t.is(filing.status, 1);
  t.regex(filing.stderr, /which the user of DATABASE_URL may only read\. Nothing was written\.\nLeave out --out/);
  for (const table of ['billing_bdr', 'billing_rejects']) {
    const hidden = await cli(t, ['sql', `select * from ${table}`], { env: reader, cwd });
    t.is(hidden.status, 1);
    t.regex(hidden.stderr, new RegExp(`permission denied for table ${table}`));
  }
  await t.throwsAsync(query(reader.DATABASE_URL as string, 'delete from tn_ledger.telephone_numbers'), {
    message: /permission denied/,
  });
});

test('a reader whose transactions are read-only, without temporary tables, can do the same', async (t) => {
  const { server, sandbox } = t.context;
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  t.is((await cli(t, ['run', 'nightly'], { env: settingsOf(sandbox, database.url), cwd })).status, 0);
  const reader = await makeLogin(t, database, 'tn_ledger_reader');
  await database.querySuperuser(
    `revoke temp on database ${database.name} from public; alter role analyst_of_${database.name} set default_transaction_read_only = on`,
  );
  for (const args of [['nruf', ...day], ['audit', ...day], ['report', '--out', 'report.html'], ['status']]) {
    const { status, stderr } = await cli(t, args, { env: reader, cwd });
    t.is(status, 0, `${args.join(' ')}: ${stderr}`);
  }
});

test('every query of the README runs for a reader', async (t) => {
  const { server } = t.context;
  const database = await makeDatabase(t, server);
  const reader = await makeLogin(t, database, 'tn_ledger_reader');
  const readme = await readFile('README.md', 'utf8');
  const queries = [...readme.matchAll(/```sql\n(.+?)```/gs)].flatMap(([, block = '']) => block.split(/;\n/));
  t.true(queries.filter((sql) => sql.trim() !== '').length >= 12);
  for (const sql of queries.filter((each) => each.trim() !== ''))
    await t.notThrowsAsync(query(`${reader.DATABASE_URL}?options=-csearch_path%3Dtn_ledger`, sql), sql);
});

test('a reader of a database without a ledger, with an old one, or without the right to use it, reads what to do', async (t) => {
  const { server } = t.context;
  const empty = await makeEmptyDatabase(t, server);
  const nothing = await cli(t, ['audit', ...day], { env: await makeLogin(t, empty) });
  t.is(nothing.status, 1);
  t.regex(nothing.stderr, /holds no ledger, and this user may not create one in it\.\n.*`tn-ledger migrate`/);

  const database = await makeDatabase(t, server);
  const stranger = await makeLogin(t, database);
  for (const args of [
    ['nruf', ...day],
    ['report', '--out', 'x.html'],
  ]) {
    const { status, stderr } = await cli(t, args, { env: stranger });
    t.is(status, 1);
    t.regex(stderr, /may not read the ledger in .*\n.*grant tn_ledger_reader to/);
  }
  await database.querySuperuser(`grant tn_ledger_reader to analyst_of_${database.name}`);
  const newest = migrations.at(-1)?.name as string;
  await database.query(`delete from tn_ledger.knex_migrations where name = '${newest}'`);
  const old = await cli(t, ['nruf', ...day], { env: stranger });
  t.is(old.status, 1);
  t.regex(
    old.stderr,
    new RegExp(`lacks ${newest}, and this user may not bring it up to date\\.\\n.*\`tn-ledger migrate\``),
  );
});
