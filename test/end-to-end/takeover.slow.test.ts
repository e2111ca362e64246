import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { envOf, openAssigning } from '../assignment/support.js';
import { startDatabaseProxy } from '../support/database-proxy.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { ledgerVersions } from '../sync/support/contents.js';
import { type Ledger, leftovers, openLedger } from '../sync/support/ledger.js';
import { waitForBlocked } from '../sync/support/moments.js';
import { watchRuns } from '../sync/support/watch-runs.js';
import { type CliResult, cliProcess, type Env, makeFolder, type RunningCli, startCli, until } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const account = '9900000';
const shortTimings = fileURLToPath(new URL('./fixtures/short-lock-timings.js', import.meta.url));

/** Starts a command that loses its locks after seconds. */
async function start(
  t: ExecutionContext<{ server: TestServer }>,
  args: readonly string[],
  env: Env,
): Promise<RunningCli> {
  return startCli(t, args, { env, cwd: await makeFolder(t), nodeArguments: ['--import', shortTimings] });
}

/** Waits until no process of the command line holds a lock. */
function untilFree(ledger: Pick<Ledger, 'query'>): Promise<void> {
  return until(async () => {
    const held = await ledger.query(
      `select from pg_locks join pg_stat_activity using (pid)
        where locktype = 'advisory' and datname = current_database() and application_name = 'tn-ledger'
          and state = 'idle'`,
    );
    return held.length === 0;
  });
}

/** The contents of all tables but those that count requests. */
async function versionsOf(ledger: Ledger): Promise<unknown> {
  const { request_permits: _permits, request_waiters: _waiters, ...versions } = await ledgerVersions(ledger);
  return versions;
}

/** Lets another process run everything, thaws the first one, and asserts that it writes nothing and says who took over. */
async function assertTakenOver(
  t: ExecutionContext<{ server: TestServer }>,
  ledger: Ledger,
  { child, result }: RunningCli,
): Promise<CliResult> {
  const second = await cliProcess(t, ['run', 'nightly'], { env: ledger.env });
  t.is(second.status, 0, second.output);
  await watchRuns(ledger).compare(t);
  const versions = await versionsOf(ledger);
  const runs = await ledger.query('select * from sync_runs order by run_id');
  child.kill('SIGCONT');
  const first = await result;
  t.is(first.status, 1, first.output);
  t.regex(
    first.output,
    new RegExp(
      `Another process on ${hostname()} took over [\\w-]+ for account ${account} at [\\d-]+ [\\d:]+ UTC \\(run \\d+\\), because this one had lost its lock\\. This one wrote nothing after that\\.`,
    ),
  );
  t.regex(first.output, /Nothing needs to be done/);
  t.deepEqual(await versionsOf(ledger), versions);
  t.like(
    (await ledger.query<{ job: string; status: string }>('select job, status from sync_runs order by run_id'))[0],
    { job: 'nightly', status: 'interrupted' },
  );
  t.is((await ledger.query('select from sync_runs')).length, runs.length);
  t.deepEqual(await leftovers(ledger), []);
  return first;
}

test('a process that is frozen before a page arrives is taken over, and writes nothing when it goes on', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600 }, pageSize: 100 });
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const held = new Promise<void>((resolve) => {
    ledger.proxy.onRequest = async ({ nth }) => {
      if (nth !== 3) return;
      resolve();
      await gate;
    };
  });
  const first = await start(t, ['run', 'nightly'], ledger.env);
  await held;
  first.child.kill('SIGSTOP');
  // The page waits for the process, which would write it first of all.
  go();
  await untilFree(ledger);
  await assertTakenOver(t, ledger, first);
});

test('a process that is frozen while it writes is taken over, and its transaction is rolled back', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600 } });
  const blocker = await ledger.database.pool.connect();
  await blocker.query('begin; lock table number_status_history in share mode');
  const first = await start(t, ['run', 'nightly'], ledger.env);
  await waitForBlocked(ledger);
  first.child.kill('SIGSTOP');
  await blocker.query('rollback');
  blocker.release();
  await untilFree(ledger);
  const open = await ledger.query(
    `select from pg_stat_activity where datname = current_database() and application_name = 'tn-ledger' and state = 'idle in transaction'`,
  );
  t.is(open.length, 1);
  await assertTakenOver(t, ledger, first);
});

test('a process that is cut off from the database stops and says so, and another one resumes', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600 }, pageSize: 100 });
  const proxy = await startDatabaseProxy(t, ledger.env.DATABASE_URL as string);
  let cut = () => {};
  const held = new Promise<void>((resolve) => {
    cut = resolve;
  });
  // The page after the cut arrives, and can't be written.
  ledger.proxy.onRequest = ({ nth }) => {
    if (nth !== 3) return;
    proxy.partition();
    cut();
  };
  const first = await start(t, ['run', 'nightly'], { ...ledger.env, DATABASE_URL: proxy.url });
  await held;
  const { status, output } = await first.result;
  t.is(status, 1, output);
  t.regex(
    output,
    /was lost \(the server has not answered for [\d.]+s\) while nightly ran for account 9900000\. It stopped after the last page committed\./,
  );
  t.regex(output, /Run it again when the database is back\. It resumes where it stopped\./);
  await untilFree(ledger);
  const second = await cliProcess(t, ['run', 'nightly'], { env: ledger.env });
  t.is(second.status, 0, second.output);
  await watchRuns(ledger).compare(t);
  t.deepEqual(await leftovers(ledger), []);
});

test('an order is placed once if the process that was about to send it is frozen and taken over', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { numbers: 100 } });
  const numbers = world.numbers.slice(0, 10);
  const args = ['assign', await world.write('numbers.csv', ['tn', ...numbers]), '--action', 'ASSIGN'];
  const blocker = await world.database.pool.connect();
  world.proxy.onRequest = async ({ method, path }) => {
    world.proxy.onRequest = () => undefined;
    t.deepEqual([method, path], ['GET', `/api/accounts/${account}/products`]);
    await blocker.query('begin; lock table request_permits');
  };
  const first = await start(t, args, { ...envOf(world), BANDWIDTH_REQUESTS_PER_MINUTE: '60' });
  // The order is recorded as about to be sent, and its request waits for a permit.
  await until(async () => {
    const submitting = await world.query(`select from assignment_orders where status = 'submitting'`);
    const waiting = await world.query(
      `select from pg_stat_activity where datname = current_database() and wait_event = 'relation' and query ~ 'lease_requests'`,
    );
    return submitting.length === 1 && waiting.length === 1;
  });
  first.child.kill('SIGSTOP');
  await blocker.query('rollback');
  blocker.release();
  await untilFree(world);
  const second = await cliProcess(t, args, { env: envOf(world) });
  t.is(second.status, 0, second.output);
  first.child.kill('SIGCONT');
  const { status, output } = await first.result;
  t.is(status, 1, output);
  t.regex(output, /was lost \(.+\) while numbers\.csv was being submitted for account 9900000/);
  t.deepEqual(
    world.placed().map((order) => order.numbers.map(({ telephoneNumber }) => telephoneNumber)),
    [numbers],
  );
  t.deepEqual(await world.query('select status, attempts from assignment_orders'), [
    { status: 'COMPLETE', attempts: 2 },
  ]);
});
