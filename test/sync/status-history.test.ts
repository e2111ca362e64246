import anyTest, { type TestFn } from 'ava';
import fc, { cases } from '../support/fast-check.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { differences } from './support/expected-numbers.js';
import { impossibilities, NumberHistory, render, storedHistories } from './support/history-model.js';
import { openLedger } from './support/ledger.js';
import { observeRun } from './support/observe-run.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

// Dates relative to what is recorded: long past (a few, so that they repeat), around an earlier run, or in the future.
type When = { past: number } | { night: number; microseconds: number } | 'just now' | 'to come' | undefined;
const when: fc.Arbitrary<When> = fc.oneof(
  fc.record({ past: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ night: fc.nat(4), microseconds: fc.integer({ min: -2, max: 2 }) }),
  fc.constant('just now' as const),
  fc.constant('to come' as const),
  fc.constant(undefined),
);
const sighting = fc.option(
  fc.record({
    status: fc.constantFrom('Inservice', 'Inservice', 'InAccount', 'Aging', 'Reserved'),
    inService: when,
    modified: when,
    rest: fc.nat(1),
  }),
  { nil: undefined, freq: 4 },
);

const day = 86_400_000_000n;

function resolve(date: When, nights: readonly bigint[], now: bigint): bigint | undefined {
  if (date === undefined) return undefined;
  if (date === 'just now') return now - 1n;
  if (date === 'to come') return now + day;
  if ('past' in date) return 1_500_000_000_000_000n + BigInt(date.past) * day;
  const night = nights[date.night];
  return night === undefined ? now - 3n : night + BigInt(date.microseconds);
}

test('the history and its recorded past match an independent model, whatever the runs see', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 0 } });
  let run = 0;
  const property = fc.asyncProperty(
    fc.array(fc.array(sighting, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 6 }),
    async (plan) => {
      run += 1;
      const account = String(run);
      const numbers = plan[0]?.map((_, index) => `919555000${index}`) ?? [];
      const model = new Map(numbers.map((number) => [number, new NumberHistory()]));
      const nights: bigint[] = [];
      for (const sightings of plan) {
        const { now, seen } = await observeRun(ledger, account, (now) => {
          return new Map(
            sightings.map((each, index) => [
              numbers[index] as string,
              each && {
                status: each.status,
                inServiceDate: resolve(each.inService, nights, now),
                lastModified: resolve(each.modified, nights, now),
                rest: String(each.rest),
              },
            ]),
          );
        });
        nights.push(now);
        for (const [number, each] of seen) model.get(number)?.night(now, each);
      }
      const rendered = [...model].map(([number, { intervals }]) => [number, render(intervals)] as const);
      const known = new Map(rendered.filter(([, intervals]) => intervals !== ''));
      const wrong = differences(await storedHistories(ledger, account), known, 1);
      if (wrong.length > 0) throw new Error(`history: ${JSON.stringify(wrong)} with nights ${nights}`);
      for (const then of nights) {
        const expectedStates = [...model].map(([number, { recorded }]) => {
          const latest = recorded.filter(({ at }) => at <= then).at(-1);
          return [number, latest === undefined ? '' : render(latest.intervals)] as const;
        });
        const expected = new Map(expectedStates.filter(([, intervals]) => intervals !== ''));
        const wrongly = differences(await storedHistories(ledger, account, then), expected, 1);
        if (wrongly.length > 0) throw new Error(`recorded at ${then}: ${JSON.stringify(wrongly)}`);
      }
    },
  );
  await fc.assert(property, cases({ test: 25, soak: 150 }));
  t.deepEqual(await impossibilities(ledger), []);
});
