import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type Category, checkLength, classifyFile } from '../../src/nruf/classify.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { learn, type OrderRow } from '../sync/support/order-rows.js';
import { type ExampleEvent, readExample } from './support/example.js';
import { openCountingLedger } from './support/ledger.js';

const account = '9900001';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const orderKinds: Record<string, Pick<OrderRow, 'kind' | 'action'>> = {
  'new-number order': { kind: 'orders' },
  disconnect: { kind: 'disconnects' },
  'new-number order, not yet live': { kind: 'orders' },
  'port-in from Mock Carrier': { kind: 'portins' },
  'port-out': { kind: 'portouts' },
  import: { kind: 'import_tn_orders' },
  ASSIGN: { kind: 'number_assignments', action: 'ASSIGN' },
  UNASSIGN: { kind: 'number_assignments', action: 'UNASSIGN' },
};

const places: Record<string, { rate_center: string; state: string }> = {
  919: { rate_center: 'RALEIGH', state: 'NC' },
  984: { rate_center: 'DURHAM', state: 'NC' },
  416: { rate_center: 'TORONTO', state: 'ON' },
};

test('the worked example in the documentation gives the table computed by hand', async (t) => {
  const { events, expected } = await readExample();
  const ledger = await openCountingLedger(t, server);
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-example-'));
  t.teardown(() => rm(folder, { recursive: true }));

  const came = (event: ExampleEvent) => /^(new-number|port-in|import)/.test(event.what);
  const all = new Set(events.filter(came).flatMap(({ numbers }) => numbers));
  t.is(all.size, 43);
  // Numbers disconnected before the first run are known from their orders only.
  const notLive = new Set(events.filter(({ what }) => what.endsWith('not yet live')).flatMap(({ numbers }) => numbers));
  const gone = new Set(events.filter(({ what }) => what === 'disconnect').flatMap(({ numbers }) => numbers));
  await ledger.insert(
    'telephone_numbers',
    [...all]
      .filter((number) => !gone.has(number))
      .map((number) => ({
        account_id: account,
        telephone_number: number,
        status: notLive.has(number) ? 'InAccount' : 'Inservice',
        ...places[number.slice(0, 3)],
      })),
  );

  for (const [index, { at, what, numbers }] of events.entries()) {
    const order = orderKinds[what];
    if (order === undefined) continue;
    await learn(ledger, account, [{ ...order, id: `order-${index}`, at: BigInt(Date.parse(at)) * 1000n, numbers }]);
  }
  await ledger.query(`update portins set losing_carrier_name = 'Mock Carrier'`);

  for (const { at, what, numbers } of events) {
    const [, category, to] = /^classify (\w+)(?: to (\S+))?$/.exec(what) ?? [];
    if (category === undefined) continue;
    const path = join(folder, 'numbers.csv');
    await writeFile(path, numbers.join('\n'));
    const classification = {
      category: category as Category,
      from: at.slice(0, 10),
      to,
      note: undefined,
      override: false,
      residential: false,
    };
    checkLength(classification);
    const { declared } = await classifyFile(ledger.database, path, classification, {
      account,
      allowRejects: false,
      dryRun: false,
      rejectedPath: join(folder, 'rejected.csv'),
      signal: new AbortController().signal,
    });
    t.is(declared, numbers.length);
  }
  t.is(
    events.filter(({ what }) => orderKinds[what] === undefined && !what.startsWith('classify ')).length,
    0,
    'every event has a known kind',
  );

  const count = async () => {
    const rows = await ledger.query(`select * from nruf_utilization('2025-12-31')`);
    return rows.map((row) => ({
      'NPA-NXX-X': String(row.npa_nxx_x).replace(/^(...)(...)(.)$/, '$1-$2-$3'),
      'rate center': row.rate_center,
      state: row.state,
      received: row.numbers_received,
      assigned: row.assigned,
      intermediate: row.intermediate,
      reserved: row.reserved,
      aging: row.aging,
      administrative: row.administrative,
      available: row.available,
      undeclared: row.undeclared,
      utilization: row.utilization_percent,
    }));
  };
  t.is(expected.length, 3);
  const leftOut = async () => {
    const rows = await ledger.query<{ line: string }>(
      `select telephone_number || ': ' || left_out as line from nruf_number_categories('2025-12-31')
        where left_out is not null order by 1`,
    );
    return rows.map(({ line }) => line);
  };
  for (const state of ['without intervals', 'with intervals']) {
    t.deepEqual(await count(), expected, state);
    t.deepEqual(await leftOut(), [
      '4163600001: not United States',
      '9195551014: imported',
      '9842004008: ported in',
      '9842004009: ported in',
    ]);
    await ledger.query('select nruf_refresh()');
  }
});
