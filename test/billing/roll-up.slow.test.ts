import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { countReportsToRollUp, rollUpLoaded } from '../../src/billing/roll-up-loaded.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type Call, callsCsv } from './support/calls.js';
import { type Loader, openLoader } from './support/load.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres({ settings: { timezone: 'Asia/Tokyo' } });
});
test.after.always((t) => t.context.server?.stop());

const account = '9900000';
const own = ['9195550001', '9195550002', '9195550003'];

async function openWithNumbers(t: ExecutionContext<{ server: TestServer }>): Promise<Loader> {
  const loader = await openLoader(t, t.context.server);
  await loader.query(
    `insert into telephone_numbers (account_id, telephone_number, status) select $1, unnest($2::text[]), 'Inservice'`,
    [account, own],
  );
  return loader;
}

const load = (loader: Loader, csv: string, spec: Parameters<Loader['load']>[1] = {}) =>
  loader.load([{ name: 'calls.csv', content: csv }], { days: { from: '2026-10-03', to: '2026-10-03' }, ...spec });

/** Number, day, direction, records, calls, minutes, amount and messages. */
const daily = (loader: Loader) =>
  loader
    .query<{ row: string }>(
      `select concat_ws(' ', coalesce(telephone_number, 'none'), coalesce(day::text, 'no day'), direction, sum(records), sum(calls),
                        trim_scale(sum(minutes)), trim_scale(sum(amount)), sum(messages)) as row
         from billing_daily group by telephone_number, day, direction order by telephone_number, day, direction`,
    )
    .then((rows) => rows.map(({ row }) => row));

const isExact = async (t: ExecutionContext<unknown>, loader: Loader) => {
  const [rolledUp] = await loader.query(
    'select coalesce(sum(records), 0)::int as records, trim_scale(coalesce(sum(amount), 0)) as amount from billing_daily',
  );
  const [records] = await loader.query(
    'select count(*)::int as records, trim_scale(coalesce(sum(amount), 0)) as amount from billing_bdr',
  );
  t.deepEqual(rolledUp, records);
};

test('calls are billed to their source or destination by their type', async (t) => {
  const loader = await openWithNumbers(t);
  await load(
    loader,
    callsCsv(
      { from: '19195550001', to: '2125550199' },
      { from: '19195550001', to: '2125550199', seconds: 6, amount: '0.01' },
      { type: 'TOLL-FREE ORIGINATION', from: '12125550199', to: '9195550002' },
      { type: 'INBOUND', from: '12125550199', to: '9195550002' },
    ),
  );
  t.deepEqual(await daily(loader), [
    '9195550001 2026-10-03 outbound 2 2 1.1 0.51 0',
    '9195550002 2026-10-03 inbound 2 2 2 1 0',
  ]);
  await isExact(t, loader);
});

test('a call is billed to the end that the account has, whatever its type', async (t) => {
  const loader = await openWithNumbers(t);
  await load(
    loader,
    callsCsv({ from: '12125550199', to: '9195550003' }, { type: 'INBOUND', from: '19195550001', to: '2125550199' }),
  );
  t.deepEqual(await daily(loader), [
    '9195550001 2026-10-03 outbound 1 1 1 0.5 0',
    '9195550003 2026-10-03 inbound 1 1 1 0.5 0',
  ]);
});

test('a call between two numbers of the account counts for both, and its amount once', async (t) => {
  const loader = await openWithNumbers(t);
  await load(
    loader,
    callsCsv({ from: '19195550001', to: '9195550002' }, { type: 'INBOUND', from: own[0], to: own[0] }),
  );
  t.deepEqual(await daily(loader), [
    '9195550001 2026-10-03 inbound 1 1 1 0.5 0',
    '9195550001 2026-10-03 outbound 1 2 2 0.5 0',
    '9195550002 2026-10-03 inbound 0 1 1 0 0',
  ]);
  await isExact(t, loader);
});

test('a call between two numbers that the account does not have counts for the one that its type says', async (t) => {
  const loader = await openWithNumbers(t);
  await load(
    loader,
    callsCsv(
      { from: '12025550143', to: '2125550199' },
      { type: 'WVO', from: '12025550143', to: '2125550199' },
      { type: 'NEW TYPE', from: '+442071234567', to: '911' },
    ),
  );
  t.deepEqual(await daily(loader), [
    '+442071234567 2026-10-03 outbound 1 1 1 0.5 0',
    '2025550143 2026-10-03 outbound 1 1 1 0.5 0',
    '2125550199 2026-10-03 inbound 1 1 1 0.5 0',
  ]);
});

