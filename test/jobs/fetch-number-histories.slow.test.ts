import anyTest, { type TestFn } from 'ava';
import { fetchNumberHistories } from '../../jobs/fetch-number-histories.js';
import type { RunReport } from '../../src/run/job.js';
import type { SandboxOptions } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger, type RunOptions, usualLimits } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = fetchNumberHistories.name;
const orders = { orders: 30, disconnects: 10, portins: 5, portouts: 5, assignments: 5, imports: 5 };
const day = 86_400_000;

/** The configuration's default, more than any test's numbers. */
const numberHistoriesPerNight = 25;

/** A ledger whose numbers were all read once. */
async function ledgerAfterRun(
  t: Parameters<typeof openLedger>[0],
  server: TestServer,
  sandbox: SandboxOptions = {},
): Promise<{ ledger: Ledger; first: RunReport }> {
  const ledger = await openLedger(t, server, { sandbox: { numbers: 300, ...orders, ...sandbox } });
  const run = (name: string, options: RunOptions = {}) => ledger.run(name, { numberHistoriesPerNight, ...options });
  const first = await run('nightly');
  ledger.sandbox.clock.advance(day);
  return { ledger: { ...ledger, run }, first };
}

/** Requests for histories while some work is done, as the API sees them. */
async function historiesOf(ledger: Ledger, work: () => Promise<unknown>): Promise<string[]> {
  const paths: string[] = [];
  ledger.proxy.onRequest = ({ path }) => {
    const [history] = /\/tns\/[^/]+\/history$/.exec(path) ?? [];
    if (history !== undefined) paths.push(history);
  };
  await work();
  return paths;
}

const costOf = (ledger: Ledger, limit = numberHistoriesPerNight) =>
  fetchNumberHistories.cost?.({
    ...ledger.environment(),
    account,
    job,
    options: {
      maxShrink: 0.2,
      acceptShrink: false,
      ...usualLimits,
      numberHistoriesPerNight: limit,
      followedBy: new Set(),
    },
  });

/** Moves 5 numbers to the account, and 3 away, without an order. */
function moveNumbers({ sandbox }: Ledger): { added: string[]; left: string[] } {
  const held = sandbox.account(account);
  const left = [...held.numbers()].filter(({ status }) => status === 'Inservice').slice(20, 23);
  const numbers = left.map(({ telephoneNumber }) => telephoneNumber);
  held.disconnect(numbers);
  return { added: held.add(5).sort(), left: numbers.sort() };
}

test('numbers that orders explain are not read', async (t) => {
  const { ledger, first } = await ledgerAfterRun(t, t.context.server);
  t.is(first.parts.find((part) => part.job === job)?.requests, 0);
  ledger.sandbox.account(account).busyDay(1);
  ledger.sandbox.clock.advance(5 * day);
  const paths = await historiesOf(ledger, () => ledger.run('nightly'));
  t.deepEqual(paths, []);
  t.deepEqual(await ledger.query('select * from unexplained_moves'), []);
});

test('numbers that moved without an order are read once, and their events are stored', async (t) => {
  const { ledger } = await ledgerAfterRun(t, t.context.server);
  const { added, left } = moveNumbers(ledger);
  const paths = await historiesOf(ledger, () => ledger.run('nightly'));
  t.is(paths.length, 8);
  const held = ledger.sandbox.account(account);
  const moves = await ledger.query<{ telephone_number: string; event_at: Date; order_id: string | null }>(
    'select * from unexplained_moves order by kind, telephone_number',
  );
  t.deepEqual(
    moves.map((move) => [move.telephone_number, move.event_at, move.order_id]),
    [
      ...added.map((number) => [number, held.numberEvents(number).at(-1)] as const),
      ...left.map((number) => [number, held.numberEvents(number).at(-1)] as const),
    ].map(([number, event]) => [number, event?.at, event?.own ? event.orderId : null]),
  );
  const events = await ledger.query(
    'select telephone_number, event_at, order_id, status, order_type from number_events order by 1, event_number',
  );
  t.deepEqual(
    events,
    [...added, ...left].sort().flatMap((number) =>
      held
        .numberEvents(number)
        .filter(({ own }) => own)
        .map(({ at, orderId, status, orderType }) => ({
          telephone_number: number,
          event_at: at,
          order_id: orderId,
          status,
          order_type: orderType,
        })),
    ),
  );
  const shown = await ledger.query(`select value, order_id from number_timeline($1) where kind = 'event'`, [added[0]]);
  t.deepEqual(shown, [{ value: 'Inservice', order_id: held.numberEvents(added[0] ?? '').at(-1)?.orderId }]);
  t.deepEqual(await historiesOf(ledger, () => ledger.run('nightly')), []);
});

