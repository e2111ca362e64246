import anyTest, { type TestFn } from 'ava';
import { orderHistoryCost, readOrderHistory } from '../../src/sync/order-history/read-order-history.js';
import { sendXml } from '../dashboard/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type DetailApi, type DetailRunOptions, openDetailApi } from './support/detail-api.js';
import { account } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const now = new Date('2026-03-10T00:00:00Z');

/** Stores port-ins, or other orders, as if they had been read. */
async function store(
  api: DetailApi,
  id: string,
  { table = 'portins', status = 'EXCEPTION', modified = '2026-03-01T10:00:00Z' } = {},
): Promise<void> {
  await api.query(
    `insert into ${table} (account_id, order_id, status, order_date, last_modified_date, details_at, details_status, details_modified_date)
     values ($1, $2, $3, '2026-02-01', $4, now(), $3, $4)
     on conflict (account_id, order_id) do update
        set status = $3, last_modified_date = $4, details_status = $3, details_modified_date = $4`,
    [account, id, status, modified],
  );
}

const read = (api: DetailApi, options: DetailRunOptions = {}) => api.run(readOrderHistory, { now, ...options });

/** A history in the reference's format. */
function history(...events: readonly [at: string, status: string, more?: string][]): string {
  const each = events.map(
    ([at, status, more = '']) =>
      `<OrderHistory><OrderDate>${at}</OrderDate><Author>System</Author><Status>${status}</Status>${more}</OrderHistory>`,
  );
  return `<OrderHistoryWrapper>${each.join('')}</OrderHistoryWrapper>`;
}

const stored = (api: DetailApi) =>
  api.query(
    `select event_number as n, to_char(occurred_at at time zone 'UTC', 'DD HH24:MI') as at, status, missing_since is not null as missing
       from order_history order by order_id, event_number`,
  );

/** Examples with the shapes of Bandwidth's API reference. */
const examples = {
  stuck: `<OrderHistoryWrapper>
    <OrderHistory>
        <OrderDate>2026-02-01T17:12:29.495Z</OrderDate>
        <Note>LOA required</Note>
        <Author>amc</Author>
        <Status>PENDING_DOCUMENTS</Status>
    </OrderHistory>
    <OrderHistory>
        <OrderDate>2026-02-01T17:12:32.121Z</OrderDate>
        <Note>
            Order has been created
        </Note>
        <Author>System</Author>
        <Status>SUBMITTED</Status>
        <Difference>LoaDate : "" --&gt; Sun Feb 01 17:12:29 UTC 2026</Difference>
    </OrderHistory>
    <OrderHistory>
        <OrderDate>2026-02-01T17:15:31.241Z</OrderDate>
        <Note>7999: E41 TN not found in PPS (PPS)</Note>
        <Author>System</Author>
        <Status>EXCEPTION</Status>
    </OrderHistory>
    <OrderHistory>
        <OrderDate>2026-02-02T17:15:31.241Z</OrderDate>
        <Note>Port-out date has been set</Note>
        <Status>FOC</Status>
        <Difference>ActualFocDate : "" --&gt; 2026-02-27</Difference>
    </OrderHistory>
</OrderHistoryWrapper>
`,
  notes: `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Notes>
    <Note>
        <Id>77037</Id>
        <UserId>amc</UserId>
        <Description>This is a test note</Description>
        <LastDateModifier>2026-02-16T04:01:10.000Z</LastDateModifier>
    </Note>
    <Note>
        <Id>77039</Id>
        <UserId>tkinnon</UserId>
        <Description>This is a second test note</Description>
        <LastDateModifier>2026-02-16T04:08:46.000Z</LastDateModifier>
    </Note>
</Notes>
`,
};

test('examples are stored without loss if free texts are kept', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await store(api, 'a');
  api.answers.set('portins/a/history', examples.stuck);
  api.answers.set('portins/a/notes', examples.notes);
  const { result, warnings } = await read(api, { keepNotes: true });
  t.is(result, 'succeeded');
  t.deepEqual(warnings, []);
  t.deepEqual(
    await api.query(
      `select to_char(occurred_at at time zone 'UTC', 'MM-DD HH24:MI:SS.MS') as at, status, author, note, note_code, changed_fields, difference, free_text
         from order_history where raw is null order by event_number`,
    ),
    [
      ['02-01 17:12:29.495', 'PENDING_DOCUMENTS', 'amc', 'LOA required', null, null, null, null],
      [
        ...['02-01 17:12:32.121', 'SUBMITTED', 'System', 'Order has been created', null, ['LoaDate']],
        ...['LoaDate : "" --> Sun Feb 01 17:12:29 UTC 2026', 'kept'],
      ],
      ['02-01 17:15:31.241', 'EXCEPTION', 'System', '7999: E41 TN not found in PPS (PPS)', '7999', null, null, 'kept'],
      [
        ...['02-02 17:15:31.241', 'FOC', null, 'Port-out date has been set', null, ['ActualFocDate']],
        ...['ActualFocDate : "" --> 2026-02-27', 'kept'],
      ],
    ].map(([at, status, author, note, note_code, changed_fields, difference, free_text]) => ({
      ...{ at, status, author, note, note_code, changed_fields, difference, free_text },
    })),
  );
  t.deepEqual(
    await api.query(
      `select note_id, user_id, description, to_char(last_modified_date at time zone 'UTC', 'MM-DD HH24:MI:SS') as at
         from order_notes where raw is null order by note_number`,
    ),
    [
      { note_id: '77037', user_id: 'amc', description: 'This is a test note', at: '02-16 04:01:10' },
      { note_id: '77039', user_id: 'tkinnon', description: 'This is a second test note', at: '02-16 04:08:46' },
    ],
  );
});

