import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account } from '../sync/support/ledger.js';
import { openAssigning, resultLines } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

for (const [title, reads] of [
  ['at once', 0],
  ['after a while', 2],
] as const) {
  test(`an order that finishes ${title} is read correctly with numbers in mixed formats`, async (t) => {
    const world = await openAssigning(t, t.context.server, { sandbox: { assignmentPace: { reads } } });
    world.sandbox.oddities = { e164: 0.5 };
    const numbers = world.numbers.slice(0, 60);
    const failing = numbers.filter((_, index) => index % 3 === 0);
    world.sandbox.account(account).disconnect(failing);
    // Include numbers as people write them.
    const lines = numbers.map((number, index) => (index % 2 === 0 ? number : `+1 ${number}`));
    const { results, summary } = await world.assign(await world.write('numbers.csv', lines));
    t.deepEqual([summary.accepted, summary.failed, summary.unknown], [40, 20, 0]);
    t.deepEqual(world.warnings, []);
    const outcomes = (await resultLines(results)).map((line) => line.split('|').slice(2, 5));
    t.deepEqual(
      outcomes,
      numbers.map((number) => (failing.includes(number) ? [number, 'FAILED', '5076'] : [number, 'ACCEPTED', ''])),
    );
    const stored = await world.query<{ n: string }>(
      'select telephone_number as n from number_assignment_order_numbers order by 1',
    );
    t.deepEqual(
      stored.map(({ n }) => n),
      [...numbers].sort(),
    );

    // The nightly run reads the same order and finds no change.
    const before = await world.query(
      'select xmin::text, n::text as row from number_assignment_order_numbers n order by 2',
    );
    t.is((await world.run('sync-number-assignments')).result, 'succeeded');
    t.deepEqual(
      await world.query('select xmin::text, n::text as row from number_assignment_order_numbers n order by 2'),
      before,
    );
  });
}

test('an order whose response was lost is found again with numbers in mixed formats', async (t) => {
  const world = await openAssigning(t, t.context.server);
  world.sandbox.oddities = { e164: 0.5 };
  world.sandbox.faults = { 'lost-answer': 1 };
  const { summary } = await world.assign(await world.write('numbers.csv', world.numbers.slice(0, 40)));
  t.deepEqual([summary.accepted, summary.unknown], [40, 0]);
  t.is(world.placed().length, 1);
});
