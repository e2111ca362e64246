import anyTest, { type TestFn } from 'ava';
import { readTimelines, type TimelineOptions } from '../../src/timeline/read-timelines.js';
import { openCountingLedger } from '../nruf/support/ledger.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { number, tellStory } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('states are those of the day, as recorded at the time, and entries end with the day', async (t) => {
  const ledger = await openCountingLedger(t, t.context.server);
  await tellStory(ledger);
  const client = await ledger.database.pool.connect();
  t.teardown(() => client.release());
  const read = async (options: Partial<TimelineOptions>, numbers = [number]) =>
    readTimelines(client, numbers, {
      accounts: undefined,
      day: '2026-06-30',
      untilDay: true,
      knownAt: undefined,
      superseded: false,
      ...options,
    });
  const states = async (options: Partial<TimelineOptions>) => {
    const [timeline] = await read(options);
    return timeline?.states.map(({ account, status, left, assignment, classification, counted }) =>
      [
        account,
        status?.value,
        left && `left by ${left.end_order_id}`,
        assignment?.value,
        classification?.value,
        counted && (counted.category ?? counted.left_out),
      ]
        .filter(Boolean)
        .join(' '),
    );
  };
  t.deepEqual(await states({}), ['9900001 left by d1', '9900002 Inservice available']);
  t.deepEqual(await states({ day: '2024-12-31' }), ['9900001', '9900002']);
  t.deepEqual(await states({ day: '2025-09-30' }), ['9900001 Inservice ASSIGNED reserved reserved', '9900002']);
  t.deepEqual(await states({ day: '2025-10-01' }), ['9900001 Inservice ASSIGNED assigned', '9900002']);
  // A change at midnight belongs to the next day.
  t.deepEqual(await states({ day: '2026-02-28' }), ['9900001 Inservice ASSIGNED assigned', '9900002']);
  t.deepEqual(await states({ day: '2026-03-01' }), ['9900001 left by d1', '9900002']);
  t.deepEqual(await states({ day: '2026-03-01', knownAt: '2026-03-01T23:00:00Z' }), [
    '9900001 Inservice ASSIGNED assigned',
  ]);
  t.deepEqual(await states({ accounts: ['9900002'] }), ['9900002 Inservice available']);
  t.deepEqual(await states({ knownAt: '2024-01-01T00:00:00Z' }), []);

  const entries = async (options: Partial<TimelineOptions>) =>
    (await read(options))[0]?.entries.map(({ what }) => what);
  t.deepEqual(await entries({ day: '2025-01-01' }), ['Number order COMPLETE, added the number', 'Status Inservice']);
  t.deepEqual(await entries({ day: '2025-01-01', superseded: true }), [
    'Number order RECEIVED',
    'Number order COMPLETE, added the number',
    'Status Inservice',
    'Status Inservice',
  ]);
  t.deepEqual(await entries({ day: '2025-01-01', knownAt: '2025-01-02T00:00:00Z' }), [
    'Number order RECEIVED',
    'Status Inservice',
  ]);
  t.is((await entries({ untilDay: false }))?.length, 15);

  const several = await read({ accounts: ['9900002'] }, ['9195550009', number]);
  t.deepEqual(
    several.map(({ number, states, otherAccounts }) => [number, states.length, ...otherAccounts]),
    [
      ['9195550009', 0],
      [number, 1, '9900001'],
    ],
  );
});
