import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import {
  cli,
  type Env,
  type LedgerDatabase,
  ledgerLines,
  makeDatabase,
  makeEmptyDatabase,
  makeFolder,
  type ProcessOptions,
  sandboxLines,
  settingsOf,
  startCli,
  startProxy,
  until,
} from './support.js';

const movedClock = fileURLToPath(new URL('./fixtures/moved-clock.js', import.meta.url));

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 300, ...withoutOrders })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

/** Starts the schedule command; `printed` waits for output. */
async function startSchedule(t: ExecutionContext, args: readonly string[], options: ProcessOptions) {
  const { child, result } = startCli(t, ['schedule', ...args], { ...options, cwd: await makeFolder(t) });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text: string) => {
      output += text;
    });
  }
  return {
    printed: (pattern: RegExp) => until(async () => pattern.test(output)),
    /** Sends SIGTERM and waits for the exit. */
    async end() {
      child.kill('SIGTERM');
      return result;
    },
  };
}

const nightlyRuns = (database: LedgerDatabase) =>
  database.query(`select account_id, status from tn_ledger.sync_runs where job = 'nightly' order by run_id`);

/** Makes the last recorded nightly run three days old. */
async function missRuns(t: ExecutionContext, database: LedgerDatabase): Promise<void> {
  t.is((await cli(t, ['migrate'], { env: settings(database) })).status, 0);
  await database.query(
    `insert into tn_ledger.sync_runs (job, account_id, started_at, finished_at, status)
     values ('nightly', '9900000', now() - interval '3 days', now() - interval '3 days', 'succeeded')`,
  );
}

function settings(database: LedgerDatabase) {
  return { ...settingsOf(sandbox, database.url), TN_LEDGER_LOG_FORMAT: 'pretty' };
}

test('for a new account, schedule prints the next three times, runs on time, and exits 0 on SIGTERM', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  // Two seconds before daylight saving begins in New York.
  const moved = { MOVED_CLOCK_START: '2027-03-14T06:59:58Z', TN_LEDGER_MAX_CLOCK_DIFFERENCE: '36500d' };
  const env = { ...settings(database), ...moved };
  const schedule = await startSchedule(t, [], { env, nodeArguments: ['--import', movedClock] });
  await schedule.printed(/INFO: The nightly run of .+ finished/);
  const { status, stdout, stderr } = await schedule.end();
  t.is(status, 0);
  t.true(
    stdout.startsWith(`Next nightly runs of 9900000 (TN_LEDGER_SCHEDULE: 0 2 * * *, America/New_York):
  2027-03-14 03:00 EDT (2027-03-14 07:00 UTC)
  2027-03-15 02:00 EDT (2027-03-15 06:00 UTC)
  2027-03-16 02:00 EDT (2027-03-16 06:00 UTC)
`),
    stdout,
  );
  t.regex(stderr, /INFO: No nightly run is recorded for account 9900000 yet\. The first one starts on schedule/);
  t.regex(stderr, /INFO: The nightly run of 2027-03-14 03:00 EDT \(2027-03-14 07:00 UTC\) for account 9900000 started/);
  t.deepEqual(await nightlyRuns(database), [{ account_id: '9900000', status: 'succeeded' }]);
  t.deepEqual(await ledgerLines(database), sandboxLines(sandbox, '9900000'));
});

test('a missed run is caught up once at the next start, per account, unless --no-catch-up', async (t) => {
  const database = await makeDatabase(t, server);
  // Twelve hours from any scheduled time, so that no run starts on schedule.
  const hour = new Date(Date.now() - 12 * 3_600_000).getUTCHours();
  const env = { ...settings(database), TN_LEDGER_SCHEDULE: `0 ${hour} * * *`, TN_LEDGER_TIMEZONE: 'UTC' };
  await missRuns(t, database);

  const without = await startSchedule(t, ['--no-catch-up'], { env });
  await without.printed(/Next nightly runs of .+:\n(.+\n){3}/);
  t.is((await without.end()).status, 0);
  t.is((await nightlyRuns(database)).length, 1);

  const first = await startSchedule(t, [], { env });
  await first.printed(/INFO: The nightly run of .+ finished/);
  const { status, stderr } = await first.end();
  t.is(status, 0);
  t.regex(stderr, /INFO: The nightly run of .+ was missed for account 9900000; planning it now/);
  t.is((await nightlyRuns(database)).length, 2);

  const other = { ...env, BANDWIDTH_ACCOUNT_ID: `${sandbox.foreignAccountId},9900000`, TN_LEDGER_LOG_LEVEL: 'debug' };
  const second = await startSchedule(t, [], { env: other });
  await second.printed(/INFO: No nightly run is recorded for account 9999999 yet/);
  t.is((await second.end()).status, 0);
  t.is((await nightlyRuns(database)).length, 2);
});

