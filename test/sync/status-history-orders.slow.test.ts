import anyTest, { type TestFn } from 'ava';
import fc, { cases } from '../support/fast-check.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import {
  expectedAssignmentStatus,
  expectedAssignments,
  expectedStatuses,
  renderSpan,
} from './support/expected-histories.js';
import { impossibilities } from './support/history-model.js';
import { type Ledger, openLedger } from './support/ledger.js';
import { knownLives, ordersOf, sightingOf, storyPlans, tellStory } from './support/number-lives.js';
import { observeRun } from './support/observe-run.js';
import { learn, type OrderRow } from './support/order-rows.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const epoch = (column: string) => `(extract(epoch from ${column}) * 1000000)::bigint::text`;

interface Histories {
  statuses: string[];
  assignments: string[];
  assignmentStatus: string | null | undefined;
  disconnected: string | undefined;
}

async function historiesOf(ledger: Ledger, account: string, number: string): Promise<Histories> {
  const render = (table: string, columns: string) =>
    ledger.query<{ line: string }>(
      `select ${columns} || ' ' || ${epoch('valid_from')} || '-' || coalesce(${epoch('valid_to')}, '') as line
         from ${table} where account_id = $1 and telephone_number = $2 order by valid_from`,
      [account, number],
    );
  const [row] = await ledger.query<{ assignment_status: string | null }>(
    'select assignment_status from telephone_numbers where account_id = $1 and telephone_number = $2',
    [account, number],
  );
  const [disconnect] = await ledger.query<{ line: string }>(
    `select order_id || ' ' || ${epoch('disconnected_at')} as line from disconnected_numbers
      where account_id = $1 and telephone_number = $2`,
    [account, number],
  );
  return {
    statuses: (await render('number_status_history', 'status')).map(({ line }) => line),
    assignments: (await render('number_assignment_history', `assignment_status || ' ' || order_id`)).map(
      ({ line }) => line,
    ),
    assignmentStatus: row?.assignment_status,
    disconnected: disconnect?.line,
  };
}

test('histories match what really happened, in whatever order it becomes known', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 0 } });
  let run = 0;
  const property = fc.asyncProperty(
    storyPlans,
    fc.integer({ min: 1, max: 6 }),
    fc.array(fc.nat(5), { minLength: 60, maxLength: 60 }),
    fc.nat(1),
    async (plans, count, delays, reversed) => {
      run += 1;
      const account = String(run);
      const tales = plans.map((plan, index) => tellStory(`919555000${index}`, plan));
      const nights: bigint[] = [];
      let nth = 0;
      const news = tales.flatMap(({ story }) =>
        ordersOf(story).map((each) => ({ ...each, learnt: each.from + (delays[nth++ % delays.length] ?? 0) })),
      );
      if (reversed === 1) news.reverse();
      for (let each = 0; each < count; each += 1) {
        for (const { date } of tales) date(nights);
        const due = news.filter(({ from, learnt }) => from < count && learnt === each);
        const before = due.filter((_, index) => index % 2 === 0);
        const after = due.filter((_, index) => index % 2 === 1);
        await learn(
          ledger,
          account,
          before.map(({ order }) => order()),
        );
        const { now } = await observeRun(
          ledger,
          account,
          () => new Map(tales.map(({ story }) => [story.number, sightingOf(story, each)])),
        );
        nights.push(now);
        await learn(
          ledger,
          account,
          after.map(({ order }) => order()),
        );
      }
      const late = news.filter(({ from, learnt }) => from < count && learnt >= count);
      await learn(
        ledger,
        account,
        late.map(({ order }) => order()),
      );
      for (const { story } of tales) {
        const lives = knownLives(story, nights);
        const lastOut = story.lives.findLast(
          ({ gone, outOrder }) => gone.night < count && outOrder.kind === 'disconnects',
        );
        const expected: Histories = {
          statuses: expectedStatuses(lives, nights).map(renderSpan),
          assignments: expectedAssignments(lives).map((each) =>
            renderSpan({ ...each, status: `${each.status} ${each.orderId}` }),
          ),
          assignmentStatus: expectedAssignmentStatus(lives),
          disconnected: lastOut && `${lastOut.outOrder.id} ${lastOut.disconnectOrdered.at}`,
        };
        const actual = await historiesOf(ledger, account, story.number);
        if (JSON.stringify(actual) !== JSON.stringify(expected)) {
          throw new Error(
            `${JSON.stringify({ actual, expected }, null, 1)} nights ${nights}\n${JSON.stringify(story, (_, value) => (typeof value === 'bigint' ? String(value) : value))}`,
          );
        }
      }
      const all: OrderRow[] = news.filter(({ from }) => from < count).map(({ order }) => order());
      if ((await learn(ledger, account, all)) !== 0)
        throw new Error('known evidence, applied again, changed something');
    },
  );
  await fc.assert(property, { ...cases({ test: 8, soak: 40 }), includeErrorInReport: true });
  t.deepEqual(await impossibilities(ledger), []);
});

