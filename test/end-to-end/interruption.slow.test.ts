import test from 'ava';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import {
  cli,
  ledgerLines,
  makeDatabase,
  makeFolder,
  sandboxLines,
  settingsOf,
  startCli,
  startProxy,
  until,
} from './support.js';

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  // Three pages in service, five of details.
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 11_000, ...withoutOrders })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

for (const { signal, stopAt, job } of [
  { signal: 'SIGTERM', stopAt: '/inserviceNumbers?', job: 'sync-inservice-numbers' },
  { signal: 'SIGINT', stopAt: '/api/tns?', job: 'sync-number-details' },
] as const) {
  test(`${signal} in the middle of ${job} ends the run within 10 s, exit 1; the next run resumes`, async (t) => {
    const database = await makeDatabase(t, server);
    const asked: string[] = [];
    let isHeld = true;
    const origin = await startProxy(t, sandbox, ({ url = '' }) => {
      if (url.includes(stopAt)) asked.push(new URL(url, 'http://api').searchParams.get('page') ?? '');
      // The third page never comes: the run is certainly in the middle of the listing.
      return isHeld && url.includes(stopAt) && asked.length >= 3 ? new Promise(() => undefined) : undefined;
    });
    const env = {
      ...settingsOf(sandbox, database.url, origin),
      TN_LEDGER_LOG_LEVEL: 'warn',
      TN_LEDGER_LOG_FORMAT: 'pretty',
    };
    t.is((await cli(t, ['migrate'], { env })).status, 0);
    const { child, result } = startCli(t, ['run', 'nightly'], { env, cwd: await makeFolder(t) });
    const pagesRead = 'select cardinality(pages_read) as pages from tn_ledger.sync_cursors where next_page is not null';
    await until(async () => asked.length === 3 && (await database.query(pagesRead))[0]?.pages === 2);
    const signalled = performance.now();
    child.kill(signal);
    const { status, stdout, stderr } = await result;
    const seconds = (performance.now() - signalled) / 1000;
    t.is(status, 1);
    t.true(seconds < 10, `${seconds} s`);
    t.regex(stdout, new RegExp(`${job} +9900000 +interrupted +2 `));
    t.regex(stderr, new RegExp(`WARN: ${signal}: stopping after the current step`));
    t.regex(stderr, new RegExp(`^${job}: .+\\nRun it again`, 'm'));
    const rows = await database.query('select job, status, finished_at is not null as ended from tn_ledger.sync_runs');
    t.deepEqual(
      rows
        .filter(({ status: outcome }) => outcome === 'interrupted')
        .map(({ job: name }) => name)
        .sort(),
      ['nightly', job].sort(),
    );
    t.true(rows.every(({ ended }) => ended));
    t.deepEqual(await database.query('select from tn_ledger.telephone_numbers'), []);

    isHeld = false;
    const before = asked.splice(0);
    const again = await cli(t, ['run', 'nightly'], { env });
    t.is(again.status, 0);
    t.is(asked[0], before[2]); // not page 1: what was committed is not read again
    t.false(asked.includes('1'));
    t.deepEqual(await ledgerLines(database), sandboxLines(sandbox, '9900000'));
  });
}

test('a second signal ends the command at once', async (t) => {
  const database = await makeDatabase(t, server);
  let isAsked = false;
  const origin = await startProxy(t, sandbox, ({ url = '' }) => {
    isAsked ||= url.includes('/inserviceNumbers');
    return undefined;
  });
  const env = { ...settingsOf(sandbox, database.url, origin), TN_LEDGER_LOG_LEVEL: 'warn' };
  t.is((await cli(t, ['migrate'], { env })).status, 0);
  // The page that comes cannot be committed: the cursor is locked, and the run has to wait for it.
  await database.query(`create function tn_ledger.wait() returns trigger language plpgsql as $$ begin perform pg_sleep(600); return new; end $$;
    create trigger wait before update on tn_ledger.sync_cursors for each row execute function tn_ledger.wait()`);
  const { child, result } = startCli(t, ['run', 'nightly'], { env, cwd: await makeFolder(t) });
  const waiting = `select from pg_stat_activity where datname = '${database.name}' and wait_event = 'PgSleep'`;
  await until(async () => isAsked && (await database.querySuperuser(waiting)).length > 0);
  let told = '';
  child.stderr?.on('data', (text: string) => {
    told += text;
  });
  child.kill('SIGTERM');
  await until(async () => told.includes('send it again to stop immediately'));
  child.kill('SIGTERM');
  t.is((await result).status, 143);
});
