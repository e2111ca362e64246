import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account } from '../sync/support/ledger.js';
import { openAssigning, resultLines } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('an imported number is rejected before sending, even with --force, until it is removed', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const held = world.sandbox.account(account);
  const [own] = world.numbers as [string];
  const imported = held.placeImport({ numbers: 2, done: true }).numbers.map(({ telephoneNumber }) => telephoneNumber);
  const [kept, removed] = imported as [string, string];
  world.sandbox.clock.advance(1000);
  held.placeRemoval({ numbers: [removed], done: true });
  held.placeOrder({ numbers: [removed], done: true });
  for (const job of ['sync-inservice-numbers', 'sync-imported-numbers']) {
    t.is((await world.run(job)).result, 'succeeded');
  }
  const reason = 'REJECTED|5130|imported from another carrier; Bandwidth refuses to assign it (5130)|';
  for (const [action, force] of [
    ['ASSIGN', false],
    ['UNASSIGN', true],
  ] as const) {
    world.requests();
    const path = await world.write(`${action}.csv`, [own, kept, removed]);
    const { results } = await world.assign(path, { action, force, allowRejects: true });
    const lines = await resultLines(results);
    t.is(lines[1], `2|${kept}|${kept}|${reason}`);
    t.regex(lines[0] ?? '', /ACCEPTED/);
    t.regex(lines[2] ?? '', /ACCEPTED/);
  }
  t.deepEqual(
    world.placed().map(({ numbers }) => numbers.map(({ telephoneNumber }) => telephoneNumber)),
    [
      [own, removed],
      [own, removed],
    ],
  );
});

test('a file with only imported numbers sends no order', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const order = world.sandbox.account(account).placeImport({ numbers: 3, done: true });
  for (const job of ['sync-inservice-numbers', 'sync-imported-numbers']) await world.run(job);
  world.requests();
  const path = await world.write(
    'all.csv',
    order.numbers.map(({ telephoneNumber }) => telephoneNumber),
  );
  await world.assign(path, { allowRejects: true });
  t.deepEqual(world.placed(), []);
  t.false(world.requests().some((line) => line.startsWith('POST')));
});

test('a number owned by another account is rejected before sending', async (t) => {
  const world = await openAssigning(t, t.context.server);
  world.sandbox.oddities = { 'foreign-details': 2 };
  for (const job of ['sync-inservice-numbers', 'sync-number-details']) {
    const { result, error } = await world.run(job);
    t.is(result, 'succeeded', error?.message);
  }
  const rows = await world.query<{ telephone_number: string; owner_account_id: string }>(
    `select telephone_number, owner_account_id from telephone_numbers
      where owner_account_id is not null and telephone_number ~ '^[0-9]{10}$' order by 1`,
  );
  t.true(rows.length > 0);
  const [own] = world.numbers.filter((number) => rows.every(({ telephone_number }) => telephone_number !== number));
  world.requests();
  const path = await world.write('hosted.csv', [
    own as string,
    ...rows.map(({ telephone_number }) => telephone_number),
  ]);
  const { results } = await world.assign(path, { force: true, allowRejects: true });
  const [first, ...others] = await resultLines(results);
  t.regex(first ?? '', /ACCEPTED/);
  t.deepEqual(
    others,
    rows.map(
      ({ telephone_number: number, owner_account_id: owner }, n) =>
        `${n + 2}|${number}|${number}|REJECTED|5130|hosted: account ${owner} provides its voice service; Bandwidth refuses to assign it here (5130)|`,
    ),
  );
  t.deepEqual(
    world.placed().map(({ numbers }) => numbers.length),
    [1],
  );
});

test('a number whose attributes name another carrier is rejected before sending, until an order removes its import', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const held = world.sandbox.account(account);
  const [own, external] = world.numbers as [string, string];
  const [imported] = held.placeImport({ numbers: 1, done: true }).numbers.map(({ telephoneNumber }) => telephoneNumber);
  held.setAttributes(external, ['External']);
  for (const job of ['sync-inservice-numbers', 'sync-imported-numbers', 'sync-sites']) await world.run(job);
  world.sandbox.clock.advance(60_000);
  held.placeRemoval({ numbers: [imported as string], done: true });
  held.placeOrder({ numbers: [imported as string], done: true });
  for (const job of ['sync-inservice-numbers', 'sync-imported-numbers']) await world.run(job);
  const path = await world.write('numbers.csv', [own, external, imported as string]);
  const { results } = await world.assign(path, { allowRejects: true });
  const [first, second, third] = await resultLines(results);
  t.regex(first ?? '', /ACCEPTED/);
  t.regex(second ?? '', /REJECTED\|5130\|imported from another carrier/);
  t.regex(third ?? '', /ACCEPTED/);
});
