import anyTest, { type TestFn } from 'ava';
import fc from 'fast-check';
import { reconcileStatusHistory } from '../../src/sync/status-history.js';
import { inTransaction } from '../../src/sync/transaction.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { differences } from './support/expected-numbers.js';
import { impossibilities, NumberHistory, render, type Sighting, storedHistories } from './support/history-model.js';
import { type Ledger, openLedger } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

// Dates as they may stand to what is believed: long past (a few, so that they repeat), around an earlier night, or to come.
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
    status: fc.constantFrom('Inservice', 'Inservice', 'Aging', 'Reserved'),
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

/** Writes what a night saw into `telephone_numbers` as the jobs do: rows that changed are marked with the night's time. */
const write = `
  with seen as (
    select n.number, n.number is not null and n.status is not null as here, n.status, n.rest,
      timestamptz 'epoch' + n.in_service * interval '1 microsecond' as in_service,
      timestamptz 'epoch' + n.modified * interval '1 microsecond' as modified
    from jsonb_to_recordset($2::jsonb) as n (number text, status text, in_service bigint, modified bigint, rest text)
  ), gone as (
    update telephone_numbers t set telephone_number = t.telephone_number, removed_at = now(), changed_at = now()
      from seen s where t.account_id = $1 and t.telephone_number = s.number and not s.here and t.removed_at is null
  )
  insert into telephone_numbers as t (account_id, telephone_number, status, in_service_date, last_modified, tier)
  select $1, number, status, in_service, modified, rest from seen where here
  on conflict (account_id, telephone_number) do update
     set status = excluded.status, in_service_date = excluded.in_service_date, last_modified = excluded.last_modified,
         tier = excluded.tier, removed_at = null, changed_at = now()
   where t.removed_at is not null or (t.status, t.in_service_date, t.last_modified, t.tier)
     is distinct from (excluded.status, excluded.in_service_date, excluded.last_modified, excluded.tier)`;

async function night(
  ledger: Ledger,
  account: string,
  see: (now: bigint) => ReadonlyMap<string, Sighting | undefined>,
): Promise<{ now: bigint; seen: ReadonlyMap<string, Sighting | undefined> }> {
  return inTransaction(ledger.database, {}, async (client) => {
    const { rows } = await client.query('select (extract(epoch from now()) * 1000000)::bigint as now');
    const now = BigInt(rows[0].now);
    const seen = see(now);
    const records = [...seen].map(([number, each]) => ({
      number,
      status: each?.status,
      in_service: each?.inServiceDate?.toString(),
      modified: each?.lastModified?.toString(),
      rest: each?.rest,
    }));
    await client.query(write, [account, JSON.stringify(records)]);
    await reconcileStatusHistory(client, account);
    return { now, seen };
  });
}

test('whatever the nights see, the history is the one that an independent model tells, and so is what was believed', async (t) => {
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
        const { now, seen } = await night(ledger, account, (now) => {
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
        const beliefs = [...model].map(([number, { believed }]) => {
          const belief = believed.filter(({ at }) => at <= then).at(-1);
          return [number, belief === undefined ? '' : render(belief.intervals)] as const;
        });
        const expected = new Map(beliefs.filter(([, intervals]) => intervals !== ''));
        const wrongly = differences(await storedHistories(ledger, account, then), expected, 1);
        if (wrongly.length > 0) throw new Error(`believed at ${then}: ${JSON.stringify(wrongly)}`);
      }
    },
  );
  await fc.assert(property, { numRuns: 150 });
  t.deepEqual(await impossibilities(ledger), []);
});
