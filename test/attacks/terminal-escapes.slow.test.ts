import anyTest, { type TestFn } from 'ava';
import { startSandbox } from '../../src/sandbox/server.js';
import { cli, makeDatabase, settingsOf, startProxy } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('control characters in arguments and API responses are visible in errors', async (t) => {
  const sandbox = await startSandbox({ numbers: 5 });
  t.teardown(() => sandbox.close());
  const database = await makeDatabase(t, t.context.server);
  const usage = await cli(t, ['assign', 'numbers.csv', '--\u009b31m']);
  t.regex(usage.stderr, /unknown option '--\\x9b31m'/);
  const body =
    '<ErrorResponse><ResponseStatus><ErrorCode>12</ErrorCode><Description>bad\u009b31m</Description></ResponseStatus></ErrorResponse>';
  const origin = await startProxy(t, sandbox, ({ url }) =>
    url?.includes('/inserviceNumbers') ? { status: 400, body } : undefined,
  );
  const run = await cli(t, ['run', 'sync-inservice-numbers'], { env: settingsOf(sandbox, database.url, origin) });
  t.is(run.status, 1);
  t.regex(run.stderr, /^sync-inservice-numbers: .*bad\\x9b31m/m);
  t.notRegex(run.stdout, /\u009b/);
});

test("the API's control and bidi characters are visible in check, tables and status, and exact in JSON", async (t) => {
  const sandbox = await startSandbox({ numbers: 5 });
  t.teardown(() => sandbox.close());
  const database = await makeDatabase(t, t.context.server);
  const name = 'Evil\u009b31m\u202eCorp';
  const body = `<AccountResponse><Account><AccountId>9900000</AccountId><CompanyName>${name}</CompanyName></Account></AccountResponse>`;
  const origin = await startProxy(t, sandbox, ({ url }) => (url?.endsWith('/accounts/9900000') ? { body } : undefined));
  const env = settingsOf(sandbox, database.url, origin);
  const check = await cli(t, ['check'], { env });
  t.true(check.stdout.includes('Evil\\x9b31m\\u202eCorp'), check.stdout);
  t.notRegex(check.output, /[\u009b\u202e]/);

  await database.query(
    `insert into tn_ledger.sync_runs (job, account_id, started_at, finished_at, status, error)
     values ('sync-orders', '9900000', now(), now(), 'failed', '${name}')`,
  );
  const status = await cli(t, ['status'], { env });
  t.true(status.stdout.includes('Evil\\x9b31m\\u202eCorp'), status.stdout);
  t.notRegex(status.output, /[\u009b\u202e]/);
  t.true((await cli(t, ['status', '--json'], { env })).stdout.includes(name));
});
