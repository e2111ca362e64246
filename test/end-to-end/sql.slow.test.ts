import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import {
  cli,
  cliProcess,
  type LedgerDatabase,
  mainScript,
  makeEmptyDatabase,
  makeFolder,
  query,
  startCli,
  until,
} from './support.js';

let server: TestServer;

test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());
/** Creates a ledger with one small table. */
async function setUp(t: ExecutionContext): Promise<{ database: LedgerDatabase; env: { DATABASE_URL: string } }> {
  const database = await makeEmptyDatabase(t, server);
  await database.query('create schema tn_ledger; create table tn_ledger.things (name text, amount numeric)');
  return { database, env: { DATABASE_URL: database.url } };
}

test('a table has aligned columns, right-aligned numbers, and a row count', async (t) => {
  const { env } = await setUp(t);
  const result = await cliProcess(
    t,
    ['sql', `select * from (values ('NC', 12), ('California', 3), (null, null)) v (state, numbers)`],
    { env },
  );
  t.is(result.status, 0);
  t.is(result.stderr, '');
  t.deepEqual(result.stdout.split('\n'), [
    'state       numbers',
    '───────────────────',
    'NC               12',
    'California        3',
    '',
    '(3 rows)',
    '',
  ]);
});

test('--csv quotes as needed, distinguishes NULL from an empty string, and keeps all digits', async (t) => {
  const { env } = await setUp(t);
  const statement = `select null as a, '' as b, e'x,"y"\\nz' as c, 12345678901234567890.123456789 as d, now() - now() as e`;
  const { stdout, status } = await cli(t, ['sql', '--csv', statement], { env });
  t.is(status, 0);
  t.is(stdout, `a,b,c,d,e\n,"","x,""y""\nz",12345678901234567890.123456789,00:00:00\n`);
});

test('--json matches PostgreSQL: all digits of numbers, NULL, and fractional seconds', async (t) => {
  const { env } = await setUp(t);
  const statement = `select 9223372036854775807 as i, 0.10000000000000000000000001 as n, null as z, array[1, 2] as a,
    timestamptz '2026-01-01 00:00:00.123456Z' as at, '{"k": 1}'::jsonb as j from generate_series(1, 2)`;
  const { stdout, status } = await cli(t, ['sql', '--json', statement], { env });
  t.is(status, 0);
  t.regex(stdout, /"i":9223372036854775807,"n":0\.10000000000000000000000001,/);
  t.like(JSON.parse(stdout), [{ z: null, a: [1, 2], at: '2026-01-01T00:00:00.123456Z', j: { k: 1 } }, { z: null }]);
});

test('without rows, the output is a header or an empty array', async (t) => {
  const { env } = await setUp(t);
  const none = 'select 1 as one where false';
  t.is((await cli(t, ['sql', none], { env })).stdout, 'one\n(0 rows)\n');
  t.is((await cli(t, ['sql', '--csv', none], { env })).stdout, 'one\n');
  t.is((await cli(t, ['sql', '--json', none], { env })).stdout, '[]\n');
});

test('without an argument, the statement is read from standard input; an empty one is a usage error', async (t) => {
  const { env } = await setUp(t);
  t.regex((await cli(t, ['sql'], { env, stdin: 'select 5\n  as five;\n' })).stdout, /^five\n/);
  for (const stdin of ['', ' \n', ';']) {
    const { status, stderr } = await cli(t, ['sql'], { env, stdin });
    t.is(status, 2);
    t.regex(stderr, /^There is no SQL to run\.\n/);
  }
  t.is((await cli(t, ['sql', '--csv', '--json', 'select 1'], { env })).status, 2);
});

test('a statement error is reported with its line, its position and the hint of PostgreSQL, exit 1', async (t) => {
  const { env } = await setUp(t);
  const failing = async (statement: string) => cli(t, ['sql', statement], { env });
  const syntax = await failing('selec 1');
  t.is(syntax.status, 1);
  t.is(syntax.stdout, '');
  t.is(
    syntax.stderr,
    'The statement failed: syntax error at or near "selec". Nothing was changed.\nLINE 1: selec 1\n        ^\n',
  );
  t.is(
    (await failing("select '日本',\n amont from things")).stderr,
    'The statement failed: column "amont" does not exist. Nothing was changed.\nLINE 2:  amont from things\n         ^\nHint: Perhaps you meant to reference the column "things.amount".\n',
  );
  t.regex((await failing('select 1/0')).stderr, /^The statement failed: division by zero\./);
});