test('equal events are all kept, and a longer history adds to the stored one', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await store(api, 'a');
  const twice = ['2026-03-01T10:00:00Z', 'SUBMITTED'] as const;
  api.answers.set('portins/a/history', history([...twice], [...twice]));
  await read(api);
  await store(api, 'a', { modified: '2026-03-02T10:00:00Z' });
  api.answers.set('portins/a/history', history([...twice], [...twice], ['2026-03-02T10:00:00Z', 'EXCEPTION']));
  const { counts } = await read(api);
  t.is(counts.rowsWritten, 1);
  t.deepEqual(await stored(api), [
    { n: 1, at: '01 10:00', status: 'SUBMITTED', missing: false },
    { n: 2, at: '01 10:00', status: 'SUBMITTED', missing: false },
    { n: 3, at: '02 10:00', status: 'EXCEPTION', missing: false },
  ]);
});

test('events that Bandwidth no longer lists are kept, marked and reported', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await store(api, 'a');
  const [one, two] = [['2026-03-01T10:00:00Z', 'SUBMITTED'] as const, ['2026-03-02T10:00:00Z', 'EXCEPTION'] as const];
  const states: boolean[][] = [];
  for (const [n, listed] of [[[...one], [...two]], [[...two]], [], [[...one], [...two]]].entries()) {
    api.answers.set('portins/a/history', listed.length === 0 ? 404 : history(...(listed as [string, string][])));
    await store(api, 'a', { modified: `2026-03-0${n + 1}T10:00:00Z` });
    const { warnings } = await read(api);
    t.deepEqual(
      warnings,
      n === 1 ? ['order histories: 1 entry is no longer listed by Bandwidth, and kept with missing_since'] : [],
    );
    states.push((await stored(api)).map(({ missing }) => missing as boolean));
  }
  t.deepEqual(states, [
    [false, false],
    [true, false],
    [true, false],
    [false, false],
  ]);
});

test('an order without a history is not read again until it changes, and a draft is not read at all', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  for (const id of ['a', 'b', 'c', 'd']) await store(api, id);
  await store(api, 'e', { status: 'DRAFT' });
  const draft = '<IrisStatus><Code>7710</Code><Description>No.</Description></IrisStatus>';
  api.answers.set('portins/b/history', 204);
  api.answers.set('portins/c/history', `<OrderHistoryWrapper>${draft}</OrderHistoryWrapper>`);
  api.answers.set('portins/d/history', (response) =>
    sendXml(
      response,
      '<X><ResponseStatus><Description>The resource does not exist</Description></ResponseStatus></X>',
      404,
    ),
  );
  const { warnings } = await read(api);
  t.deepEqual(warnings, []);
  t.deepEqual(
    api.asked.toSorted(),
    ['a', 'b', 'c', 'd'].map((id) => `portins/${id}/history`),
  );
  t.deepEqual(await api.query('select result from order_history_reads order by order_id'), [
    { result: 'none' },
    { result: 'none' },
    { result: 'unsupported' },
    { result: 'none' },
  ]);
  await store(api, 'c', { modified: '2026-03-02T10:00:00Z' });
  await read(api);
  t.deepEqual(api.asked.slice(4), ['portins/c/history']);
});

