import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import {
  type CliOptions,
  cli,
  type Env,
  type LedgerDatabase,
  ledgerLines,
  makeDatabase,
  makeEmptyDatabase,
  makeFolder,
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
  // Three pages in service; the other lists only make nights longer.
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 11_000, ...withoutOrders })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

/** A schedule that is up; what it has printed so far is told by `said`. */
async function startSchedule(t: ExecutionContext, args: readonly string[], options: CliOptions) {
  const { child, result } = startCli(t, ['schedule', ...args], { ...options, cwd: await makeFolder(t) });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text: string) => {
      printed += text;
    });
  }
  return {
    said: (pattern: RegExp) => until(async () => pattern.test(printed)),
    /** SIGTERM, to the end. */
    async end() {
      child.kill('SIGTERM');
      return result;
    },
  };
}

const nights = (database: LedgerDatabase) =>
  database.query(`select account_id, status from tn_ledger.sync_runs where job = 'nightly' order by run_id`);

/** A ledger whose last night was three days ago. */
async function missTheNight(t: ExecutionContext, database: LedgerDatabase): Promise<void> {
  t.is((await cli(t, ['migrate'], { env: settings(database) })).status, 0);
  await database.query(
    `insert into tn_ledger.sync_runs (job, account_id, started_at, finished_at, status)
     values ('nightly', '9900000', now() - interval '3 days', now() - interval '3 days', 'succeeded')`,
  );
}

function settings(database: LedgerDatabase, origin?: string) {
  return { ...settingsOf(sandbox, database.url, origin), TN_LEDGER_LOG_FORMAT: 'pretty' };
}

test('a newcomer’s schedule prints the next three times and makes nothing up; the night comes at its time; SIGTERM ends it, exit 0', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  // Two seconds before the clocks of New York are put forward to 3:00.
  const moved = { MOVED_CLOCK_START: '2027-03-14T06:59:58Z', TN_LEDGER_MAX_CLOCK_DIFFERENCE: '36500d' };
  const env = { ...settings(database), ...moved };
  const schedule = await startSchedule(t, [], { env, nodeArguments: ['--import', movedClock] });
  await schedule.said(/INFO: The night of .+ is over/);
  const { status, stdout, stderr } = await schedule.end();
  t.is(status, 0);
  t.true(
    stdout.startsWith(`Nights by TN_LEDGER_SCHEDULE (0 2 * * *, America/New_York) of 9900000; the next ones:
  2027-03-14 03:00 EDT (2027-03-14 07:00 UTC)
  2027-03-15 02:00 EDT (2027-03-15 06:00 UTC)
  2027-03-16 02:00 EDT (2027-03-16 06:00 UTC)
`),
    stdout,
  );
  t.regex(stdout, /^sync-inservice-numbers +9900000 +succeeded/m);
  t.regex(stderr, /INFO: No night has run yet for account 9900000: the first one comes with the schedule/);
  t.regex(stderr, /INFO: The night of 2027-03-14 03:00 EDT \(2027-03-14 07:00 UTC\) begins: 9900000/);
  t.deepEqual(await nights(database), [{ account_id: '9900000', status: 'succeeded' }]);
  t.deepEqual(await ledgerLines(database), sandboxLines(sandbox, '9900000'));
});

test('a night that was missed is made up once at the next start, for the accounts that lack it, and not with --no-catch-up', async (t) => {
  const database = await makeDatabase(t, server);
  // Twelve hours from any night: none comes by itself.
  const hour = new Date(Date.now() - 12 * 3_600_000).getUTCHours();
  const env = { ...settings(database), TN_LEDGER_SCHEDULE: `0 ${hour} * * *`, TN_LEDGER_TIMEZONE: 'UTC' };
  await missTheNight(t, database);

  const without = await startSchedule(t, ['--no-catch-up'], { env });
  await without.said(/the next ones:\n(.+\n){3}/);
  t.is((await without.end()).status, 0);
  t.is((await nights(database)).length, 1);

  const first = await startSchedule(t, [], { env });
  await first.said(/INFO: The night of .+ is over/);
  const { status, stderr } = await first.end();
  t.is(status, 0);
  t.regex(stderr, /INFO: The night of .+ was missed for account 9900000: it is made up now/);
  t.is((await nights(database)).length, 2);

  const other = { ...env, BANDWIDTH_ACCOUNT_ID: `${sandbox.foreignAccountId},9900000`, TN_LEDGER_LOG_LEVEL: 'debug' };
  const second = await startSchedule(t, [], { env: other });
  await second.said(/INFO: No night has run yet for account 9999999/);
  t.is((await second.end()).status, 0);
  t.is((await nights(database)).length, 2);
});