// Orders of any date, even impossible ones that contradict the runs and each other.
const anyOrder = fc.record({
  kind: fc.constantFrom('orders', 'portins', 'disconnects', 'disconnects', 'portouts', 'number_assignments' as const),
  action: fc.constantFrom('ASSIGN' as const, 'UNASSIGN' as const),
  night: fc.integer({ min: -1, max: 4 }),
  offset: fc.integer({ min: -3, max: 3 }),
  numbers: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
});
const anySighting = fc.option(
  fc.record({
    status: fc.constantFrom('Inservice', 'Inservice', 'InAccount', 'Aging', 'Reserved'),
    inService: fc.option(fc.integer({ min: -3, max: 3 })),
    modified: fc.option(fc.integer({ min: -3, max: 3 })),
  }),
  { nil: undefined, freq: 3 },
);

test('contradictory orders make no impossible interval, in any sequence, and can be undone', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 0 } });
  const numbers = ['9195550000', '9195550001', '9195550002', '9195550003'];
  let run = 0;
  const property = fc.asyncProperty(
    fc.array(fc.tuple(anySighting, anySighting, anySighting, anySighting), { maxLength: 5 }),
    fc.array(anyOrder, { minLength: 1, maxLength: 14 }),
    fc.array(fc.nat(5), { minLength: 14, maxLength: 14 }),
    async (plan, wanted, learntAt) => {
      run += 1;
      const account = String(run);
      const nights: bigint[] = [];
      const near = (index: number, offset: number) => (nights[index] ?? 1_500_000_000_000_000n) + BigInt(offset);
      const histories = async () =>
        JSON.stringify(await Promise.all(numbers.map((each) => historiesOf(ledger, account, each))));
      const order = (index: number): OrderRow => {
        const { kind, action, night: of, offset, numbers: named } = wanted[index] as (typeof wanted)[number];
        const at = near(of, offset);
        return { kind, id: `order-${index}`, action, at, numbers: named.map((each) => numbers[each] as string) };
      };
      const indexes = [...wanted.keys()];
      for (const [index, sightings] of plan.entries()) {
        const see = (now: bigint) =>
          new Map(
            sightings.map((each, nth) => [
              numbers[nth] as string,
              each && {
                status: each.status,
                inServiceDate:
                  each.inService === null ? undefined : (nights[index - 1] ?? now) + BigInt(each.inService),
                lastModified: each.modified === null ? undefined : (nights[index - 1] ?? now) + BigInt(each.modified),
              },
            ]),
          );
        nights.push((await observeRun(ledger, account, see)).now);
        const due = indexes.filter((each) => learntAt[each] === index && (wanted[each]?.night ?? 0) <= index);
        await learn(ledger, account, due.map(order));
      }
      await learn(ledger, account, indexes.map(order));
      const known = await histories();
      if ((await learn(ledger, account, indexes.map(order))) !== 0) throw new Error('known news changed something');
      const wrong = await overlaps(ledger, account);
      if (wrong.length > 0) throw new Error(`impossible: ${JSON.stringify(wrong)}`);

      // Their numbers are removed, then added again in reverse order.
      const none = indexes.map((index) => ({ ...order(index), numbers: [] }));
      for (const each of none) await learn(ledger, account, [each]);
      const forgotten = await histories();
      if (forgotten.includes('order-')) throw new Error(`orders of no number are in ${forgotten}`);
      for (const index of indexes.toReversed()) await learn(ledger, account, [order(index)]);
      await learn(ledger, account, indexes.map(order));
      const again = await histories();
      if (again !== known) throw new Error(`${known} became ${again}`);
    },
  );
  await fc.assert(property, { ...cases({ test: 6, soak: 30 }), includeErrorInReport: true });
  t.deepEqual(await impossibilities(ledger), []);
});

/** Intervals of a number that overlap, or are open although the number is gone. */
function overlaps(ledger: Ledger, account: string): Promise<unknown[]> {
  const of = (table: string) => `
    select a.telephone_number, a.valid_from, a.valid_to from ${table} a join ${table} b using (account_id, telephone_number)
     where account_id = $1 and a.valid_from < b.valid_from and coalesce(a.valid_to, 'infinity') > b.valid_from`;
  return ledger.query(
    `${of('number_status_history')} union all ${of('number_assignment_history')}
     union all
     select telephone_number, h.valid_from, h.valid_to from number_status_history h
       left join telephone_numbers t using (account_id, telephone_number)
      where account_id = $1 and h.valid_to is null and (t.first_seen_at is null or t.removed_at is not null)`,
    [account],
  );
}