test('a history that cannot be read leaves the stored one, and the next run tries the others first', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await store(api, 'a');
  api.answers.set('portins/a/history', history(['2026-03-01T10:00:00Z', 'EXCEPTION']));
  await read(api);
  await store(api, 'a', { modified: '2026-03-02T10:00:00Z' });
  await store(api, 'b', { modified: '2026-03-02T10:00:00Z' });
  api.answers.set('portins/a/history', '<OrderHistoryWrapper><OrderHistory>');
  api.answers.set('portins/b/history', (response) =>
    sendXml(
      response,
      '<X><ResponseStatus><ErrorCode>12</ErrorCode><Description>Pii</Description></ResponseStatus></X>',
      400,
    ),
  );
  const { result, warnings } = await read(api);
  t.is(result, 'succeeded');
  t.deepEqual(warnings.toSorted(), [
    'order histories: the history of 1 order could not be read: the API refused it with status 400 (12). The stored data was kept, and the next run tries again: "b"',
    'order histories: the history of 1 order could not be read: the API returned unusable responses. The stored data was kept, and the next run tries again: "a"',
  ]);
  t.deepEqual(await stored(api), [{ n: 1, at: '01 10:00', status: 'EXCEPTION', missing: false }]);
  await store(api, 'c');
  api.asked.length = 0;
  let left = 1;
  api.onRequest = () => {
    left -= 1;
  };
  await read(api, { requestsLeft: () => left });
  t.deepEqual(api.asked, ['portins/c/history']);
});

test('a run that is stopped keeps what it read, and the next one reads the rest', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  const ids = Array.from({ length: 30 }, (_, n) => `p${String(n).padStart(2, '0')}`);
  for (const id of ids) {
    await store(api, id);
    api.answers.set(`portins/${id}/history`, history(['2026-03-01T10:00:00Z', 'EXCEPTION']));
  }
  const stop = new AbortController();
  api.onRequest = () => {
    if (api.asked.length === 20) stop.abort(new Error('stop'));
  };
  const { result, error } = await read(api, { signal: stop.signal });
  t.is(result, 'interrupted', error?.message);
  const done = (await api.query<{ order_id: string }>('select order_id from order_history')).map((row) => row.order_id);
  t.true(done.length > 0 && done.length < 20, `${done.length}`);
  api.asked.length = 0;
  api.onRequest = () => undefined;
  await read(api);
  t.deepEqual(
    api.asked.toSorted(),
    ids.filter((id) => !done.includes(id)).map((id) => `portins/${id}/history`),
  );
  t.is((await stored(api)).length, 30);
});

test('values that do not fit and unknown elements are reported, and what may be personal is not stored', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await store(api, 'a');
  api.answers.set(
    'portins/a/history',
    history(['yesterday', 'FOC', '<Status>EXCEPTION</Status><Caller>PiiCaller</Caller><Tier>0</Tier>']),
  );
  const { warnings } = await read(api);
  t.deepEqual(warnings, [
    'order histories: 1 × OrderDate that is not in a known date format (kept in raw; the column is null), such as a',
    'order histories: 1 × Status that is repeated with different values (kept in raw; the column is null), such as a',
    'order histories: 1 × element Caller that is not known and was not stored, such as a',
  ]);
  t.deepEqual(await api.query('select occurred_at, status, raw from order_history'), [
    { occurred_at: null, status: null, raw: { OrderDate: ['yesterday'], Status: ['FOC', 'EXCEPTION'], Tier: '0' } },
  ]);
});

test('closed orders are read once after they close, and lately closed ones that were never open only if they did not complete', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  const recent = '2026-03-09T10:00:00Z';
  await store(api, 'open', { table: 'orders', status: 'BACKORDERED' });
  await store(api, 'failed', { table: 'orders', status: 'FAILED', modified: recent });
  await store(api, 'complete', { table: 'orders', status: 'COMPLETE', modified: recent });
  await store(api, 'old', { table: 'orders', status: 'FAILED' });
  t.is(await costOf(api), 2);
  await read(api);
  t.deepEqual(api.asked.toSorted(), ['orders/failed/history', 'orders/open/history']);
  await store(api, 'open', { table: 'orders', status: 'COMPLETE', modified: '2026-03-02T10:00:00Z' });
  t.is(await costOf(api), 1);
  await read(api);
  t.deepEqual(api.asked.slice(2), ['orders/open/history']);
  t.is(await costOf(api), 0);
  t.is(await costOf(api, { now: new Date('2026-04-10') }), 0);
});

test('an order that a limit left out is read even if it is complete by the next run', async (t) => {
  const api = await openDetailApi(t, t.context.server);
  await store(api, 'a');
  await store(api, 'b');
  let left = 1;
  api.onRequest = () => {
    left -= 1;
  };
  await read(api, { requestsLeft: () => left });
  const [first] = api.asked;
  for (const id of ['a', 'b']) await store(api, id, { status: 'COMPLETE', modified: '2026-03-09T10:00:00Z' });
  await read(api);
  t.deepEqual(
    api.asked.slice(1),
    first?.includes('/a/') ? ['portins/b/history', 'portins/a/history'] : ['portins/a/history', 'portins/b/history'],
  );
  t.is(await costOf(api), 0);
});

async function costOf(api: DetailApi, options: DetailRunOptions = {}): Promise<number> {
  let requests = -1;
  await api.run(
    async (context) => {
      requests = (await orderHistoryCost(context)).requests;
    },
    { now, ...options },
  );
  return requests;
}
