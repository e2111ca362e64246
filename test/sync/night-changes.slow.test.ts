import { rm, writeFile } from 'node:fs/promises';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import pg from 'pg';
import { runNightly } from '../report/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** One line per change: what, which number, from what to what, by which order and user. */
async function changes(ledger: Ledger): Promise<string[]> {
  const rows = await ledger.query<{ line: string }>(
    `select concat_ws(' ', change, telephone_number, field, coalesce(before, '-'), '>', coalesce(after, '-'), order_kind, user_id) as line
       from night_changes where seen_at <= now() and account_id = $1`,
    [account],
  );
  return rows.map(({ line }) => line).sort();
}

test('night_changes shows who changed what since the last nightly run that succeeded', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 60 } });
  const held = ledger.sandbox.account(account);
  const night = async () => {
    const report = await ledger.run('nightly');
    t.is(report.result, 'succeeded', report.error?.message);
  };
  const [leaving, ported, declared, moved] = [...held.numbers()].map(({ telephoneNumber }) => telephoneNumber);
  const before = [...held.numbers()].find(({ telephoneNumber }) => telephoneNumber === moved);
  const open = held.placePortIn({ outcome: 'PENDING_DOCUMENTS', userId: 'dora' });
  await night();
  t.is((await changes(ledger)).filter((line) => line.startsWith('number new')).length, 60);

  const [brought] = held.placeOrder({ done: true, userId: 'anna' }).numbers;
  held.placeDisconnect({ numbers: [leaving as string], done: true, userId: 'bert' });
  held.placePortOut({ number: ported as string, done: true, userId: 'carrier' });
  held.placeAssignment({ action: 'ASSIGN', numbers: [declared as string], done: true, userId: 'carla' });
  held.change(moved as string, { rateCenter: 'CARY', tier: '5' });
  held.changeOrder('portins', open.orderId, { status: 'CANCELLED' });
  await night();
  const expected = [
    `number new ${brought?.telephoneNumber} status - > Inservice orders anna`,
    'order placed status - > COMPLETE orders anna',
    `number left ${leaving} status Inservice > - disconnects bert`,
    'order placed status - > COMPLETE disconnects bert',
    `number left ${ported} status Inservice > - portouts carrier`,
    'order placed status - > COMPLETE portouts carrier',
    `number declared ${declared} assignment_status - > ASSIGNED number_assignment_orders carla`,
    'order placed status - > COMPLETE number_assignment_orders carla',
    `number changed ${moved} rate_center ${before?.rateCenter} > CARY`,
    `number changed ${moved} tier ${before?.tier ?? '-'} > 5`,
    'order status status PENDING_DOCUMENTS > CANCELLED portins dora',
  ];
  t.deepEqual(await changes(ledger), expected.sort());

  held.placeOrder({ numbers: [leaving as string], done: true, userId: 'anna' });
  held.placeAssignment({ action: 'UNASSIGN', numbers: [declared as string], done: true, userId: 'carla' });
  await night();
  t.deepEqual(
    await changes(ledger),
    [
      `number back ${leaving} status - > Inservice orders anna`,
      'order placed status - > COMPLETE orders anna',
      `number declared ${declared} assignment_status ASSIGNED > UNASSIGNED number_assignment_orders carla`,
      'order placed status - > COMPLETE number_assignment_orders carla',
    ].sort(),
  );
  await night();
  t.deepEqual(await changes(ledger), []);
});

/** Opens a ledger after its first run and changes a number's tier; returns the line that shows the change. */
async function ledgerWithNews(t: ExecutionContext<{ server: TestServer }>): Promise<{ ledger: Ledger; news: string }> {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 40 } });
  await runNightly(t, ledger);
  const held = ledger.sandbox.account(account);
  const { telephoneNumber, tier } = [...held.numbers()][0] as { telephoneNumber: string; tier?: string };
  held.change(telephoneNumber, { tier: '9' });
  return { ledger, news: `number changed ${telephoneNumber} tier ${tier ?? '-'} > 9` };
}

test('night_changes keeps the changes of a failed nightly run until one that succeeds reports them', async (t) => {
  const { ledger, news } = await ledgerWithNews(t);
  const inTheWay = `${ledger.dataDir}/reports`;
  await rm(inTheWay, { recursive: true });
  await writeFile(inTheWay, 'a file where the folder should be');
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    t.is((await ledger.run('nightly')).result, 'failed');
    t.deepEqual(await changes(ledger), [news]);
  }
  await rm(inTheWay);
  await runNightly(t, ledger);
  t.deepEqual(await changes(ledger), [news]);
  await runNightly(t, ledger);
  t.deepEqual(await changes(ledger), []);
});

test('night_changes shows changes of a single job between two nightly runs during and after the second', async (t) => {
  const { ledger, news } = await ledgerWithNews(t);
  t.is((await ledger.run('sync-number-details')).result, 'succeeded');
  await runNightly(t, ledger);
  t.deepEqual(await changes(ledger), [news]);
  await runNightly(t, ledger);
  t.deepEqual(await changes(ledger), []);
});

for (const [title, begins, connectAs] of [
  [
    'had written',
    `insert into tn_ledger.orders (account_id, order_id, status) values ('${account}', 'late', 'COMPLETE')`,
    'owner',
  ],
  ['had not written yet', 'select 1', 'owner'],
  [
    'of another user had written',
    `insert into tn_ledger.orders (account_id, order_id, status) values ('${account}', 'late', 'COMPLETE')`,
    'superuser',
  ],
] as const) {
  test(`changes of a transaction that ${title} when the report was made are in the next report`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5 } });
    await runNightly(t, ledger);
    const url = new URL(ledger.env.DATABASE_URL as string);
    if (connectAs === 'superuser') Object.assign(url, { username: 'postgres' });
    const slow = new pg.Client({ connectionString: url.href });
    await slow.connect();
    t.teardown(() => slow.end());
    await slow.query('begin');
    await slow.query(begins);
    await runNightly(t, ledger);
    t.deepEqual(
      (await changes(ledger)).filter((line) => line.startsWith('order placed')),
      [],
    );
    if (begins === 'select 1')
      await slow.query(
        `insert into tn_ledger.orders (account_id, order_id, status) values ('${account}', 'late', 'COMPLETE')`,
      );
    await slow.query('commit');
    await runNightly(t, ledger);
    const seen = await changes(ledger);
    t.true(seen.includes('order placed status - > COMPLETE orders'), seen.join('\n'));
    await runNightly(t, ledger);
    t.deepEqual(await changes(ledger), []);
  });
}

test('without a nightly run, night_changes shows changes since the last success of the latest job', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 40 } });
  const run = async () => t.is((await ledger.run('sync-number-details')).result, 'succeeded');
  await run();
  t.is((await changes(ledger)).length, 40);
  await run();
  t.is((await changes(ledger)).length, 40);
  const [first] = [...ledger.sandbox.account(account).numbers()];
  ledger.sandbox.account(account).change(first?.telephoneNumber as string, { tier: '9' });
  await run();
  t.deepEqual(await changes(ledger), [`number changed ${first?.telephoneNumber} tier ${first?.tier ?? '-'} > 9`]);
});
