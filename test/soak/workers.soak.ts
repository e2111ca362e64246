import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { queueSchema } from '../../src/database/queue-schema.js';
import { startSandbox } from '../../src/sandbox/server.js';
import {
  cli,
  ledgerLines,
  makeDatabase,
  makeFolder,
  sandboxLines,
  settingsOf,
  startCli,
  until,
} from '../end-to-end/support.js';
import { startPostgres } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import { maxWithin } from '../sync/support/rate-limit.js';

const numbers = 10_000;
const limit = 240;

test('30 accounts, three workers, one killed and one frozen for two minutes: each account is done once', async (t) => {
  t.timeout(20 * 60_000);
  const accounts = Array.from({ length: 30 }, (_, index) => String(9_900_000 + index));
  const [server, sandbox] = await Promise.all([
    startPostgres(),
    startSandbox({ accounts: accounts.map((id) => ({ id, numbers })), ...withoutOrders }),
  ]);
  t.teardown(() => Promise.all([server.stop(), sandbox.close()]));
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const env = {
    ...settingsOf(sandbox, database.url),
    BANDWIDTH_ACCOUNT_ID: accounts.join(','),
    BANDWIDTH_REQUESTS_PER_MINUTE: String(limit),
    TN_LEDGER_CONCURRENT_ACCOUNTS: '4',
    TN_LEDGER_LOG_FORMAT: 'pretty',
  };
  t.is((await cli(t, ['enqueue', 'nightly'], { env, cwd })).status, 0);
  const count = async (states: string) => {
    const [row] = await database.query<{ count: number }>(
      `select count(*)::integer as count from ${queueSchema}.job where name = 'nights' and state in (${states})`,
    );
    return row?.count ?? 0;
  };

  const [killed, frozen, undisturbed] = [1, 2, 3].map(() => startCli(t, ['worker', '--until-done'], { env, cwd }));
  let output = '';
  frozen?.child.stderr?.on('data', (text: string) => {
    output += text;
  });
  const inOrders = () => output.split('number orders of account').length;
  // Early, so that every worker has further accounts.
  await until(async () => (await count(`'completed'`)) >= accounts.length / 6);
  // The one that is frozen is in the middle of a run.
  const before = inOrders();
  await until(async () => inOrders() > before);
  const kill = performance.now();
  killed?.child.kill('SIGKILL');
  frozen?.child.kill('SIGSTOP');
  const thawed = delay(120_000).then(() => frozen?.child.kill('SIGCONT'));
  await until(async () => (await count(`'created', 'retry', 'active'`)) === 0);
  t.log(`all accounts were done ${((performance.now() - kill) / 1000).toFixed(0)} s after the kill`);
  t.is((await undisturbed?.result)?.status, 0);
  await thawed;
  const thaw = await frozen?.result;
  t.is(thaw?.status, 0);
  t.regex(thaw?.stderr ?? '', /Another process on .+ took over .+ for account 99000\d\d|was lost \(.+\) while .+ ran/);

  t.deepEqual(
    await database.query(
      `select account_id, count(*)::integer as done from tn_ledger.sync_runs
        where job = 'nightly' and status = 'succeeded' group by 1 order by 1`,
    ),
    accounts.map((account_id) => ({ account_id, done: 1 })),
  );
  t.deepEqual(await database.query(`select account_id from tn_ledger.sync_runs where status = 'running'`), []);
  t.deepEqual(await ledgerLines(database), accounts.flatMap((account) => sandboxLines(sandbox, account)).sort());
  for (const account of accounts) {
    const times = sandbox.requests.filter((request) => request.account === account).map(({ at }) => at);
    t.true(maxWithin(times, 60_000) <= limit, `${account}: ${maxWithin(times, 60_000)} requests in 60 s`);
  }
});
