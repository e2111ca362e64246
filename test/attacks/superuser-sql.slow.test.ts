import { existsSync } from 'node:fs';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { cli, makeDatabase, makeFolder } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test("a superuser's read-only statement runs only with --as-superuser", async (t) => {
  const { url, superuserUrl } = await makeDatabase(t, t.context.server);
  const cwd = await makeFolder(t);
  const program = join(cwd, 'ran');
  const statement = `do $$ begin execute $c$copy (select 1) to program 'touch ${program}'$c$; end $$`;
  const refused = await cli(t, ['sql', statement], { cwd, env: { DATABASE_URL: superuserUrl } });
  t.is(refused.status, 2);
  t.regex(refused.stderr, /connects as \w+, a superuser\. .* Nothing was run\.\n.*--as-superuser/);
  t.false(existsSync(program));
  const asked = await cli(t, ['sql', '--as-superuser', 'select 1 as one'], {
    cwd,
    env: { DATABASE_URL: superuserUrl },
  });
  t.is(asked.status, 0, asked.output);
  t.is((await cli(t, ['sql', 'select 1 as one'], { cwd, env: { DATABASE_URL: url } })).status, 0);
});