test('all spellings of a number are one', async (t) => {
  const loader = await openWithNumbers(t);
  const spellings = {
    '9195550001': [
      '9195550001',
      '19195550001',
      '+19195550001',
      '01119195550001',
      'sip:+19195550001@192.0.2.1:5060;user=phone',
      'sips:9195550001@example.com',
      '"""Bob"" <sip:%2B19195550001@example.com>"',
      'tel:+1-919-555-0001;ext=5',
      '(919) 555-0001',
      ' 919.555.0001 ',
    ],
    '+442071234567': ['+442071234567', '442071234567', '011442071234567', 'sip:+442071234567@example.com'],
    '+4530123456': ['+4530123456', '0114530123456'],
    '72345': ['72345'],
    none: ['anonymous', '', 'sip:bob@example.com', 'Restricted', '12', '1234567890123456'],
  };
  await load(
    loader,
    callsCsv(
      ...Object.values(spellings)
        .flat()
        .map((from) => ({ from, to: '2125550199' })),
    ),
  );
  const counted = await loader.query(
    `select coalesce(telephone_number, 'none') as number, sum(records)::int as records from billing_daily group by 1`,
  );
  t.deepEqual(
    Object.fromEntries(counted.map(({ number, records }) => [number, records])),
    Object.fromEntries(Object.entries(spellings).map(([number, all]) => [number, all.length])),
  );
});

test('records without a number or a time are counted apart', async (t) => {
  const loader = await openWithNumbers(t);
  await load(
    loader,
    callsCsv(
      { from: 'anonymous', to: '2125550199' },
      { at: '', from: own[0] },
      { at: 'infinity', from: own[0] },
      { from: own[0], to: 'anonymous' },
    ),
  );
  t.deepEqual(await daily(loader), [
    '9195550001 2026-10-03 outbound 1 1 1 0.5 0',
    '9195550001 no day outbound 2 2 2 1 0',
    'none 2026-10-03 outbound 1 1 1 0.5 0',
  ]);
  await isExact(t, loader);
});

test('messages are rolled up beside calls', async (t) => {
  const loader = await openWithNumbers(t);
  await load(loader, callsCsv({ from: own[0], to: '2125550199' }));
  const csv = [
    'AccountId,MessageType,MessageID,CallDirection,SourceTn,DestinationTn,TimeStamp',
    '1,sms,a,OUTBOUND,19195550001,12125550199,2026-10-03T00:00:00.000Z',
    '1,sms,a,OUTBOUND,19195550001,12125550199,2026-10-03T00:00:00.000Z',
    '1,sms,b,INBOUND,12125550199,19195550002,2026-10-03T23:59:59.999Z',
    '',
  ].join('\n');
  await load(loader, csv, { type: 'MDR' });
  t.deepEqual(await daily(loader), [
    '9195550001 2026-10-03 outbound 3 1 1 0.5 2',
    '9195550002 2026-10-03 inbound 1 0 0 0 1',
  ]);
});

test('other types are not rolled up', async (t) => {
  const loader = await openWithNumbers(t);
  await load(loader, callsCsv({ from: own[0] }), { type: 'STMTBDR' });
  await load(loader, 'TelephoneNumber\n9195550001\n', { type: 'DIDSNAP' });
  t.deepEqual(await daily(loader), []);
  t.is(await countReportsToRollUp(loader.database.pool, account), 0);
});

test('a newer report replaces what the older ones of its days were rolled up to', async (t) => {
  const loader = await openWithNumbers(t);
  const days = { from: '2026-10-01', to: '2026-10-04' };
  const on = (day: string, seconds: number): Call => ({ at: `2026/10/${day} 12:00:00 PM`, from: own[0], seconds });
  // Bandwidth bills a call with the day after: it stays with its report.
  await load(loader, callsCsv(on('01', 60), on('02', 120), on('03', 180), on('05', 6), { at: '', from: own[0] }), {
    days,
  });
  await load(loader, callsCsv(on('03', 240), on('03', 60)), { days: { from: '2026-10-03', to: '2026-10-03' } });
  t.deepEqual(await daily(loader), [
    '9195550001 2026-10-01 outbound 1 1 1 0.5 0',
    '9195550001 2026-10-02 outbound 1 1 2 0.5 0',
    '9195550001 2026-10-03 outbound 2 2 5 1 0',
    '9195550001 2026-10-05 outbound 1 1 0.1 0.5 0',
    '9195550001 no day outbound 1 1 1 0.5 0',
  ]);
  await isExact(t, loader);
  await load(loader, callsCsv(on('04', 60)), { days: { from: '2026-10-04', to: '2026-10-04' }, acceptShrink: true });
  await isExact(t, loader);
  await load(loader, callsCsv(on('01', 60)), { days, acceptShrink: true });
  t.deepEqual(await daily(loader), ['9195550001 2026-10-01 outbound 1 1 1 0.5 0']);
});

