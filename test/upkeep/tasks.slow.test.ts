import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { checkBackup } from '../../src/backup/restore.js';
import { openDatabase } from '../../src/database/connect.js';
import { LedgerError } from '../../src/errors.js';
import { startSandbox } from '../../src/sandbox/server.js';
import { openNightQueue } from '../../src/schedule/night-queue.js';
import { dueTasks, readTasks, runTask } from '../../src/upkeep/tasks.js';
import { cli, makeFolder, settingsOf, startCli, until } from '../end-to-end/support.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const both = ['backup', 'prune'] as const;
const unchanged = (text: string) => text;

/** A ledger whose queue has a planned run of one account. */
async function openWithNight(t: ExecutionContext<{ server: TestServer }>) {
  const { database, url } = await openLedgerDatabase(t, t.context.server);
  const queue = await openNightQueue(database, { supervise: false, onError: (error) => t.fail(error.message) });
  t.teardown(() => queue.close());
  const time = new Date(Date.now() - 60_000);
  const plan = () => queue.plan({ time, origin: 'schedule' }, ['1']);
  const age = (sql: string) => database.pool.query(sql);
  return { database, url, queue, plan, age, due: () => dueTasks(database.pool, both) };
}

test('tasks are due once the nightly runs are done, or six hours after they began', async (t) => {
  const { queue, plan, age, due } = await openWithNight(t);
  t.deepEqual(await due(), [], 'no nightly run was ever planned');
  await plan();
  t.deepEqual(await due(), [], 'it is waiting');
  const [night] = await queue.claim(1, undefined);
  t.deepEqual(await due(), [], 'it is running');
  await age(`update tn_ledger_queue.job set data = jsonb_set(data, '{night}', to_jsonb(now() - interval '7 hours'))`);
  t.deepEqual(await due(), ['backup', 'prune'], 'it takes long');
  await age(`update tn_ledger_queue.job set data = jsonb_set(data, '{night}', to_jsonb(now() - interval '1 hour'))`);
  t.deepEqual(await due(), []);
  if (night === undefined) return t.fail();
  await queue.finish(night, { result: 'failed', error: 'for some reason' });
  t.deepEqual(await due(), ['backup', 'prune']);
});

test('of several hosts one does a task, and it is due again after the next nightly run', async (t) => {
  const { database, url, queue, plan, age, due } = await openWithNight(t);
  const other = await openDatabase({
    ...{ databaseUrl: url, dataDir: '/nonexistent', applicationName: 'test', log: () => undefined },
  });
  t.teardown(() => other.close());
  await plan();
  const [night] = await queue.claim(1, undefined);
  if (night === undefined) return t.fail();
  await queue.finish(night, { result: 'succeeded' });

  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let end = (_summary: string): void => undefined;
  const first = runTask(
    database,
    'backup',
    () => {
      begin();
      return new Promise((resolve) => {
        end = resolve;
      });
    },
    unchanged,
  );
  await begun;
  const never = () => Promise.reject(new Error('both hosts did it'));
  t.deepEqual(await runTask(other, 'backup', never, unchanged), { result: 'not due' });
  end('Done.');
  t.deepEqual(await first, { result: 'done', summary: 'Done.' });
  t.deepEqual(await runTask(other, 'backup', never, unchanged), { result: 'not due' });
  t.deepEqual(await due(), ['prune']);
  t.like((await readTasks(database.pool))[0], { task: 'backup', error: null, result: 'Done.' });

  // A second run on the same day, of accounts with their own schedule, makes no second backup.
  const later = `update tn_ledger_queue.job set data = jsonb_set(data, '{night}', to_jsonb(clock_timestamp()))`;
  await age(later);
  t.deepEqual(await due(), ['prune']);
  await age(
    `update upkeep_tasks set succeeded_at = now() - interval '13 hours', started_at = now() - interval '13 hours'`,
  );
  t.deepEqual(await due(), ['backup', 'prune']);
});

test('a task that fails is recorded without secrets, and tried again after an hour, as one that was killed', async (t) => {
  const { database, queue, plan, age, due } = await openWithNight(t);
  await plan();
  const [night] = await queue.claim(1, undefined);
  if (night === undefined) return t.fail();
  await queue.finish(night, { result: 'succeeded' });
  const error = new LedgerError('The disk is full of secret.');
  const failed = await runTask(
    database,
    'backup',
    () => Promise.reject(error),
    (text) => text.replace('secret', '***'),
  );
  t.deepEqual(failed, { result: 'failed', error });
  t.like((await readTasks(database.pool))[0], { error: 'The disk is full of ***.', succeeded_at: null });
  t.deepEqual(await due(), ['prune']);
  await age(
    `update upkeep_tasks set started_at = now() - interval '61 minutes', finished_at = null where task = 'backup'`,
  );
  t.deepEqual(await due(), ['backup', 'prune']);
});

test('the schedule backs up and prunes the ledger after a nightly run, and status shows it', async (t) => {
  const { url } = await openLedgerDatabase(t, t.context.server);
  const sandbox = await startSandbox({ numbers: 20, ...withoutOrders });
  t.teardown(() => sandbox.close());
  const cwd = await makeFolder(t);
  const env = { ...settingsOf(sandbox, url), TN_LEDGER_BACKUP_DIR: 'backups', TN_LEDGER_BILLING_TYPES: '' };
  t.is((await cli(t, ['enqueue', 'nightly'], { env })).status, 0);
  t.is((await cli(t, ['worker', '--until-done'], { env })).status, 0);
  const schedule = startCli(t, ['schedule', '--no-catch-up'], { env, cwd });
  const tasks = async () => JSON.parse((await cli(t, ['status', '--json'], { env })).stdout).upkeep;
  await until(
    async () => (await tasks()).filter(({ succeeded_at }: { succeeded_at: unknown }) => succeeded_at).length === 2,
  );
  schedule.child.kill('SIGTERM');
  const { status, stderr } = await schedule.result;
  t.is(status, 0, stderr);
  t.regex(stderr, /Backed up [\d,]+ rows of \d+ tables to .+backups\/tn-ledger-/);
  t.regex(stderr, /Removed 0 runs, 0 staging tables, 0 billing archives and 0 reports\./);
  const [name, ...others] = await readdir(join(cwd, 'backups'));
  t.deepEqual(others, []);
  await t.notThrowsAsync(checkBackup(join(cwd, 'backups', name as string), new AbortController().signal));
  t.regex((await cli(t, ['status'], { env })).stdout, /^Last backup [\d.]+ s ago on \S+: Backed up /m);
});
