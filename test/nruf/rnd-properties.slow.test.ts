import test from 'ava';
import fc, { cases } from '../support/fast-check.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type CountingLedger, openCountingLedger } from './support/ledger.js';
import { days, dayText, emptyTables, type Life, world, writeLives } from './support/world.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

interface Row {
  number: string;
  day: string;
  excluded: string | null;
}

const disconnects = (ledger: CountingLedger, from: number, to: number) =>
  ledger.query<Row & Record<string, unknown>>(
    'select telephone_number as number, disconnected_on::text as day, excluded from rnd_disconnects($1, $2)',
    [dayText(from), dayText(to)],
  );

const reported = (rows: readonly Row[]) =>
  rows.filter(({ excluded }) => excluded === null).map(({ number, day }) => [number, day] as const);

const inInventory = ['Inservice', 'InAccount'];
const held = (status: string) => status !== 'Aging';

/** Numbers that left, or whose mark changed from ASSIGNED to UNASSIGNED, from the start of one day to the end of another. */
function ended({ statuses, declarations }: Life, from: number, to: number): boolean {
  const within = (at: number | undefined) => at !== undefined && at >= from * 24 && at < (to + 1) * 24;
  const left = statuses.some(
    (one) =>
      within(one.to) &&
      inInventory.includes(one.status) &&
      !statuses.some((next) => next.from === one.to && held(next.status) && inInventory.includes(next.status)),
  );
  const unmarked = declarations.some(
    (one) =>
      one.status === 'UNASSIGNED' &&
      within(one.from) &&
      declarations.some((before) => before.to === one.from && before.status === 'ASSIGNED'),
  );
  return left || unmarked;
}

const period = fc.tuple(
  fc.integer({ min: 0, max: days }),
  fc.integer({ min: 0, max: days }),
  fc.integer({ min: 0, max: days }),
);

test.serial('no end of use is passed over, and reports of parts add up to the report of the whole', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await fc.assert(
    fc.asyncProperty(world(['9900001', '9900002']), period, async (lives, unsorted) => {
      const [first, cut, last] = unsorted.toSorted((a, b) => a - b) as [number, number, number];
      await emptyTables(ledger);
      await writeLives(ledger, lives);
      const whole = await disconnects(ledger, first, last);
      t.is(new Set(whole.map(({ number }) => number)).size, whole.length, 'a number occurs once');
      const listed = new Set(whole.map(({ number }) => number));
      const passedOver = lives.filter((life) => ended(life, first, last) && !listed.has(life.number));
      t.deepEqual(passedOver, []);
      const parts = [...(await disconnects(ledger, first, cut))];
      if (cut < last) parts.push(...(await disconnects(ledger, cut + 1, last)));
      const latest = new Map(
        reported(parts)
          .toSorted(([, a], [, b]) => (a < b ? -1 : 1))
          .map(([number, day]) => [number, day]),
      );
      t.deepEqual(new Map(reported(whole)), new Map([...latest].toSorted(([a], [b]) => (a < b ? -1 : 1))));
    }),
    { ...cases({ test: 40, soak: 300 }), includeErrorInReport: true },
  );
});