test('SIGTERM in the middle of a night ends the schedule within 10 s, exit 0; the next one goes on with the night', async (t) => {
  const database = await makeDatabase(t, server);
  let held = true;
  const asked: string[] = [];
  const origin = await startProxy(t, sandbox, ({ url = '' }) => {
    if (url.includes('/inserviceNumbers?')) asked.push(new URL(url, 'http://api').searchParams.get('page') ?? '');
    // The third page never comes.
    return held && url.includes('/inserviceNumbers?') && asked.length >= 3 ? new Promise(() => undefined) : undefined;
  });
  const env = settings(database, origin);
  await missTheNight(t, database);
  const schedule = await startSchedule(t, [], { env });
  const committed = 'select cardinality(pages_read) as pages from tn_ledger.sync_cursors where next_page is not null';
  await until(async () => asked.length === 3 && (await database.query(committed))[0]?.pages === 2);
  const signalled = performance.now();
  const { status, stderr } = await schedule.end();
  const seconds = (performance.now() - signalled) / 1000;
  t.is(status, 0);
  t.true(seconds < 10, `${seconds} s`);
  t.notRegex(stderr, / is over|failed/);
  t.is((await nights(database))[1]?.status, 'interrupted');
  t.deepEqual(await database.query(`select from tn_ledger.sync_runs where status = 'running'`), []);

  held = false;
  const [, , third] = asked.splice(0);
  const again = await startSchedule(t, [], { env });
  await again.said(/INFO: The night of .+ is over/);
  t.regex((await again.end()).stderr, /The night of .+ was cut short for account 9900000: it goes on now/);
  t.is(asked[0], third);
  t.deepEqual(
    (await nights(database)).map(({ status: outcome }) => outcome),
    ['succeeded', 'interrupted', 'succeeded'],
  );
  t.deepEqual(await ledgerLines(database), sandboxLines(sandbox, '9900000'));
});

test('a night that fails is told, and the schedule stays up; status shows the failure, and the next start lets it be', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settings(database), BANDWIDTH_CLIENT_SECRET: 'wrong-client-secret' };
  await missTheNight(t, database);
  const schedule = await startSchedule(t, [], { env, alsoSecret: ['wrong-client-secret'] });
  await schedule.said(/ERROR: The night of .+ failed; `tn-ledger status` shows why\./);
  const { status, stderr } = await schedule.end();
  t.is(status, 0, 'it was still there to be ended');
  t.regex(stderr, /^sync-inservice-numbers: the token address .+ refused the client credentials/m);
  t.regex((await cli(t, ['status'], { env })).stdout, /^sync-inservice-numbers of account 9900000 failed: the token/m);
  const again = await startSchedule(t, [], { env: { ...settings(database), TN_LEDGER_LOG_LEVEL: 'debug' } });
  await again.said(/DEBUG: The night of .+ needs no making up/);
  t.is((await again.end()).status, 0);
  t.deepEqual(
    (await nights(database)).map(({ status: outcome }) => outcome),
    ['succeeded', 'failed'],
  );
});

test('a night that runs already, started by somebody else, is left to them', async (t) => {
  const database = await makeDatabase(t, server);
  await missTheNight(t, database);
  const other = new pg.Client({ connectionString: database.url });
  await other.connect();
  await other.query(`select pg_advisory_lock(hashtextextended('tn-ledger/nightly/9900000', 0))`);
  const schedule = await startSchedule(t, [], { env: settings(database) });
  await schedule.said(
    /WARN: Not all of the night of .+ was run: another run of it, or of one of its jobs, is in progress/,
  );
  await other.end();
  t.is((await schedule.end()).status, 0);
  t.is((await nights(database)).length, 1);
});

test('a database that is down is told, without a stack trace, and the schedule stays up and waits for it', async (t) => {
  const env = settingsOf(sandbox, 'postgresql://user:other-password@127.0.0.1:1/ledger');
  const schedule = await startSchedule(t, [], { env, alsoSecret: ['other-password'] });
  await schedule.said(/trying again in 5 minutes/);
  const { status, stderr } = await schedule.end();
  t.is(status, 0);
  t.regex(
    stderr,
    /Whether the night of .+ was missed could not be found out; .+The database 127\.0\.0\.1:1\/ledger is not/,
  );
});

test('a schedule or a zone that is none is bad configuration: exit 2, the variable named with the mend, nothing started', async (t) => {
  const database = await makeEmptyDatabase(t, server);
  for (const [variable, value, told] of [
    ['TN_LEDGER_SCHEDULE', '0 25 * * *', /must be a cron expression, such as 0 2 \* \* \* .+: 25 is an invalid /],
    ['TN_LEDGER_SCHEDULE', '0 0 2 * * *', /has a field for seconds: it must be a cron expression of five fields/],
    ['TN_LEDGER_TIMEZONE', 'America/Newyork', /must be a time zone of the IANA list, such as America\/New_York or UTC/],
  ] as const) {
    const { status, stdout, stderr } = await cli(t, ['schedule'], {
      env: { ...settings(database), [variable]: value },
    });
    t.is(status, 2);
    t.is(stdout, '');
    t.regex(stderr, new RegExp(`^The configuration needs one thing mended .+\\n {2}- ${variable} ${told.source}`));
    t.is(stderr.trim().split('\n').length, 3);
  }
  t.deepEqual(await database.query(`select from pg_namespace where nspname = 'tn_ledger'`), []);
});

test('without BANDWIDTH_ACCOUNT_ID a missed night is made up for the account that the token names', async (t) => {
  const database = await makeDatabase(t, server);
  await missTheNight(t, database);
  const { BANDWIDTH_ACCOUNT_ID, ...env }: Env = settings(database);
  const schedule = await startSchedule(t, [], { env });
  await schedule.said(/INFO: The night of .+ is over/);
  const { status, stdout } = await schedule.end();
  t.is(status, 0);
  t.regex(stdout, /of the accounts that the access token names; the next ones:/);
  t.deepEqual(await nights(database), [
    { account_id: '9900000', status: 'succeeded' },
    { account_id: '9900000', status: 'succeeded' },
  ]);
});