test('a number that moves again is read again', async (t) => {
  const { ledger } = await ledgerAfterRun(t, t.context.server);
  const { added } = moveNumbers(ledger);
  await ledger.run('nightly');
  ledger.sandbox.clock.advance(day);
  ledger.sandbox.account(account).disconnect(added.slice(0, 1));
  const paths = await historiesOf(ledger, () => ledger.run('nightly'));
  t.deepEqual(paths, [`/tns/${added[0]}/history`]);
});

test('a run reads the stated number of histories, the latest moves first, and says how many are left', async (t) => {
  const { ledger } = await ledgerAfterRun(t, t.context.server);
  const { added, left } = moveNumbers(ledger);
  const read = async (limit: number) =>
    (await historiesOf(ledger, () => ledger.run('nightly', { numberHistoriesPerNight: limit })))
      .map((path) => path.split('/')[2] ?? '')
      .sort();
  t.deepEqual(await read(0), []);
  t.like(await costOf(ledger, 2), {
    requests: 2,
    least: 0,
    reason: '2 histories of numbers that moved without a known order, and 6 left for later runs',
  });
  // Runs date what they find by themselves: the departures are later than the in-service dates.
  t.deepEqual(await read(3), left);
  t.true(ledger.log.some((line) => line.includes('5 numbers left for later runs, of which each reads up to 3')));
  t.is((await costOf(ledger))?.requests, 5);
  t.deepEqual(await read(10), added);
  t.is((await costOf(ledger))?.requests, 0);
});

test('an order that explains a move later removes it', async (t) => {
  const { ledger } = await ledgerAfterRun(t, t.context.server);
  const { left } = moveNumbers(ledger);
  await ledger.run('nightly');
  const [number = ''] = left;
  const { clock } = ledger.sandbox;
  ledger.sandbox
    .account(account)
    .placePortOut({ number, orderDate: new Date(clock.now().getTime() - 2 * day), done: true });
  await ledger.run('nightly');
  const rows = await ledger.query<{ telephone_number: string }>(
    `select telephone_number from unexplained_moves where kind = 'departure' order by 1`,
  );
  t.deepEqual(
    rows.map(({ telephone_number }) => telephone_number),
    left.slice(1),
  );
});

test('a missing role costs one request and a warning', async (t) => {
  const { ledger } = await ledgerAfterRun(t, t.context.server, { oddities: { 'forbid-histories': 1 } });
  moveNumbers(ledger);
  const reports: RunReport[] = [];
  const paths = await historiesOf(ledger, async () => reports.push(await ledger.run('nightly')));
  t.is(paths.length, 1);
  t.is(reports[0]?.result, 'succeeded');
  const warnings = reports[0]?.parts.flatMap((part) => part.warnings) ?? [];
  t.true(warnings.some((text) => /^Histories of single numbers were not read: .*a role is missing/.test(text)));
});

test('nothing is compared before all orders were read', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 300, ...orders } });
  await ledger.run('nightly', { nightLimitMs: 0 });
  t.deepEqual(await ledger.query('select * from move_checks'), []);
  t.deepEqual(await ledger.query('select * from unexplained_moves'), []);
});

test('a run that is stopped keeps what it read, and the next one reads the rest', async (t) => {
  const { ledger } = await ledgerAfterRun(t, t.context.server);
  moveNumbers(ledger);
  await ledger.run('nightly', { numberHistoriesPerNight: 0 });
  const stop = new AbortController();
  let requests = 0;
  ledger.proxy.onRequest = () => {
    requests += 1;
    if (requests === 2) stop.abort(new Error('stopped'));
  };
  t.not((await ledger.run(job, { signal: stop.signal })).result, 'succeeded');
  const [read] = await ledger.query<{ count: number }>(
    'select count(*)::integer as count from unexplained_moves where read_at is not null',
  );
  t.is(read?.count, 1);
  t.is((await historiesOf(ledger, () => ledger.run(job))).length, 7);
});
