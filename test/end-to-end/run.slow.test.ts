import test from 'ava';
import pg from 'pg';
import { plan } from '../../jobs/nightly.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import {
  cli,
  cliProcess,
  ledgerLines,
  makeDatabase,
  makeEmptyDatabase,
  sandboxLines,
  settingsOf,
  startProxy,
  withoutProgress,
} from './support.js';

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  const accounts = [
    { id: '9900000', numbers: 400 },
    { id: '9900001', numbers: 150 },
  ];
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ accounts, ...withoutOrders })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

const runs = 'select job, account_id, status, error from tn_ledger.sync_runs order by account_id, run_id';
const onlyFirst = { BANDWIDTH_ACCOUNT_ID: '9900000' };
const quiet = { TN_LEDGER_LOG_LEVEL: 'warn' };

test('a nightly run loads every number of every account and prints a table of the jobs', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, database.url), ...quiet };
  const { status, stdout, stderr } = await cliProcess(t, ['run', 'nightly'], { env });
  t.is(status, 0);
  t.is(withoutProgress(stderr), '');
  const [header = '', rule = '', ...rows] = stdout.trimEnd().split('\n');
  t.regex(header, /^job +account +result +pages +rows read +rows written +seconds$/);
  t.regex(rule, /^─+$/);
  t.deepEqual(
    rows.map((row) => row.split(/ {2,}/).slice(0, 3).join(' ')),
    ['9900000', '9900001'].flatMap((account) => plan.map(({ name }) => `${name} ${account} succeeded`)),
  );
  t.deepEqual(
    await ledgerLines(database),
    [...sandboxLines(sandbox, '9900000'), ...sandboxLines(sandbox, '9900001')].sort(),
  );
  t.deepEqual(
    (await database.query(runs)).map(({ job, account_id, status: outcome, error }) => [
      job,
      account_id,
      outcome,
      error,
    ]),
    ['9900000', '9900001'].flatMap((account) =>
      ['nightly', ...plan.map(({ name }) => name)].map((job) => [job, account, 'succeeded', null]),
    ),
  );
});

test('--account restricts a run to one account, and --json has the same data as the table', async (t) => {
  const database = await makeDatabase(t, server);
  const env = settingsOf(sandbox, database.url);
  const { status, stdout } = await cli(t, ['run', 'nightly', '--account', '9900001', '--json'], { env });
  t.is(status, 0);
  const listed = JSON.parse(stdout);
  t.like(listed, [
    {
      job: 'sync-inservice-numbers',
      account: '9900001',
      result: 'succeeded',
      pages: 1,
      rows_written: 0,
      warnings: [],
      error: null,
    },
    { job: 'sync-number-details', account: '9900001', result: 'succeeded', pages: 1, rows_read: 150, error: null },
  ]);
  t.is(listed.length, plan.length);
  t.true(listed[1].rows_written >= 150);
  t.deepEqual(await database.query('select distinct account_id from tn_ledger.telephone_numbers'), [
    { account_id: '9900001' },
  ]);
});

test('a single job loads only its own data, and several jobs run in the given order', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, database.url), ...onlyFirst };
  t.is((await cli(t, ['run', 'sync-inservice-numbers'], { env })).status, 0);
  const inService = sandbox.account('9900000').inServiceCount;
  t.deepEqual(
    await database.query(
      'select count(*)::int as numbers, count(rate_center)::int as detailed from tn_ledger.telephone_numbers',
    ),
    [{ numbers: inService, detailed: 0 }],
  );
  t.is((await cli(t, ['run', 'sync-inservice-numbers', 'sync-number-details'], { env })).status, 0);
  t.deepEqual(await ledgerLines(database), sandboxLines(sandbox, '9900000'));
  t.deepEqual(
    (await database.query(runs)).map(({ job }) => job),
    ['sync-inservice-numbers', 'sync-inservice-numbers', 'sync-number-details'],
  );
});

