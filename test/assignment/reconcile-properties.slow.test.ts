import anyTest, { type TestFn } from 'ava';
import fc, { cases } from '../support/fast-check.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account } from '../sync/support/ledger.js';
import { openReconciling, ordersOf } from './reconcile-support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const spellings: readonly ((tn: string) => string)[] = [
  (tn) => tn,
  (tn) => `+1${tn}`,
  (tn) => `(${tn.slice(0, 3)}) ${tn.slice(3, 6)}-${tn.slice(6)}`,
  (tn) => `1-${tn}`,
];

/** Index of a number, and how it is written. */
const cell = fc.tuple(fc.nat({ max: 119 }), fc.nat({ max: spellings.length - 1 }));
const scenario = fc.record({
  /** Numbers that are marked before. */
  marked: fc.array(fc.nat({ max: 119 }), { maxLength: 40 }),
  /** Numbers that Bandwidth disconnects before the plan is applied, unknown to the ledger. */
  disconnected: fc.array(fc.nat({ max: 119 }), { maxLength: 2 }),
  listed: fc.array(cell, { minLength: 1, maxLength: 60 }),
  strangers: fc.array(fc.constantFrom('911', '2125550100', 'n/a', '+442071234567', '9.19E+09'), { maxLength: 5 }),
  prune: fc.boolean(),
});

test('once a plan is applied and its outcome is known, the plan of the same file is empty', async (t) => {
  const world = await openReconciling(t, t.context.server, { sandbox: { numbers: 150, seed: 5 } });
  const held = world.sandbox.account(account);
  const numbers = world.numbers.slice(0, 120);
  const alive = new Set(numbers);
  const sync = async () => {
    for (const job of ['sync-inservice-numbers', 'sync-number-assignments'])
      t.is((await world.run(job)).result, 'succeeded');
  };
  const marked = async () =>
    (
      await world.query<{ tn: string }>(
        `select telephone_number as tn from telephone_numbers
          where removed_at is null and npa is not null and assignment_status = 'ASSIGNED' order by 1`,
      )
    ).map(({ tn }) => tn);
  let count = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ marked: before, disconnected, listed, strangers, prune }) => {
      count += 1;
      const options = { prune, allowRejects: true, maxChange: { percent: 100 } };
      const start = before.map((index) => numbers[index] as string).filter((tn) => alive.has(tn));
      if (start.length > 0) await world.reconcile(await world.write(`before-${count}.csv`, start), options);
      const wasMarked = await marked();
      const leaving = [...new Set(disconnected.map((index) => numbers[index] as string))].filter((tn) => alive.has(tn));
      if (alive.size > 60) {
        held.disconnect(leaving);
        for (const tn of leaving) alive.delete(tn);
      }
      const cells = listed.map(([index, form]) => spellings[form]?.(numbers[index] as string) as string);
      const path = await world.write(
        `list-${count}.csv`,
        ['tn', ...cells, ...strangers].map((text) => `"${text}"`),
      );
      const placed = ordersOf(world).length;
      const { results } = await world.reconcile(path, options);
      const sent = ordersOf(world)
        .slice(placed)
        .flatMap(([, ...each]) => each);
      t.is(new Set(sent).size, sent.length);
      for (const { summary } of results) t.is(summary.batch.status, 'finished');
      await sync();

      const wanted = [...new Set(listed.map(([index]) => numbers[index] as string))].filter((tn) => alive.has(tn));
      const kept = prune ? [] : wasMarked.filter((tn) => alive.has(tn));
      t.deepEqual(await marked(), [...new Set([...wanted, ...kept])].sort());
      const { plan } = await world.plan(path, options);
      t.like(plan.counts, { toAssign: 0, toUnassign: 0 });
    }),
    cases({ test: 12, soak: 60 }),
  );
});