test('statements can write only with --write', async (t) => {
  const { env, database } = await setUp(t);
  for (const statement of [
    `insert into things values ('a', 1)`,
    'create table tn_ledger.other (a int)',
    `with w as (insert into things values ('b', 2) returning *) select * from w`,
    'drop table things',
  ]) {
    const { status, stderr } = await cli(t, ['sql', statement], { env });
    t.is(status, 1);
    t.regex(
      stderr,
      /^The statement would write, but `tn-ledger sql` is read-only by default\. Nothing was changed\.\nAdd --write/,
    );
  }
  t.deepEqual(await database.query('select * from tn_ledger.things'), []);
  const written = await cli(t, ['sql', '--write', `insert into things values ('a', 1), ('b', 2)`], { env });
  t.is(written.status, 0);
  t.is(written.stdout, 'INSERT 2\n');
  const returned = await cli(t, ['sql', '--write', 'update things set amount = 3 returning name'], { env });
  t.regex(returned.stdout, /\(UPDATE 2\)\n$/);
  t.is((await cli(t, ['sql', '--write', 'create table tn_ledger.other (a int)'], { env })).stdout, 'CREATE\n');
  t.deepEqual(await database.query('select name, amount from tn_ledger.things order by 1'), [
    { name: 'a', amount: '3' },
    { name: 'b', amount: '3' },
  ]);
});

test('multiple statements, parameters and COPY are rejected without changes', async (t) => {
  const { env, database } = await setUp(t);
  const several = await cli(t, ['sql', '--write', `insert into things values ('a'); commit; select 1`], { env });
  t.is(several.status, 2);
  t.regex(
    several.stderr,
    /^There is more than one statement, but `tn-ledger sql` runs only one\. Nothing was changed\./,
  );
  const parameters = await cli(t, ['sql', 'select $1'], { env });
  t.is(parameters.status, 2);
  t.regex(parameters.stderr, /^The statement has parameters/);
  for (const copy of ['copy things to stdout', 'copy things from stdin']) {
    await database.query(`insert into tn_ledger.things values ('row', 1)`);
    const { status, stderr } = await cli(t, ['sql', '--write', copy], { env });
    t.is(status, 1);
    t.regex(stderr, /does not support COPY to or from standard streams/);
  }
  t.deepEqual(await database.query('select distinct name from tn_ledger.things'), [{ name: 'row' }]);
});

test('closing the output early stops the command without an error', async (t) => {
  const { env } = await setUp(t);
  const cwd = await makeFolder(t);
  const script = `{ "$0" "$1" sql --csv 'select generate_series(1, 100000000) g'; echo "exit $?" >&2; } | head -2`;
  const child = spawn('sh', ['-c', script, process.execPath, mainScript], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => output.push(text));
  await once(child, 'close');
  t.is(output.join(''), 'g\n1\nexit 0\n');
});

if (process.platform === 'linux') {
  test('a write error on standard output fails the command', async (t) => {
    const { env } = await setUp(t);
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [mainScript, 'sql', '--csv', 'select g from generate_series(1, 5000) g'], {
      cwd: await makeFolder(t),
      env: { PATH: process.env.PATH, TN_LEDGER_LOG_FORMAT: 'pretty', ...env },
      stdio: ['ignore', full, 'pipe'],
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [status] = await once(child, 'close');
    t.is(status, 1);
    t.regex(stderr, /^Cannot write to standard output: ENOSPC[^\n]*\n$/);
  });
}

test('SIGINT cancels a running statement', async (t) => {
  const { database, env } = await setUp(t);
  const { child, result } = startCli(t, ['sql', 'select pg_sleep(600)'], { env, cwd: await makeFolder(t) });
  const sleeping = `select from pg_stat_activity where datname = '${database.name}' and query like '%pg_sleep(600)%' and wait_event = 'PgSleep'`;
  await until(async () => (await query(server.url, sleeping)).length > 0);
  child.kill('SIGINT');
  const { status, stderr } = await result;
  t.is(status, 1);
  t.regex(stderr, /Stopped by SIGINT\.\n$/);
  t.deepEqual(await query(server.url, sleeping), []);
});