test('a report is exact after it is loaded again, also after someone deleted its rows', async (t) => {
  const loader = await openWithNumbers(t);
  const csv = callsCsv({ from: own[0] }, { from: own[1] });
  const { reportId } = await load(loader, csv);
  const before = await daily(loader);
  await load(loader, csv, { reportId });
  t.deepEqual(await daily(loader), before);
  await loader.query('delete from billing_bdr; delete from sync_billing_days');
  await load(loader, csv, { reportId });
  t.deepEqual(await daily(loader), before);
  await loader.query(`delete from billing_bdr where call_source = '${own[0]}'`);
  await rollUpLoaded(loader.database, { account: undefined, full: true, signal: new AbortController().signal });
  t.deepEqual(await daily(loader), before.slice(1));
  await isExact(t, loader);
});

test('a report that is refused changes nothing', async (t) => {
  const loader = await openWithNumbers(t);
  await load(loader, callsCsv({ from: own[0] }, { from: own[1] }));
  const before = await daily(loader);
  await t.throwsAsync(load(loader, callsCsv({ from: own[0] })), { name: 'FewerRowsError' });
  t.deepEqual(await daily(loader), before);
});

test('rows of other days that are left out or rejected are not rolled up', async (t) => {
  const loader = await openWithNumbers(t);
  const csv = callsCsv({ from: own[0] }, { at: '2026/10/04 12:00:00 PM', from: own[0] });
  for (const otherDays of ['leave out', 'reject'] as const) {
    await load(loader, csv, { otherDays });
    t.deepEqual(await daily(loader), ['9195550001 2026-10-03 outbound 1 1 1 0.5 0']);
  }
});

test('reports of an earlier version, and of before the inventory, are rolled up later', async (t) => {
  const loader = await openLoader(t, t.context.server);
  const { database } = loader;
  await load(loader, callsCsv({ from: '12125550199', to: own[0] }));
  t.deepEqual(await daily(loader), ['2125550199 2026-10-03 outbound 1 1 1 0.5 0']);
  const signal = new AbortController().signal;
  t.is(await rollUpLoaded(database, { account, full: false, signal }), 0);
  await loader.query(
    `insert into telephone_numbers (account_id, telephone_number, status) values ($1, $2, 'Inservice')`,
    [account, own[0]],
  );
  t.is(await countReportsToRollUp(database.pool, account), 1);
  t.is(await rollUpLoaded(database, { account, full: false, signal }), 1);
  const expected = ['9195550001 2026-10-03 inbound 1 1 1 0.5 0'];
  t.deepEqual(await daily(loader), expected);
  // As an earlier version left it.
  await loader.query('delete from billing_daily');
  await loader.query('update billing_reports set rolled_up_at = null');
  t.is(await rollUpLoaded(database, { account: undefined, full: false, signal }), 1);
  t.deepEqual(await daily(loader), expected);
  t.is(await rollUpLoaded(database, { account: undefined, full: false, signal }), 0);
});

test('numbers found days after they came into service are counted for the days between', async (t) => {
  const loader = await openWithNumbers(t);
  await loader.query(`update telephone_numbers set first_seen_at = now() - interval '1 year'`);
  const day = (await loader.query<{ day: string }>("select (now() - interval '5 days')::date::text as day"))[0]
    ?.day as string;
  const at = `${day.replaceAll('-', '/')} 12:00:00 PM`;
  await load(loader, callsCsv({ at, from: '12125550199', to: '9195550009' }), { days: { from: day, to: day } });
  const add = (number: string, since: string) =>
    loader.query(
      `insert into telephone_numbers (account_id, telephone_number, status, in_service_date) values ($1, $2, 'Inservice', now() - $3::interval)`,
      [account, number, since],
    );
  await add('9195550008', '1 hour');
  t.is(await countReportsToRollUp(loader.database.pool, account), 0);
  await add('9195550009', '6 days');
  t.is(await countReportsToRollUp(loader.database.pool, account), 1);
  await rollUpLoaded(loader.database, { account, full: false, signal: new AbortController().signal });
  t.deepEqual(await daily(loader), [`9195550009 ${day} inbound 1 1 1 0.5 0`]);
});

test('days whose month was dropped keep what they were rolled up to', async (t) => {
  const loader = await openWithNumbers(t);
  const days = { from: '2026-09-30', to: '2026-10-01' };
  await load(
    loader,
    callsCsv({ at: '2026/09/30 12:00:00 PM', from: own[0] }, { at: '2026/10/01 12:00:00 PM', from: own[0] }),
    { days },
  );
  const before = await daily(loader);
  await loader.query('drop table billing_bdr__2026_09');
  await rollUpLoaded(loader.database, { account, full: true, signal: new AbortController().signal });
  t.deepEqual(await daily(loader), before);
});
