import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { plan } from '../../jobs/nightly.js';
import { migrationNames } from '../../migrations/index.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { documentedQueries } from '../support/documented-queries.js';
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

/** Creates a login role that owns nothing, optionally in a group role; returns its settings for the command line. */
async function makeLogin(t: ExecutionContext, database: LedgerDatabase, group?: string): Promise<Env> {
  const role = `analyst_of_${database.name}`;
  await database.querySuperuser(`create role ${role} login password '${testPassword}'`);
  if (group !== undefined) await database.querySuperuser(`grant ${group} to ${role}`);
  t.teardown(() => database.querySuperuser(`drop owned by ${role}; drop role ${role}`));
  return { DATABASE_URL: database.url.replace('//tn_ledger:', `//${role}:`) };
}

const day = ['--as-of', new Date().toISOString().slice(0, 10)];

test('a member of tn_ledger_reader gets the same results as the owner and cannot change anything', async (t) => {
  const { server, sandbox } = t.context;
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const owner = settingsOf(sandbox, database.url);
  t.is((await cli(t, ['run', 'nightly'], { env: owner, cwd })).status, 0);
  const reader = await makeLogin(t, database, 'tn_ledger_reader');
  // Makes the cached intervals stale: a count that trusts them would be wrong, and the reader may not refresh them.
  await database.query(
    `delete from tn_ledger.number_status_history where telephone_number in (select telephone_number from tn_ledger.telephone_numbers order by 1 limit 7)`,
  );
  const [{ tn } = {}] = await database.query('select min(telephone_number) as tn from tn_ledger.orders_numbers');
  const outputs = async (env: Env) => {
    const printed: string[] = [];
    for (const args of [
      ['number', tn],
      ['nruf', ...day],
      ['nruf', ...day, '--form', 'u3', '--json'],
      ['filing', 'list'],
      ['assignments'],
    ]) {
      const { status, stdout, stderr } = await cli(t, args, { env, cwd });
      t.is(status, 0, `${args.join(' ')}: ${stderr}`);
      // The use of a number is for readers of billing only; without it, the table is narrower.
      const withoutUse = () => stdout.replace(/─+\n|.* use in \d{4}-\d\d: .*\n/g, '').replace(/ {2,}/g, '  ');
      printed.push(args[0] === 'number' ? withoutUse() : stdout);
    }
    return printed;
  };
  const seen = await outputs(reader);
  t.deepEqual(seen, await outputs(owner));
  // Call records are for readers of billing only, and the audit says so.
  const audit = async (env: Env) => {
    const { status, stdout, stderr } = await cli(t, ['audit', ...day, '--json'], { env, cwd });
    t.is(status, 0, stderr);
    const { findings } = JSON.parse(stdout) as { findings: { id: string }[] };
    return { findings: findings.filter(({ id }) => !/^(?:traffic|reports|invoice)-/.test(id)), stderr };
  };
  const [byReader, byOwner] = [await audit(reader), await audit(owner)];
  t.deepEqual(byReader.findings, byOwner.findings);
  t.regex(byReader.stderr, /Billing data was not checked/);
  t.notRegex(byOwner.stderr, /Billing data was not checked/);
  const status = await cli(t, ['status', '--json'], { env: reader, cwd });
  t.is(JSON.parse(status.stdout).runs.length, plan.length + 1);
  const report = await cli(t, ['report', '--out', 'report.html'], { env: reader, cwd });
  t.is(report.status, 0, report.stderr);
  t.regex(await readFile(join(cwd, 'report.html'), 'utf8'), /9900000/);

  const filing = await cli(t, ['nruf', ...day, '--out', 'u4.csv', '--allow-gaps'], { env: reader, cwd });
  t.is(filing.status, 1);
  t.regex(filing.stderr, /which the user of DATABASE_URL may only read\. Nothing was written\.\nOmit --out/);
  for (const table of ['billing_bdr', 'billing_daily', 'billing_rejects']) {
    const hidden = await cli(t, ['sql', `select * from ${table}`], { env: reader, cwd });
    t.is(hidden.status, 1);
    t.regex(hidden.stderr, new RegExp(`permission denied for table ${table}`));
  }
  await t.throwsAsync(query(reader.DATABASE_URL as string, 'delete from tn_ledger.telephone_numbers'), {
    message: /permission denied/,
  });
});