test('a second run of a job that is already running does nothing and exits 4', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, database.url), ...onlyFirst, ...quiet };
  t.is((await cli(t, ['migrate'], { env })).status, 0);
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  t.teardown(() => holder.end());
  const key = 'tn-ledger/sync-inservice-numbers/9900000';
  await holder.query('select pg_advisory_lock(hashtextextended($1, 0))', [key]);

  const alone = await cli(t, ['run', 'sync-inservice-numbers'], { env });
  t.is(alone.status, 4);
  t.regex(alone.stdout, /sync-inservice-numbers +9900000 +already running/);
  t.regex(
    alone.stderr,
    /^sync-inservice-numbers: sync-inservice-numbers is already running for account 9900000: [^\n]+\nWait for/,
  );
  t.deepEqual(await database.query(runs), []);

  await holder.query('select pg_advisory_lock(hashtextextended($1, 0))', ['tn-ledger/nightly/9900000']);
  const night = await cli(t, ['run', 'nightly'], { env });
  t.is(night.status, 4);
  t.regex(night.stderr, /nightly is already running for account 9900000/);
  t.deepEqual(await database.query(runs), []);

  await holder.query('select pg_advisory_unlock_all()');
  t.is((await cli(t, ['run', 'nightly'], { env })).status, 0);
});

test('a nightly run continues after a failed job, and fails at the end with every failure listed', async (t) => {
  const database = await makeDatabase(t, server);
  const broken = new Set(['/inserviceNumbers']);
  const origin = await startProxy(t, sandbox, ({ url = '' }) => {
    const isBroken = [...broken].some((part) => url.includes(part));
    return isBroken
      ? { status: 400, body: '<R><Error><Code>77</Code><Description>No</Description></Error></R>' }
      : undefined;
  });
  const env = { ...settingsOf(sandbox, database.url, origin), ...onlyFirst, ...quiet };
  const one = await cli(t, ['run', 'nightly'], { env });
  t.is(one.status, 1);
  t.regex(one.stdout, /sync-inservice-numbers +9900000 +failed/);
  t.regex(one.stdout, /sync-number-details +9900000 +succeeded/);
  t.regex(withoutProgress(one.stderr), /^sync-inservice-numbers: GET [^\n]+ status 400: 77 No\n$/);
  t.deepEqual(await ledgerLines(database), sandboxLines(sandbox, '9900000'));
  const [night] = await database.query(runs);
  t.like(night, { job: 'nightly', status: 'failed' });
  t.regex(night?.error, /^1 of \d+ jobs of account 9900000 failed: sync-inservice-numbers: GET .+ 77 No$/);

  broken.add('/api/tns');
  const both = await cli(t, ['run', 'nightly'], { env });
  t.is(both.status, 1);
  t.regex(withoutProgress(both.stderr), /^sync-inservice-numbers: [^\n]+\nsync-number-details: [^\n]+\n$/);
  const [last] = await database.query(`${runs} desc limit 1 offset ${plan.length}`);
  t.regex(last?.error, /^2 of \d+ jobs of account 9900000 failed: sync-inservice-numbers: .+; sync-number-details: /);
  t.deepEqual(await ledgerLines(database), sandboxLines(sandbox, '9900000'));
});

