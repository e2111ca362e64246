import test from 'ava';
import { startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import { cli, makeDatabase, makeFolder, settingsOf } from './support.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const account = '9900000';
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

test('the table, the audit and the report count every number by the rules in force', async (t) => {
  const sandbox = await startSandbox({
    numbers: 190,
    ...withoutOrders,
    imports: 0,
    oddities: { 'in-account': 3, 'foreign-details': 2, 'internal-ports': 1 },
  });
  t.teardown(() => sandbox.close());
  const held = sandbox.account(account);
  held.hold(['4163600001', '4412920001', '7877211234']);
  const placed = (days: number) => ({ orderDate: daysAgo(days), done: true });
  const imported = held.placeImport({ numbers: 2, ...placed(50) }).numbers.map((each) => each.telephoneNumber);
  const ported = held.placePortIn({ numbers: 1, losingCarrierName: 'Mock Carrier', ...placed(40) }).numbers;
  const wonBack = held.placeOrder({ numbers: 1, ...placed(300) }).numbers.map((each) => each.telephoneNumber);
  for (const number of wonBack) held.placePortOut({ number, ...placed(200) });
  held.placePortIn({ numbers: wonBack, losingCarrierName: 'Mock Carrier', ...placed(30) });
  const moved = held.placePortIn({ numbers: 1, losingCarrierName: 'Mock Carrier', ...placed(20) }).numbers;

  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const run = (...args: string[]) => cli(t, args, { cwd, env: settingsOf(sandbox, database.url) });
  const night = await run('run', 'nightly');
  t.is(night.status, 0, night.output);
  const today = new Date().toISOString().slice(0, 10);
  const counted = await database.query<{ telephone_number: string; category: string | null; left_out: string | null }>(
    `select telephone_number, category, left_out from tn_ledger.nruf_number_categories('${today}')`,
  );
  const of = new Map(counted.map((each) => [each.telephone_number, each.left_out ?? each.category]));
  t.is(of.get('4163600001'), 'not United States');
  t.is(of.get('4412920001'), 'not United States');
  t.is(of.get('7877211234'), 'available');
  for (const number of imported) t.is(of.get(number), 'imported');
  for (const number of ported) t.is(of.get(number), 'ported in');
  for (const number of [...wonBack, ...moved]) t.is(of.get(number), 'available', number);
  const [inAccount] = await database.query<{ numbers: string[] }>(
    `select array_agg(telephone_number) as numbers from tn_ledger.telephone_numbers where status = 'InAccount' and removed_at is null`,
  );
  t.is(inAccount?.numbers.length, 3);
  for (const number of inAccount?.numbers ?? []) t.is(of.get(number), 'available');
  t.is([...of.values()].filter((each) => each === 'hosted').length, 2);
  t.is(of.size, 190 + 3 + 5, 'every number of the account is in the proof');

  const received = of.size - 2 - 2 - 1 - 2;
  const table = await run('nruf', '--as-of', today, '--json');
  const rows = JSON.parse(table.stdout).rows as { numbers_received: number }[];
  t.is(
    rows.reduce((sum, row) => sum + row.numbers_received, 0),
    received,
  );
  const { findings } = JSON.parse((await run('audit', '--as-of', today, '--json')).stdout) as {
    findings: { id: string; count: number }[];
  };
  const counts = Object.fromEntries(findings.map(({ id, count }) => [id, count]));
  t.like(counts, {
    'not-united-states': 2,
    imported: 2,
    hosted: 2,
    'ported-in': 1,
    'ported-within-bandwidth': 2,
    'area-code-and-state': 0,
    'unknown-status': 0,
    undeclared: received,
  });
  t.is((await run('report')).status, 0);
});

test('a number that is not yet live counts, keeps its assignment status, and goes live in the same stay', async (t) => {
  const sandbox = await startSandbox({ numbers: 30, ...withoutOrders, imports: 0, oddities: { 'in-account': 3 } });
  t.teardown(() => sandbox.close());
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const nightly = async () => {
    const { status, output } = await cli(t, ['run', 'nightly'], { cwd, env: settingsOf(sandbox, database.url) });
    t.is(status, 0, output);
  };
  const read = async () => {
    const rows = await database.query<{ telephone_number: string; status: string; history: string[]; use: string }>(`
      select t.telephone_number, t.status,
        (select array_agg(h.status || case when h.valid_to is null then ' still' else '' end order by h.valid_from)
           from tn_ledger.number_status_history h where h.telephone_number = t.telephone_number) as history,
        (select c.category from tn_ledger.nruf_number_categories((now() at time zone 'UTC')::date) c
          where c.telephone_number = t.telephone_number) as use
      from tn_ledger.telephone_numbers t
      where exists (select from tn_ledger.number_status_history h
        where h.telephone_number = t.telephone_number and h.status = 'InAccount')
      order by 1`);
    return rows.map(({ telephone_number: _, ...row }) => row);
  };
  await nightly();
  const notLive = { status: 'InAccount', history: ['InAccount still'] };
  t.deepEqual(await read(), Array(3).fill({ ...notLive, use: 'available' }));
  const [first] = await database.query<{ number: string }>(
    `select min(telephone_number) as number from tn_ledger.telephone_numbers where status = 'InAccount'`,
  );
  sandbox.account(account).placeAssignment({ action: 'ASSIGN', numbers: [first?.number ?? ''], done: true });
  await nightly();
  t.deepEqual(await read(), [{ ...notLive, use: 'assigned' }, ...Array(2).fill({ ...notLive, use: 'available' })]);
  sandbox.oddities = {};
  await nightly();
  const live = { status: 'Inservice', history: ['InAccount', 'Inservice still'] };
  t.deepEqual(await read(), [{ ...live, use: 'assigned' }, ...Array(2).fill({ ...live, use: 'available' })]);
  const gaps = await database.query(`
    select from tn_ledger.number_status_history b join tn_ledger.number_status_history a using (account_id, telephone_number)
     where b.status = 'InAccount' and a.status = 'Inservice' and a.valid_from <> b.valid_to`);
  t.deepEqual(gaps, []);
});