for (const group of ['tn_ledger_reader', 'tn_ledger_billing_reader']) {
  test(`a member of ${group} lists files and reads results and reports, but no submitted file, and submits none`, async (t) => {
    const { server, sandbox } = t.context;
    const database = await makeDatabase(t, server);
    const cwd = await makeFolder(t);
    const owner = settingsOf(sandbox, database.url);
    t.is((await cli(t, ['run', 'sync-inservice-numbers'], { env: owner, cwd })).status, 0);
    const [{ tn } = {}] = await database.query('select min(telephone_number) as tn from tn_ledger.telephone_numbers');
    await writeFile(join(cwd, 'a.csv'), `customer,tn\nACME,${tn}\n`);
    t.is((await cli(t, ['submit', 'a.csv', '--action', 'ASSIGN'], { env: owner, cwd })).status, 0);
    t.is((await cli(t, ['run', 'submit-number-assignments', 'write-report'], { env: owner, cwd })).status, 0);
    const reader = await makeLogin(t, database, group);
    const as = async (env: Env, ...args: string[]) => cli(t, args, { env, cwd });
    t.is((await as(reader, 'files')).stdout, (await as(owner, 'files')).stdout);
    const { results } = JSON.parse((await as(reader, 'files', '--json')).stdout);
    t.deepEqual(
      results.map(({ kind }: { kind: string }) => kind),
      ['report', 'results'],
    );
    for (const { file_id, kind } of results) {
      const [read, own] = [
        await as(reader, 'files', 'get', file_id, '--out', '-'),
        await as(owner, 'files', 'get', file_id, '--out', '-'),
      ];
      t.is(read.status, 0, read.stderr);
      if (kind === 'report') t.is(read.stdout, own.stdout);
      else {
        t.regex(own.stdout, /^customer,tn,telephone_number,outcome,[\s\S]*\nACME,/);
        t.regex(read.stdout, /^line_number,number_as_given,telephone_number,outcome,/);
        t.notRegex(read.stdout, /ACME/);
      }
    }
    const hidden = await as(reader, 'files', 'get', 'a.csv', '--out', '-');
    t.is(hidden.status, 1);
    t.is(hidden.stdout, '');
    t.regex(hidden.stderr, /may not read the content of submitted files, such as file \d+ \(a\.csv\)/);
    const sql = await as(reader, 'sql', 'select content from submitted_file_parts');
    t.regex(sql.stderr, /permission denied for table submitted_file_parts/);
    const refused = await as({ ...owner, ...reader }, 'submit', 'a.csv', '--action', 'UNASSIGN');
    t.is(refused.status, 1);
    t.regex(
      refused.stderr,
      /^The user of DATABASE_URL may only read the ledger in .+\. Nothing was stored\.\nConnect as the owner/,
    );
    t.regex((await as(reader, 'files', 'acknowledge', '1')).stderr, /may only read .+\. Nothing was changed\.\n/);
  });
}

test('a reader works with read-only transactions and without temporary tables', async (t) => {
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

test('commands that only read use TN_LEDGER_READ_URL, and those that write use DATABASE_URL', async (t) => {
  const { server, sandbox } = t.context;
  // Not a real replica: its contents show which server a command used.
  const [database, replica] = [await makeDatabase(t, server), await makeDatabase(t, server)];
  const cwd = await makeFolder(t);
  const primary = settingsOf(sandbox, database.url);
  for (const env of [primary, { ...primary, DATABASE_URL: replica.url }])
    t.is((await cli(t, ['run', 'nightly'], { env, cwd })).status, 0);
  await database.query(`update tn_ledger.telephone_numbers set rate_center = 'PRIMARY'`);
  await replica.query(`update tn_ledger.telephone_numbers set rate_center = 'REPLICA'`);
  const env = { ...primary, TN_LEDGER_READ_URL: replica.url };
  const out = async (...args: string[]) => {
    const { status, stdout, stderr } = await cli(t, args, { env, cwd });
    t.is(status, 0, stderr);
    return stdout;
  };
  const places = 'select distinct rate_center from tn_ledger.telephone_numbers';
  t.is(await out('sql', '--csv', places), 'rate_center\nREPLICA\n');
  t.is(await out('sql', '--csv', '--write', places), 'rate_center\nPRIMARY\n');
  t.regex(await out('nruf', ...day), /REPLICA/);
  await out('nruf', ...day, '--out', 'filing.csv', '--allow-gaps');
  t.regex(await readFile(join(cwd, 'filing.csv'), 'utf8'), /PRIMARY/);
  t.is((await database.query('select from tn_ledger.nruf_filings')).length, 1);
  t.is((await replica.query('select from tn_ledger.nruf_filings')).length, 0);
  await replica.query(`update tn_ledger.result_files set file_name = 'replica.html'`);
  t.regex(await out('files'), / replica\.html /);
  t.regex(await out('files', 'get', 'replica.html', '--out', '-'), /<html/);
  const down = { ...primary, TN_LEDGER_READ_URL: 'postgresql://reader:only-for-tests@127.0.0.1:9/none' };
  const { stderr } = await cli(t, ['sql', places], { env: down, cwd });
  t.regex(stderr, /^The database 127\.0\.0\.1:9\/none is not reachable/);
  t.regex(
    stderr,
    /port in TN_LEDGER_READ_URL are correct; or unset TN_LEDGER_READ_URL to use the server of DATABASE_URL\.$/m,
  );
  await out('report', '--out', 'replica.html');
  t.regex(await readFile(join(cwd, 'replica.html'), 'utf8'), /REPLICA/);
});

test('every query in the README and the docs runs for a reader', async (t) => {
  const { server } = t.context;
  const database = await makeDatabase(t, server);
  const reader = await makeLogin(t, database, 'tn_ledger_reader');
  for (const sql of await documentedQueries())
    await t.notThrowsAsync(query(`${reader.DATABASE_URL}?options=-csearch_path%3Dtn_ledger`, sql), sql);
});

test('a missing ledger, an outdated one, and missing read privileges are reported with the fix', async (t) => {
  const { server } = t.context;
  const empty = await makeEmptyDatabase(t, server);
  const nothing = await cli(t, ['audit', ...day], { env: await makeLogin(t, empty) });
  t.is(nothing.status, 1);
  t.regex(nothing.stderr, /does not contain a ledger, and this user may not create one\.\n.*`tn-ledger migrate`/);

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
  const newest = migrationNames.at(-1) as string;
  await database.query(`delete from tn_ledger.knex_migrations where name = '${newest}'`);
  const old = await cli(t, ['nruf', ...day], { env: stranger });
  t.is(old.status, 1);
  t.regex(
    old.stderr,
    new RegExp(`is missing ${newest}, and this user may not apply migrations\\.\\n.*\`tn-ledger migrate\``),
  );
});
