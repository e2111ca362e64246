import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger, type RunOptions } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const day = 86_400_000;
const amounts = { numbers: 100, orders: 20, disconnects: 12, portins: 24, open: 0.3, seed: 4 };
const tables = ['order_history', 'order_notes', 'order_history_reads'];

/** Reads all orders, then their histories; returns the requests of the latter. */
async function run(t: ExecutionContext, ledger: Ledger, options: RunOptions = {}): Promise<number> {
  for (const job of ['sync-orders', 'sync-disconnects', 'sync-portins']) {
    const report = await ledger.run(job, options);
    t.is(report.result, 'succeeded', report.error?.message);
  }
  const { result, error, requests, warnings } = await ledger.run('sync-order-history', options);
  t.is(result, 'succeeded', error?.message);
  t.deepEqual(warnings, []);
  return requests;
}

interface Event {
  kind: 'orders' | 'portins';
  id: string;
  occurred_at: Date;
  status: string;
  author: string;
  note: string | null;
  difference: string | null;
}

const stored = (ledger: Ledger) =>
  ledger.query<Event>(
    `select order_kind as kind, order_id as id, occurred_at, status, author, note, difference
       from order_history where missing_since is null order by order_kind, order_id, event_number`,
  );

/** What Bandwidth's histories have of the given orders. Without `keepNotes`, texts are compared only where they are stored. */
function expected(ledger: Ledger, of: readonly { kind: 'orders' | 'portins'; id: string }[]): Event[] {
  const held = ledger.sandbox.account(account);
  return of
    .toSorted((a, b) => (`${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1))
    .flatMap(({ kind, id }) =>
      held.orderEvents(kind, id).map((event) => ({
        ...{ kind, id, occurred_at: event.occurredAt, status: event.status, author: event.author },
        ...{ note: event.note, difference: event.difference ?? null },
      })),
    );
}

const isOpen = ({ status }: { status: string }) => !['COMPLETE', 'PARTIAL', 'FAILED', 'CANCELLED'].includes(status);

/** Orders with a history in the API that are open. */
function openOrders(ledger: Ledger): { kind: 'orders' | 'portins'; id: string }[] {
  const held = ledger.sandbox.account(account);
  return [
    ...held.orders().map(({ orderId, status }) => ({ kind: 'orders' as const, id: orderId, status })),
    ...held.portIns().map(({ orderId, status }) => ({ kind: 'portins' as const, id: orderId, status })),
  ]
    .filter((order) => isOpen(order) && order.status !== 'DRAFT')
    .filter(({ kind, id }) => kind === 'portins' || held.orderEvents(kind, id).length > 1)
    .map(({ kind, id }) => ({ kind, id }));
}

const withoutTexts = (events: readonly Event[]) => events.map(({ note, difference, ...event }) => event);

async function textOfTables(ledger: Ledger): Promise<string> {
  const rows = await Promise.all(tables.map((table) => ledger.query(`select * from ${table}`)));
  return JSON.stringify(rows);
}

test('histories of open orders are stored without free texts, and read again only when an order changes', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: amounts });
  const held = ledger.sandbox.account(account);
  const open = openOrders(ledger);
  t.true(open.some(({ kind }) => kind === 'orders') && open.some(({ kind }) => kind === 'portins'));
  t.true((await run(t, ledger)) >= open.length);
  const events = await stored(ledger);
  t.deepEqual(withoutTexts(events), withoutTexts(expected(ledger, open)));
  t.true(events.some(({ note }) => note === 'LOA required'));
  t.notRegex(await textOfTables(ledger), /Pii/);
  t.deepEqual(
    await ledger.query(
      `select distinct note, note_code, free_text from order_history where status = 'EXCEPTION' union
       select distinct array_to_string(changed_fields, ','), difference, free_text from order_history where changed_fields is not null order by 1`,
    ),
    [
      { note: 'PinNumber', note_code: null, free_text: 'left out' },
      { note: null, note_code: '7205', free_text: 'left out' },
    ],
  );

  t.is(await run(t, ledger), 0);
  t.is(await ledger.query('select from order_notes').then(({ length }) => length), 0);

  const changed = held.portIns().find(({ status }) => status === 'EXCEPTION')?.orderId as string;
  ledger.sandbox.clock.advance(1000);
  held.changeOrder('portins', changed, { status: 'CANCELLED' });
  t.is(await run(t, ledger), 1);
  t.deepEqual(withoutTexts(await stored(ledger)), withoutTexts(expected(ledger, open)));
  t.is(await run(t, ledger), 0);

  ledger.sandbox.clock.advance(8 * day);
  const again = await run(t, ledger);
  t.true(again >= openOrders(ledger).length, 'open orders are read again after a while');
  // Orders placed since the first run, and closed ones, are among them.
  const known = await ledger.query<{ kind: 'orders' | 'portins'; id: string }>(
    'select distinct order_kind as kind, order_id as id from order_history',
  );
  t.deepEqual(withoutTexts(await stored(ledger)), withoutTexts(expected(ledger, known)));
  t.true(known.length > openOrders(ledger).length);
});

test('with TN_LEDGER_KEEP_NOTES=1 notes and texts are stored, and without it the next run deletes them', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: amounts });
  const held = ledger.sandbox.account(account);
  await run(t, ledger);
  await run(t, ledger, { keepNotes: true });
  t.deepEqual(await stored(ledger), expected(ledger, openOrders(ledger)));

  const open = [
    ...held.disconnects().map(({ orderId, status }) => ({ kind: 'disconnects' as const, id: orderId, status })),
    ...held.orders().map(({ orderId, status }) => ({ kind: 'orders' as const, id: orderId, status })),
    ...held.portIns().map(({ orderId, status }) => ({ kind: 'portins' as const, id: orderId, status })),
  ].filter(isOpen);
  const notes = () =>
    ledger.query(
      `select order_kind as kind, order_id as id, note_id, user_id, description, last_modified_date
         from order_notes order by order_kind, order_id, note_number`,
    );
  const truth = () =>
    open
      .toSorted((a, b) => (`${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1))
      .flatMap(({ kind, id: orderId }) =>
        held.orderNotes(kind, orderId).map(({ id, userId, description, lastModified }) => ({
          ...{ kind, id: orderId, note_id: id, user_id: userId, description, last_modified_date: lastModified },
        })),
      );
  t.deepEqual(await notes(), truth());
  t.is(new Set((await notes()).map(({ kind }) => kind)).size, 3);

  const [stuck] = open.filter(({ kind }) => kind === 'portins');
  held.addOrderNote('portins', stuck?.id as string, 'The carrier wants a new LOA');
  t.is(await run(t, ledger, { keepNotes: true }), 0, 'a run that follows soon does not read notes again');
  ledger.sandbox.clock.advance(day / 2);
  await run(t, ledger, { keepNotes: true });
  t.true((await notes()).some(({ description }) => description === 'The carrier wants a new LOA'));

  await run(t, ledger);
  t.deepEqual(await notes(), []);
  t.notRegex(await textOfTables(ledger), /Pii/);
  t.true((await stored(ledger)).some(({ note }) => note === 'LOA required'));
});

