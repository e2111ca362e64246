import test from 'ava';
import pg from 'pg';
import { plan } from '../../jobs/nightly.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import { cli, ledgerLines, makeDatabase, sandboxLines, settingsOf, startProxy, withoutProgress } from './support.js';

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

const runs = 'select job, account_id, status, error from tn_ledger.sync_runs order by run_id';
const onlyFirst = { BANDWIDTH_ACCOUNT_ID: '9900000' };
const quiet = { TN_LEDGER_LOG_LEVEL: 'warn' };

test('a night brings in every number of every account, and tells in a table what each job did', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, database.url), ...quiet };
  const { status, stdout, stderr } = await cli(t, ['run', 'nightly'], { env });
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

test('--account restricts a run to one account, and --json tells the same as the table', async (t) => {
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

test('one job alone brings its own part in; several run in the order given', async (t) => {
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

test('a second run of a job that is in progress does nothing, and exits 4', async (t) => {
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
    /^sync-inservice-numbers: sync-inservice-numbers is running already for account 9900000: [^\n]+\nWait for/,
  );
  t.deepEqual(await database.query(runs), []);

  await holder.query('select pg_advisory_lock(hashtextextended($1, 0))', ['tn-ledger/nightly/9900000']);
  const night = await cli(t, ['run', 'nightly'], { env });
  t.is(night.status, 4);
  t.regex(night.stderr, /nightly is running already for account 9900000/);
  t.deepEqual(await database.query(runs), []);

  await holder.query('select pg_advisory_unlock_all()');
  t.is((await cli(t, ['run', 'nightly'], { env })).status, 0);
});

test('a night goes on after a failed job, and fails at the end with every failure named', async (t) => {
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

  broken.add('/tns');
  const both = await cli(t, ['run', 'nightly'], { env });
  t.is(both.status, 1);
  t.regex(withoutProgress(both.stderr), /^sync-inservice-numbers: [^\n]+\nsync-number-details: [^\n]+\n$/);
  const [last] = await database.query(`${runs} desc limit 1 offset ${plan.length}`);
  t.regex(last?.error, /^2 of \d+ jobs of account 9900000 failed: sync-inservice-numbers: .+; sync-number-details: /);
  t.deepEqual(await ledgerLines(database), sandboxLines(sandbox, '9900000'));
});

test('credentials that end in the middle of a night stop it at once, for every account', async (t) => {
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
  const env = { ...settingsOf(sandbox, database.url, origin), ...quiet };
  const { status, stdout, stderr } = await cli(t, ['run', 'nightly'], { env });
  t.is(status, 1);
  t.regex(stderr, /^sync-number-details: [^\n]*40?1[^\n]*\nCheck BANDWIDTH_CLIENT_ID/);
  t.notRegex(stdout, /9900001/);
  t.is(asked.filter((path) => path.endsWith('/tns')).length, 1); // and the token is asked for once more, in vain
  t.deepEqual(asked.slice(asked.indexOf('/api/tns')), ['/api/tns', '/api/v1/oauth2/token']);
  t.deepEqual(
    (await database.query(runs)).map(({ job, account_id, status: outcome }) => `${job} ${account_id} ${outcome}`),
    ['nightly 9900000 failed', 'sync-inservice-numbers 9900000 succeeded', 'sync-number-details 9900000 failed'],
  );
});

test('a run whose process is gone is marked at the next start', async (t) => {
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
    { job: 'sync-number-details', status: 'running', ended: false }, // nobody knows yet: that job was not started
    { job: 'sync-inservice-numbers', status: 'succeeded', ended: true, error: null },
  ]);
  t.regex(marked[0]?.error, /^The process ended without a word/);
});
