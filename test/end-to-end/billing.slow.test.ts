import { execFileSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { zipWhole } from '../../src/sandbox/billing/zip.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { cli, makeDatabase, makeFolder, settingsOf, withoutProgress } from './support.js';

let server: TestServer;

test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

interface Place {
  sandbox: Sandbox;
  cwd: string;
  billing(...args: string[]): ReturnType<typeof cli>;
  sql(query: string): Promise<string>;
}

async function open(t: ExecutionContext, options: SandboxOptions = {}): Promise<Place> {
  const sandbox = await startSandbox({ numbers: 10, ...options, billing: { rowsPerDay: 10, ...options.billing } });
  t.teardown(() => sandbox.close());
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const env = { ...settingsOf(sandbox, database.url), TN_LEDGER_LOG_LEVEL: 'warn' };
  return {
    sandbox,
    cwd,
    billing: (...args) => cli(t, ['billing', ...args], { cwd, env }),
    sql: async (query) => (await cli(t, ['sql', '--csv', query], { cwd, env })).stdout.trim(),
  };
}

const october = ['--type', 'BDR', '--from', '2026-10-01', '--to', '2026-10-31'];

test('a report is requested, fetched, loaded and summarized, and the same range again replaces what changed', async (t) => {
  const { sandbox, billing, sql, cwd } = await open(t, { billing: { pace: { reads: 2 } } });
  const first = await billing(...october);
  t.is(first.status, 0, first.output);
  t.is(withoutProgress(first.stderr), '');
  t.regex(first.stdout, /^BDR-2026-10-01-2026-10-31\.csv +[\d,]+ +310 +0$/m);
  t.regex(
    first.stdout,
    /^BDR 2026-10-01 to 2026-10-31, report [0-9a-f-]{36}: 310 rows loaded, 0 rejected, 0 rows of older reports replaced\.$/m,
  );
  t.is((await readdir(join(cwd, 'data', 'downloads'))).length, 1);
  const same = await billing(...october);
  t.is(same.status, 0, same.output);
  t.regex(same.stdout, /^BDR-2026-10-01-2026-10-31\.csv +[\d,]+ +unchanged +0$/m);
  t.regex(
    same.stdout,
    /^BDR 2026-10-01 to 2026-10-31, report \S+: the same content as report \S+, whose rows stay\. Nothing was loaded\.$/m,
  );
  sandbox.billing.rowsPerDay = 11;
  const second = await billing(...october, '--json');
  t.is(second.status, 0, second.output);
  t.like(JSON.parse(second.stdout), {
    rows: 341,
    rejected: 0,
    replaced: 310,
    start_date: '2026-10-01',
    end_date: '2026-10-31',
    same_as: null,
  });
  sandbox.billing.rowsPerDay = 10;
  const fewer = await billing(...october);
  t.is(fewer.status, 1, fewer.output);
  t.regex(
    fewer.stderr,
    /would leave 31 fewer rows \(2026-10-01: 11 before, 10 after; .*; 26 more days\)\. Nothing was changed\.\nIf .*: tn-ledger billing --type BDR --from 2026-10-01 --to 2026-10-31 --account 9900000 --accept-shrink\n/,
  );
  t.is((await billing(...october, '--accept-shrink')).status, 0);
  t.is(sandbox.billing.reports.length, 5);
  t.is(
    await sql(
      `select call_type, count(*), sum(amount) > 0 as paid from billing_bdr where call_start_date_time >= '2026-10-01' group by 1 order by 1`,
    ),
    'call_type,count,paid\nINBOUND,41,t\nINTERNATIONAL,75,t\nINTERSTATE,70,t\nINTRASTATE,42,t\nTOLL_FREE,82,t',
  );
  t.is(
    await sql(`select job, status, rows_written from sync_runs order by run_id`),
    'job,status,rows_written\nbilling,succeeded,310\nbilling,succeeded,0\nbilling,succeeded,341\nbilling,failed,0\nbilling,succeeded,310',
  );
});

test('a report that is not ready in time fails, and the same command again waits without a new request', async (t) => {
  const { sandbox, billing } = await open(t, { billing: { pace: { ms: 3_600_000 } } });
  const late = await billing(...october, '--timeout', '1s');
  t.is(late.status, 1);
  t.regex(late.stderr, /BDR 2026-10-01 to 2026-10-31 of account 9900000 was not ready after 1 s \(/);
  t.regex(late.stderr, /Run the same command again/);
  sandbox.clock.advance(3_600_000);
  const done = await billing(...october);
  t.is(done.status, 0, done.output);
  t.is(sandbox.billing.reports.length, 1);
});

test('--via bdrs uses the older resource', async (t) => {
  const { sandbox, billing, sql } = await open(t, { billing: { pace: { reads: 2 }, location: 'foreign' } });
  const { status, output } = await billing(...october, '--via', 'bdrs');
  t.is(status, 0, output);
  t.deepEqual(
    sandbox.billing.reports.map(({ resource }) => resource),
    ['bdrs'],
  );
  t.is(await sql('select count(*) from billing_bdr'), 'count\n310');
  t.is((await billing('--type', 'MDR', '--from', '2026-10-01', '--to', '2026-10-01', '--via', 'bdrs')).status, 2);
});

test('loading an existing archive is idempotent, and bad rows exit 3', async (t) => {
  const { sandbox, billing, sql, cwd } = await open(t);
  const content =
    'CallStartDateTime,Duration,CallID\n2026/10/01 01:00:00 AM,5,a\n2026/10/02 01:00:00 AM,x,b\n2026/10/03 01:00:00 AM,6,c\n';
  await writeFile(join(cwd, 'hand.zip'), await zipWhole([{ name: 'calls.csv', content }]));
  for (let round = 0; round < 2; round += 1) {
    const { status, stdout, stderr } = await billing('--file', 'hand.zip', '--type', 'bdr');
    t.is(status, 3);
    t.regex(stdout, /^BDR 2026-10-01 to 2026-10-03, report file-[0-9a-f]{32}-bdr: 2 rows loaded, 1 rejected/m);
    t.regex(stderr, /1 of 3 rows could not be loaded and are in billing_rejects/);
    t.is(await sql('select call_id from billing_bdr order by 1'), 'call_id\na\nc');
    t.is(
      await sql('select line_number, reason, line from billing_rejects'),
      'line_number,reason,line\n3,"Duration: invalid input syntax for type integer: ""x""","2026/10/02 01:00:00 AM,x,b"',
    );
  }
  t.deepEqual(sandbox.billing.reports, []);
});

test('invalid usage is reported before any API request', async (t) => {
  const { sandbox, billing, cwd } = await open(t);
  await writeFile(join(cwd, 'text.zip'), 'not an archive');
  await mkdir(join(cwd, 'folder'));
  execFileSync('mkfifo', [join(cwd, 'pipe')]);
  for (const [args, message] of [
    [['--type', 'BDR'], /--from or --to is missing/],
    [['--type', 'BDR', '--from', '2026-10-02', '--to', '2026-10-01'], /--from 2026-10-02 is after --to/],
    [['--type', 'BDR', '--from', '2026-10-32', '--to', '2026-10-32'], /--from must be a date/],
    [['--type', 'BDR', '--from', '2999-01-01', '--to', '2999-01-01'], /is in the future/],
    [['--type', '../x', '--from', '2026-10-01', '--to', '2026-10-01'], /isn't a valid billing report type/],
    [['--type', 'reports', '--from', '2026-10-01', '--to', '2026-10-01'], /isn't a valid billing report type/],
    [[...october, '--timeout', 'soon'], /--timeout must be a duration/],
    [['--type', 'BDR', '--file', 'missing.zip'], /missing\.zip can't be read: ENOENT/],
    [['--type', 'BDR', '--file', 'folder'], /folder can't be read: it is a folder\.\nName a \.zip file/],
    [['--type', 'BDR', '--file', 'pipe'], /pipe can't be read: it is not a regular file/],
    [['--type', 'DIDSNAP', '--file', 'text.zip'], /An archive of type DIDSNAP doesn't show which days it covers/],
  ] as const) {
    const { status, stderr } = await billing(...args);
    t.is(status, 2, args.join(' '));
    t.regex(stderr, message);
  }
  const damaged = await billing('--type', 'BDR', '--file', 'text.zip');
  t.is(damaged.status, 1);
  t.regex(damaged.stderr, /text\.zip isn't a ZIP archive\. Nothing was loaded, and the archive was kept\./);
  t.deepEqual(sandbox.billing.reports, []);
  sandbox.billing.refuse.request = [{ status: 404, code: '15501', description: 'Invalid date range.' }];
  const refused = await billing(...october);
  t.is(refused.status, 2);
  t.regex(refused.stderr, /Bandwidth refuses the days 2026-10-01 to 2026-10-31/);
});