test('credentials revoked during a nightly run stop it immediately for every account', async (t) => {
  const database = await makeDatabase(t, server);
  const asked: string[] = [];
  let revoked = false;
  const origin = await startProxy(t, sandbox, ({ url = '' }) => {
    asked.push(url.replace(/\?.*/, ''));
    revoked ||= url.includes('/tns');
    if (!revoked) return undefined;
    return {
      status: 401,
      body: '<R><Error><Code>401</Code><Description>Authentication failed</Description></Error></R>',
    };
  });
  const env = { ...settingsOf(sandbox, database.url, origin), ...quiet, TN_LEDGER_CONCURRENT_ACCOUNTS: '1' };
  const { status, stdout, stderr } = await cli(t, ['run', 'nightly'], { env });
  t.is(status, 1);
  t.regex(stderr, /^sync-number-details: [^\n]*40?1[^\n]*\nCheck BANDWIDTH_CLIENT_ID/m);
  t.notRegex(stdout, /9900001/);
  t.is(asked.filter((path) => path.endsWith('/tns')).length, 1); // and one token request, which fails
  t.deepEqual(asked.slice(asked.indexOf('/api/tns')), ['/api/tns', '/api/v1/oauth2/token']);
  t.deepEqual(
    (await database.query(runs)).map(({ job, account_id, status: outcome }) => `${job} ${account_id} ${outcome}`),
    ['nightly 9900000 failed', 'sync-inservice-numbers 9900000 succeeded', 'sync-number-details 9900000 failed'],
  );
});

test('a run whose process is gone is marked interrupted at the next start of its job', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, database.url), ...onlyFirst };
  t.is((await cli(t, ['migrate'], { env })).status, 0);
  await database.query(
    `insert into tn_ledger.sync_runs (job, account_id, status) values
       ('sync-inservice-numbers', '9900000', 'running'), ('sync-number-details', '9900000', 'running')`,
  );
  t.is((await cli(t, ['run', 'sync-inservice-numbers'], { env })).status, 0);
  const marked = await database.query(
    'select job, status, finished_at is not null as ended, error from tn_ledger.sync_runs order by run_id',
  );
  t.like(marked, [
    { job: 'sync-inservice-numbers', status: 'interrupted', ended: true },
    { job: 'sync-number-details', status: 'running', ended: false }, // not marked yet, because that job was not started
    { job: 'sync-inservice-numbers', status: 'succeeded', ended: true, error: null },
  ]);
  t.regex(marked[0]?.error, /^The process exited without recording a result/);
});

test('jobs with a missing role fail with the role and who adds it, and the other jobs work', async (t) => {
  const forbidden = await startSandbox({
    numbers: 20,
    oddities: { 'forbid-orders': 1, 'forbid-portins': 1, 'forbid-assignment': 1, 'forbid-billing': 1 },
  });
  t.teardown(forbidden.close);
  const database = await makeDatabase(t, server);
  const env = { ...settingsOf(forbidden, database.url), ...quiet };
  const { status, stderr } = await cli(t, ['run', 'nightly'], { env });
  t.is(status, 1);
  const failed = await database.query(
    `${runs.replace('order by', "where status = 'failed' and job <> 'nightly' order by")}`,
  );
  const reasons = failed.map(({ job, error }) => [
    job,
    /403: the credentials have no access to (.+?is missing)/.exec(error)?.[1],
  ]);
  t.deepEqual(reasons, [
    ['sync-orders', 'number orders of account 9900000: the role Ordering is missing'],
    ['sync-disconnects', 'disconnect orders of account 9900000: the role Disconnect is missing'],
    ['sync-portins', 'port-ins of account 9900000: the role Porting is missing'],
    ['sync-portouts', 'port-outs of account 9900000: the role Porting is missing'],
    ['sync-number-assignments', 'number assignment of account 9900000: a role is missing'],
    ['fetch-billing-reports', 'billing reports of account 9900000: the role Billing Reports is missing'],
  ]);
  t.regex(
    stderr,
    /^sync-portins: GET .+ the role Porting is missing\nHave an account admin add it in the Bandwidth App .+ Roles in the token: Numbers, External TNs\.$/m,
  );
  t.notRegex(stderr, /BANDWIDTH_ACCOUNT_ID/);
  t.is((await ledgerLines(database)).length, 20);
});

