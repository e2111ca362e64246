import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** A line a change: what, of which number, from what to what, by which order of whom. */
async function changes(ledger: Ledger): Promise<string[]> {
  const rows = await ledger.query<{ line: string }>(
    `select concat_ws(' ', change, telephone_number, field, coalesce(before, '-'), '>', coalesce(after, '-'), order_kind, user_id) as line
       from night_changes where seen_at <= now() and account_id = $1`,
    [account],
  );
  return rows.map(({ line }) => line).sort();
}

test('night_changes shows who changed what since the last night that succeeded began', async (t) => {
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