test('SIGTERM during a run exits 0 within 10 s, and the next start resumes the run', async (t) => {
  const database = await makeDatabase(t, server);
  const threePages = await startSandbox({ numbers: 11_000, ...withoutOrders });
  t.teardown(() => threePages.close());
  let held = true;
  const asked: string[] = [];
  const origin = await startProxy(t, threePages, ({ url = '' }) => {
    if (url.includes('/inserviceNumbers?')) asked.push(new URL(url, 'http://api').searchParams.get('page') ?? '');
    // The third page never arrives.
    return held && url.includes('/inserviceNumbers?') && asked.length >= 3 ? new Promise(() => undefined) : undefined;
  });
  const env = { ...settingsOf(threePages, database.url, origin), TN_LEDGER_LOG_FORMAT: 'pretty' };
  await missRuns(t, database);
  const schedule = await startSchedule(t, [], { env });
  const committed = 'select cardinality(pages_read) as pages from tn_ledger.sync_cursors where next_page is not null';
  await until(async () => asked.length === 3 && (await database.query(committed))[0]?.pages === 2);
  const signalled = performance.now();
  const { status, stderr } = await schedule.end();
  const seconds = (performance.now() - signalled) / 1000;
  t.is(status, 0);
  t.true(seconds < 10, `${seconds} s`);
  t.notRegex(stderr, / finished|failed/);
  t.is((await nightlyRuns(database))[1]?.status, 'interrupted');
  t.deepEqual(await database.query(`select from tn_ledger.sync_runs where status = 'running'`), []);

  held = false;
  const [, , third] = asked.splice(0);
  const again = await startSchedule(t, [], { env });
  await again.printed(/INFO: The nightly run of .+ finished/);
  t.regex((await again.end()).stderr, /The nightly run of .+ for account 9900000 continues \(attempt 2\)/);
  t.is(asked[0], third);
  t.deepEqual(
    (await nightlyRuns(database)).map(({ status: outcome }) => outcome),
    ['succeeded', 'interrupted', 'succeeded'],
  );
  t.deepEqual(await ledgerLines(database), sandboxLines(threePages, '9900000'));
});

test('a failed run is logged and shown by status, the schedule keeps running, and the run is not retried', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settings(database), BANDWIDTH_CLIENT_SECRET: 'wrong-client-secret' };
  await missRuns(t, database);
  const schedule = await startSchedule(t, [], { env, alsoSecret: ['wrong-client-secret'] });
  await schedule.printed(/ERROR: The nightly run of .+ failed\. Run `tn-ledger status` to see why\./);
  const { status, stderr } = await schedule.end();
  t.is(status, 0, 'it was still running');
  t.regex(stderr, /^sync-inservice-numbers: the token URL .+ rejected the client credentials/m);
  t.regex((await cli(t, ['status'], { env })).stdout, /^sync-inservice-numbers of account 9900000 failed: the token/m);
  const again = await startSchedule(t, [], { env: { ...settings(database), TN_LEDGER_LOG_LEVEL: 'debug' } });
  await again.printed(/DEBUG: The nightly run of .+ was not missed for account/);
  t.is((await again.end()).status, 0);
  t.deepEqual(
    (await nightlyRuns(database)).map(({ status: outcome }) => outcome),
    ['succeeded', 'failed'],
  );
});

test('a run that another process is already executing is not started, but tried again', async (t) => {
  const database = await makeDatabase(t, server);
  await missRuns(t, database);
  const other = new pg.Client({ connectionString: database.url });
  await other.connect();
  await other.query(`select pg_advisory_lock(hashtextextended('tn-ledger/nightly/9900000', 0))`);
  const schedule = await startSchedule(t, [], { env: settings(database) });
  await schedule.printed(
    /WARN: The nightly run of .+ is incomplete: another nightly run, or one of its jobs, is in progress/,
  );
  t.is((await schedule.end()).status, 0);
  await other.end();
  t.is((await nightlyRuns(database)).length, 1);
});

test('while the database is down, the schedule logs the error without a stack trace and keeps retrying', async (t) => {
  const env = settingsOf(sandbox, 'postgresql://user:other-password@127.0.0.1:1/ledger');
  const schedule = await startSchedule(t, [], { env, alsoSecret: ['other-password'] });
  await schedule.printed(/retrying in 5 minutes/);
  const { status, stderr } = await schedule.end();
  t.is(status, 0);
  t.regex(
    stderr,
    /The nightly run of .+, which may have been missed, could not be planned; .+The database 127\.0\.0\.1:1\/ledger is not/,
  );
});

test('an invalid schedule or time zone is a configuration error, exit 2', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  for (const [variable, value, problem] of [
    ['TN_LEDGER_SCHEDULE', '0 25 * * *', /must be a cron expression, such as 0 2 \* \* \* .+: 25 is an invalid /],
    ['TN_LEDGER_SCHEDULE', '0 0 2 * * *', /has a field for seconds: it must be a five-field cron expression/],
    ['TN_LEDGER_TIMEZONE', 'America/Newyork', /must be an IANA time zone, such as America\/New_York or UTC/],
  ] as const) {
    const { status, stdout, stderr } = await cli(t, ['schedule'], {
      env: { ...settings(database), [variable]: value },
    });
    t.is(status, 2);
    t.is(stdout, '');
    t.regex(stderr, new RegExp(`^1 configuration error:\\n {2}- ${variable} ${problem.source}`));
    t.is(stderr.trim().split('\n').length, 3);
  }
  t.deepEqual(await database.query(`select from pg_namespace where nspname = 'tn_ledger'`), []);
});

test('without BANDWIDTH_ACCOUNT_ID, a missed run is caught up for the account in the token', async (t) => {
  const database = await makeDatabase(t, server);
  await missRuns(t, database);
  const { BANDWIDTH_ACCOUNT_ID, ...env }: Env = settings(database);
  const schedule = await startSchedule(t, [], { env });
  await schedule.printed(/INFO: The nightly run of .+ finished/);
  const { status, stdout } = await schedule.end();
  t.is(status, 0);
  t.regex(stdout, /^Next nightly runs of the accounts in the access token \(/);
  t.deepEqual(await nightlyRuns(database), [
    { account_id: '9900000', status: 'succeeded' },
    { account_id: '9900000', status: 'succeeded' },
  ]);
});
