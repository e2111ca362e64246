import anyTest, { type TestFn } from 'ava';
import fc from 'fast-check';
import { startPostgres, type TestServer } from '../support/postgres.js';
import {
  expectedAssignmentStatus,
  expectedAssignments,
  expectedStatuses,
  renderSpan,
} from './support/expected-histories.js';
import { impossibilities } from './support/history-model.js';
import { type Ledger, openLedger } from './support/ledger.js';
import { night } from './support/night.js';
import { knownLives, ordersOf, sightingOf, storyPlans, tellStory } from './support/number-lives.js';
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
  declared: string | null | undefined;
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
    declared: row?.assignment_status,
    disconnected: disconnect?.line,
  };
}

test('histories follow from what really happened, in whatever order the news of it comes', async (t) => {
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
        const { now } = await night(
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
          declared: expectedAssignmentStatus(lives),
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
      if ((await learn(ledger, account, all)) !== 0) throw new Error('known news, told again, changed something');
    },
  );
  await fc.assert(property, { numRuns: 40, includeErrorInReport: true });
  t.deepEqual(await impossibilities(ledger), []);
});
