import test, { type ExecutionContext } from 'ava';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { cli, makeDatabase, settingsOf } from './support.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const account = '9900000';

async function install(t: ExecutionContext, options: SandboxOptions = {}) {
  const sandbox = await startSandbox({ numbers: 60, orders: 10, features: 10, imports: 3, ...options });
  t.teardown(() => sandbox.close());
  const { url, query } = await makeDatabase(t, server);
  const env = settingsOf(sandbox, url);
  const run = (...args: string[]) => cli(t, args, { env });
  return { sandbox, query, run };
}

/** A number in service with a rate center. */
function someNumber(sandbox: Sandbox): string {
  const found = [...sandbox.account(account).numbers()].find(
    ({ status, rateCenter }) => status === 'Inservice' && rateCenter !== undefined,
  );
  return found?.telephoneNumber ?? '';
}

test('--live shows what the API says beside the time line, and stores nothing', async (t) => {
  const { sandbox, query, run } = await install(t);
  t.is((await run('run', 'nightly')).status, 0);
  const number = someNumber(sandbox);
  const stored = () =>
    query('select * from tn_ledger.telephone_numbers order by 1, 2').then((rows) => JSON.stringify(rows));
  const before = await stored();
  sandbox.clearRequests();
  const { status, stdout, stderr } = await run('number', number, '--live');
  t.is(status, 0, stderr);
  t.is(stderr, '');
  t.deepEqual(
    sandbox.requests
      .filter(({ method }) => method === 'GET')
      .map(({ path }) => path.replace(/^.*\/tns\//, ''))
      .sort(),
    [`${number}/history`, `${number}/tndetails`, `${number}/tnreservation`],
  );
  const live = stdout.slice(stdout.indexOf('Bandwidth API'));
  t.regex(live, /^status +Inservice$/m);
  t.regex(live, /^account +9900000$/m);
  t.regex(live, /^location +\w+ \(5\d+\)$/m);
  t.regex(live, /^reservation +none$/m);
  t.regex(live, /another account +Available +IMPORT_AVAILABLE_ORDER/);
  t.regex(live, /9900000 +Inservice +NEW_NUMBER_ORDER +\S+, user .+ yes$/m);
  t.regex(live, /^The ledger and the API agree\.$/m);
  t.notRegex(stdout, /Pii|9999999/);
  t.is(await stored(), before);
  t.deepEqual(await query('select * from tn_ledger.number_events'), []);
});

test('--live works for a number that the ledger does not have, and says how both differ', async (t) => {
  const { sandbox, run } = await install(t);
  const number = someNumber(sandbox);
  const { status, stdout } = await run('number', number, '--live');
  t.is(status, 0);
  t.regex(stdout, new RegExp(`^The ledger knows nothing about ${number}\\.$`, 'm'));
  t.regex(stdout, /^ {2}The API has it in account 9900000, where the ledger doesn't have it\.$/m);
  const unknown = await run('number', '2129999999', '--live');
  t.is(unknown.status, 1);
  t.regex(unknown.stdout, /^details +the API doesn't know the number$/m);
});

test('--live shows a reservation, and in JSON everything that is not about subscribers', async (t) => {
  const { sandbox, run } = await install(t);
  const number = someNumber(sandbox);
  const reserved = '2125550100';
  sandbox.account(account).reserve(reserved);
  const { status, stdout } = await run('number', number, reserved, '--live', '--json');
  t.is(status, 0);
  const [first, second] = JSON.parse(stdout).numbers;
  t.like(first.live.details, { state: 'found', status: 'Inservice', account_id: account, other_account: false });
  t.deepEqual(
    first.live.history.events.map((event: { other_account: boolean; order_id: string | null }) => [
      event.other_account,
      event.order_id === null,
    ]),
    sandbox
      .account(account)
      .numberEvents(number)
      .map(({ own }) => [!own, !own]),
  );
  t.like(second.live.reservation, { state: 'found', account_id: account });
  t.true(second.live.reservation.expires_in_seconds > 14_000);
  t.deepEqual(second.live.details, { state: 'unknown' });
  t.notRegex(stdout, /Pii|9999999/);
  t.regex(
    (await run('number', reserved, '--live')).stdout,
    /^reservation +held for account 9900000, for another 3 h 5\d min/m,
  );
});

test('a missing role is named, requested once, and makes the exit status 1', async (t) => {
  const { sandbox, run } = await install(t, { oddities: { 'forbid-histories': 1 } });
  const numbers = [...sandbox.account(account).numbers()].slice(0, 3).map(({ telephoneNumber }) => telephoneNumber);
  const { status, stdout, stderr } = await run('number', ...numbers, '--live');
  t.is(status, 1);
  t.regex(stdout, /history +.*no access to histories of single numbers .*a role is missing/);
  t.regex(stderr, /The API refused part of what --live reads for 3 of the numbers\./);
});

test('--live is for now, and not for CSV', async (t) => {
  const { sandbox, run } = await install(t);
  const number = someNumber(sandbox);
  for (const args of [['--as-of', '2026-01-01'], ['--known-at', '2026-01-01'], ['--csv']]) {
    sandbox.clearRequests();
    const { status, stderr } = await run('number', number, '--live', ...args);
    t.is(status, 2);
    t.is(stderr, `--live and ${args[0]} cannot be combined.\n`);
    t.deepEqual(sandbox.requests, []);
  }
});
