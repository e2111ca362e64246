import anyTest, { type TestFn } from 'ava';
import pg from 'pg';
import { startSandbox } from '../../src/sandbox/server.js';
import { makeDatabase, makeFolder, settingsOf, startCli, until } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

for (const table of ['sync_runs', 'sync_cursors', 'telephone_numbers']) {
  test(`SIGTERM ends a run that waits for a locked ${table}`, async (t) => {
    const sandbox = await startSandbox({ numbers: 50 });
    t.teardown(() => sandbox.close());
    const database = await makeDatabase(t, t.context.server);
    const analyst = new pg.Client({ connectionString: database.superuserUrl });
    await analyst.connect();
    t.teardown(() => analyst.end());
    await analyst.query(`begin; lock table tn_ledger.${table}`);
    const env = settingsOf(sandbox, database.url);
    const { child, result } = startCli(t, ['run', 'sync-inservice-numbers'], { cwd: await makeFolder(t), env });
    await until(async () => {
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return (await database.querySuperuser(waiting)).length > 0;
    });
    child.kill('SIGTERM');
    const { status, output } = await result;
    t.is(status, 1);
    t.regex(output, /Stopped by SIGTERM\./);
    t.notRegex(output, /57014/);
  });
}