test('with faulty responses, histories and notes match', async (t) => {
  const faults = { 500: 0.1, reset: 0.1, truncate: 0.1, html: 0.1 };
  const ledger = await openLedger(t, t.context.server, {
    sandbox: amounts,
    client: { retry: { baseMs: 1, capMs: 4 } },
  });
  for (const job of ['sync-orders', 'sync-disconnects', 'sync-portins']) await ledger.run(job);
  ledger.sandbox.faults = faults;
  const { result, requests } = await ledger.run('sync-order-history', { keepNotes: true });
  t.is(result, 'succeeded');
  ledger.sandbox.faults = {};
  const { warnings } = await ledger.run('sync-order-history', { keepNotes: true });
  t.deepEqual(warnings, []);
  const [row] = await ledger.query<{ count: number }>('select count(*)::integer as count from order_history_reads');
  t.true(requests > (row?.count ?? 0));
  t.deepEqual(await stored(ledger), expected(ledger, openOrders(ledger)));
});

test('credentials that may read orders but not their histories get a warning for each kind', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { ...amounts, oddities: { 'forbid-order-history': 1 } },
  });
  await ledger.run('sync-orders');
  await ledger.run('sync-portins');
  const { result, warnings } = await ledger.run('sync-order-history');
  t.is(result, 'succeeded');
  t.is(warnings.length, 2);
  t.regex(
    warnings.join('\n'),
    /^The histories of port-ins were not read, and the stored ones were not changed: .*403/m,
  );
  t.regex(warnings.join('\n'), /^The histories of number orders were not read/m);
  t.deepEqual(await ledger.query('select * from order_history_reads'), []);
});

test('what exceeds the requests of a run comes first in the next one', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: amounts });
  await ledger.run('sync-orders');
  await ledger.run('sync-portins');
  let left = 3;
  ledger.proxy.onRequest = () => {
    left -= 1;
  };
  const part = await ledger.run('sync-order-history', { requestsLeft: () => left });
  t.is(part.requests, 3);
  t.regex(part.warnings.join(), /^Order histories: TN_LEDGER_REQUESTS_PER_NIGHT was reached; \d+ were not read\. /);
  const rest = await ledger.run('sync-order-history');
  t.deepEqual(rest.warnings, []);
  t.is(await ledger.query(`select from order_history_reads where read_at is null`).then(({ length }) => length), 0);
  t.deepEqual(withoutTexts(await stored(ledger)), withoutTexts(expected(ledger, openOrders(ledger))));
});
