import anyTest, { type TestFn } from 'ava';
import { jobs } from '../../jobs/index.js';
import { nightly } from '../../jobs/nightly.js';
import { CredentialsError } from '../../src/dashboard/errors.js';
import { openDatabase } from '../../src/database/connect.js';
import { InterruptedError } from '../../src/errors.js';
import type { Job } from '../../src/run/job.js';
import { runAccounts } from '../../src/run/run-accounts.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type Ledger, openLedger, usualLimits } from '../sync/support/ledger.js';
import { until } from '../sync/support/moments.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const options = { maxShrink: 0.2, acceptShrink: false, ...usualLimits };
const list = jobs.filter(({ name }) => name === 'sync-inservice-numbers');
const details = jobs.filter(({ name }) => name === 'sync-number-details');

function sandboxOf(count: number, numbers = 50) {
  return { accounts: Array.from({ length: count }, (_, index) => ({ id: String(9_900_000 + index), numbers })) };
}

function runAll(ledger: Ledger, { concurrency = 8, what = list as readonly Job[], more = {} } = {}) {
  return runAccounts({
    accounts: ledger.sandbox.accountIds,
    jobs: what,
    environmentOf: () => ({ ...ledger.environment(), ...more }),
    options,
    concurrency,
  });
}

/** Holds requests of an account until `go` is called. */
function holdAccount(ledger: Ledger, account: string): { held: Promise<void>; go: () => void } {
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const held = new Promise<void>((resolve) => {
    ledger.proxy.onRequest = async ({ path }) => {
      if (!path.includes(`/accounts/${account}/`)) return;
      resolve();
      await gate;
    };
  });
  return { held, go };
}

test('an account that waits doesn’t delay the others; reports keep the order of the accounts', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: sandboxOf(3) });
  const { held, go } = holdAccount(ledger, '9900000');
  const running = runAll(ledger, { concurrency: 2 });
  await held;
  await until(async () => {
    const ended = await ledger.query(`select from sync_runs where status = 'succeeded'`);
    return ended.length === 2 ? true : undefined;
  });
  t.deepEqual(await ledger.query(`select account_id from sync_runs where status = 'running'`), [
    { account_id: '9900000' },
  ]);
  go();
  t.deepEqual(
    (await running).map(({ account, result }) => [account, result]),
    [
      ['9900000', 'succeeded'],
      ['9900001', 'succeeded'],
      ['9900002', 'succeeded'],
    ],
  );
});

test('no more accounts are worked on at the same time than the setting allows', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: sandboxOf(5) });
  let atOnce = 0;
  let most = 0;
  let bothStarted = () => {};
  const both = new Promise<void>((resolve) => {
    bothStarted = resolve;
  });
  const job: Job = {
    name: 'count',
    summary: '',
    async run() {
      atOnce += 1;
      most = Math.max(most, atOnce);
      if (most === 2) bothStarted();
      await both;
      atOnce -= 1;
    },
  };
  const reports = await runAll(ledger, { concurrency: 2, what: [job, { ...job, name: 'count-again' }] });
  t.is(most, 2);
  t.is(reports.length, 10);
});

test('an account that fails doesn’t keep the others from succeeding', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: sandboxOf(2) });
  const reports = await runAccounts({
    accounts: ['9999999', ...ledger.sandbox.accountIds],
    jobs: list,
    environmentOf: () => ledger.environment(),
    options,
    concurrency: 8,
  });
  t.deepEqual(
    reports.map(({ result }) => result),
    ['failed', 'succeeded', 'succeeded'],
  );
});

test('rejected credentials end the accounts that use them, and no other account', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: sandboxOf(6) });
  const rejected = ledger.openClient({
    credentials: { kind: 'basic', username: 'nobody', password: 'wrong' },
    concurrency: 1,
  });
  t.teardown(() => rejected.close());
  const refusedAccounts = new Set(['9900000', '9900001', '9900002', '9900003']);
  const reports = await runAccounts({
    accounts: ledger.sandbox.accountIds,
    jobs: [...list, ...details],
    environmentOf: (account) => {
      const environment = ledger.environment();
      return refusedAccounts.has(account) ? { ...environment, client: rejected } : environment;
    },
    options,
    concurrency: 2,
  });
  const failed = reports.filter(({ result }) => result === 'failed');
  t.deepEqual(
    failed.map(({ account, job }) => [account, job]),
    [
      ['9900000', 'sync-inservice-numbers'],
      ['9900001', 'sync-inservice-numbers'],
    ],
    'the two accounts that were running, each with its first job',
  );
  t.true(failed.every(({ error }) => error instanceof CredentialsError));
  t.deepEqual(
    reports.filter(({ result }) => result === 'succeeded').map(({ account, job }) => [account, job]),
    ['9900004', '9900005'].flatMap((account) => [
      [account, 'sync-inservice-numbers'],
      [account, 'sync-number-details'],
    ]),
  );
  t.true(ledger.sandbox.requests.filter(({ status }) => status === 401).length <= 2, 'one request per running account');
});

test('a stop request ends the running accounts, and no other one starts', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: sandboxOf(4) });
  const stop = new AbortController();
  let started = 0;
  const job: Job = {
    name: 'wait',
    summary: '',
    async run({ signal }) {
      started += 1;
      if (started === 2) stop.abort(new InterruptedError('Stopped by SIGTERM.'));
      await new Promise((_, reject) => {
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    },
  };
  const reports = await runAll(ledger, { concurrency: 2, what: [job], more: { signal: stop.signal } });
  t.deepEqual(
    reports.map(({ account, result }) => [account, result]),
    [
      ['9900000', 'interrupted'],
      ['9900001', 'interrupted'],
    ],
  );
});

test('every line of an account’s log names the account, the job and the run once', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: sandboxOf(2) });
  const job: Job = {
    name: 'talk',
    summary: '',
    async run({ log, runPart, options: own }) {
      log.info('hello');
      await runPart({ name: 'part', summary: '', run: async (part) => part.log.info('hello') }, own);
    },
  };
  await runAll(ledger, { what: [job] });
  const lines = ledger.log.filter((line) => line.includes('hello'));
  t.deepEqual(
    lines.map((line) => line.replace(/^.*?("account".*)\n$/, '$1').replace(/"run_id":"\d+"/, '"run_id":"N"')).sort(),
    ['9900000', '9900001'].flatMap((account) => [
      `"account":"${account}","job":"part","run_id":"N","msg":"hello"}`,
      `"account":"${account}","job":"talk","run_id":"N","msg":"hello"}`,
    ]),
  );
});

test('nightly runs of several accounts share the smallest pool without blocking each other', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { ...sandboxOf(3), orders: 2, assignments: 2 },
  });
  const database = await openDatabase({
    databaseUrl: ledger.env.DATABASE_URL,
    dataDir: ledger.dataDir,
    applicationName: 'tn-ledger tests',
    log: () => undefined,
    maxConnections: 2,
  });
  t.teardown(() => database.close());
  const reports = await runAll(ledger, { what: [nightly], more: { database } });
  t.deepEqual(
    reports.map(({ result, error }) => [result, error?.message]),
    Array.from({ length: 3 }, () => ['succeeded', undefined]),
  );
});