test('a missing role for in-service numbers is reported even if /tns works', async (t) => {
  const forbidden = await startSandbox({ numbers: 20, oddities: { 'forbid-inservice-numbers': 1 }, ...withoutOrders });
  t.teardown(forbidden.close);
  const database = await makeDatabase(t, server);
  const env = { ...settingsOf(forbidden, database.url), ...quiet };
  const { status } = await cli(t, ['run', 'sync-inservice-numbers'], { env });
  t.is(status, 1);
  t.regex(
    (await database.query(runs))[0]?.error,
    /403: the credentials have no access to in-service numbers of account 9900000: the role Numbers is missing$/,
  );
});

test('without BANDWIDTH_ACCOUNT_ID, a run uses the accounts in the token, with one token request', async (t) => {
  const own = await startSandbox({
    accounts: [
      { id: '9900002', numbers: 20 },
      { id: '9900001', numbers: 10 },
    ],
    ...withoutOrders,
  });
  t.teardown(own.close);
  const database = await makeDatabase(t, server);
  const { BANDWIDTH_ACCOUNT_ID, ...rest } = settingsOf(own, database.url);
  const env = { ...rest, ...quiet };
  const { status, output } = await cli(t, ['run', 'nightly'], { env });
  t.is(status, 0, output);
  t.notRegex(output, /eyJ/);
  t.deepEqual(await ledgerLines(database), [...sandboxLines(own, '9900001'), ...sandboxLines(own, '9900002')].sort());
  t.deepEqual(
    (await database.query(`select account_id from tn_ledger.sync_runs where job = 'nightly' order by account_id`)).map(
      ({ account_id }) => account_id,
    ),
    ['9900001', '9900002'],
  );
  t.is(own.requests.filter(({ path }) => path.endsWith('/token')).length, 1);

  const other = await cli(t, ['run', 'nightly', '--account', '9900003'], { env });
  t.is(other.status, 2);
  t.regex(other.stderr, /^Account 9900003 is not configured \(configured: 9900001, 9900002\)\./);
  const billing = await cli(t, ['billing', '--type', 'BDR', '--from', '2026-10-01', '--to', '2026-10-01'], { env });
  t.is(billing.status, 2);
  t.regex(billing.stderr, /^Several accounts are configured \(9900001, 9900002\), but this command works on one\./);
  t.is((await cli(t, ['sql', 'select 1'], { env })).status, 0);
});

test('without BANDWIDTH_ACCOUNT_ID, a token without accounts exits 2, and nothing is created', async (t) => {
  for (const [oddity, told] of [
    [
      'no-token-accounts',
      /^BANDWIDTH_ACCOUNT_ID is not set, and the access token lists no accounts .+\nSet BANDWIDTH_ACCOUNT_ID/,
    ],
    [
      'opaque-token',
      /^BANDWIDTH_ACCOUNT_ID is not set, and the access token does not list its accounts\.\nSet BANDWIDTH_ACCOUNT_ID/,
    ],
  ] as const) {
    const own = await startSandbox({ numbers: 5, oddities: { [oddity]: 1 } });
    t.teardown(own.close);
    const database = await makeEmptyDatabase(t, server);
    const { BANDWIDTH_ACCOUNT_ID, ...env } = settingsOf(own, database.url);
    const { status, stderr } = await cli(t, ['run', 'nightly'], { env: { ...env, ...quiet } });
    t.is(status, 2);
    t.regex(stderr, told);
    t.deepEqual(await database.query(`select from pg_namespace where nspname = 'tn_ledger'`), []);
  }
});

test('a run works with /api/v1 and /api/v2', async (t) => {
  for (const version of ['v1', 'v2']) {
    const database = await makeDatabase(t, server);
    const { BANDWIDTH_API_URL, ...rest } = settingsOf(sandbox, database.url);
    const env = { ...rest, ...onlyFirst, ...quiet, BANDWIDTH_API_URL: `${BANDWIDTH_API_URL}/${version}/` };
    t.is((await cli(t, ['run', 'sync-inservice-numbers', 'sync-number-details'], { env })).status, 0);
    t.deepEqual(await ledgerLines(database), sandboxLines(sandbox, '9900000'));
  }
});
