import test from 'ava';
import { plan } from '../../jobs/nightly.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import { cli, makeDatabase, settingsOf, startProxy } from './support.js';

let server: TestServer;
let sandbox: Sandbox;
const account = '9900000';

test.before(async () => {
  [server, sandbox] = await Promise.all([
    startPostgres(),
    startSandbox({ numbers: 200, ...withoutOrders, imports: 9 }),
  ]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

test('a nightly run reads imports and removals, and knows which numbers of the account are imported', async (t) => {
  const database = await makeDatabase(t, server);
  const { status, output } = await cli(t, ['run', 'nightly'], { env: settingsOf(sandbox, database.url) });
  t.is(status, 0, output);
  const rows = await database.query<{ telephone_number: string; status: string }>(
    `select i.telephone_number, t.status from tn_ledger.imported_numbers i
       join tn_ledger.telephone_numbers t using (account_id, telephone_number)
      where i.removed_at is null and t.removed_at is null order by 1`,
  );
  const held = sandbox.account(account);
  const removed = new Set(held.removals().flatMap(({ numbers }) => numbers.map((each) => each.telephoneNumber)));
  const imported = held
    .importOrders()
    .flatMap(({ numbers }) => numbers.filter(({ outcome }) => outcome === 'ACCEPTED'))
    .map(({ telephoneNumber }) => telephoneNumber)
    .filter((number) => !removed.has(number));
  t.is(imported.length, 9);
  t.true(removed.size > 0);
  t.deepEqual(
    rows,
    imported.sort().map((telephone_number) => ({ telephone_number, status: 'Inservice' })),
  );
  const listed = await cli(t, ['status', '--json'], { env: settingsOf(sandbox, database.url) });
  t.true(listed.stdout.includes('"sync-imported-numbers"'));
});

test('an account whose role for imports is missing fails that job by name, and the others run', async (t) => {
  const forbidden = await startSandbox({ numbers: 20, ...withoutOrders, oddities: { 'forbid-imports': 1 } });
  t.teardown(forbidden.close);
  const database = await makeDatabase(t, server);
  const { status } = await cli(t, ['run', 'nightly'], { env: settingsOf(forbidden, database.url) });
  t.is(status, 1);
  const rows = await database.query('select job, status, error from tn_ledger.sync_runs order by run_id');
  const failed = rows.filter((row) => row.status === 'failed');
  t.deepEqual(
    failed.map(({ job }) => job),
    ['nightly', 'sync-imported-numbers'],
  );
  t.is(rows.length, plan.length + 1);
  t.regex(failed[1]?.error, /import orders of account 9900000: the role External TNs is missing/);
});

for (const [name, answer] of [
  ['204', { status: 204 }],
  ['404 with Links', { status: 404, body: '<Links/>' }],
] as const) {
  test(`an account that never imported a number has empty lists: ${name}`, async (t) => {
    const database = await makeDatabase(t, server);
    const origin = await startProxy(t, sandbox, ({ url = '' }) =>
      /\/(?:removeI|i)mport(?:ed)?TnOrders\b/.test(url) ? answer : undefined,
    );
    const { status, output } = await cli(t, ['run', 'nightly'], { env: settingsOf(sandbox, database.url, origin) });
    t.is(status, 0, output);
    t.deepEqual(await database.query('select from tn_ledger.import_tn_orders'), []);
  });
}
