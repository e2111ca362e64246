import anyTest, { type TestFn } from 'ava';
import { inTransaction } from '../../src/database/transaction.js';
import { compareLive, createLiveReader, type LiveComparison, readPlaces } from '../../src/timeline/live.js';
import { readTimelines } from '../../src/timeline/read-timelines.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const amounts = { orders: 20, disconnects: 10, portins: 5, portouts: 5, assignments: 5, imports: 5, features: 10 };

/** What the API says about numbers, compared with the ledger. */
async function compare(ledger: Ledger, numbers: readonly string[]): Promise<Map<string, LiveComparison>> {
  const { client } = ledger.environment();
  const read = createLiveReader([{ client, accounts: [account] }], new AbortController().signal);
  const options = {
    accounts: undefined,
    day: '2099-12-31',
    untilDay: false,
    knownAt: undefined,
    superseded: false,
  } as const;
  const { timelines, places } = await inTransaction(ledger.database, { snapshot: true }, async (db) => ({
    timelines: await readTimelines(db, numbers, options),
    places: await readPlaces(db, numbers),
  }));
  const compared = await Promise.all(
    timelines.map(async (timeline) => {
      const live = await read(timeline.number, [account]);
      const side = {
        timeline,
        places: places.get(timeline.number) ?? [],
        own: new Set([account]),
        chosen: undefined,
      };
      return [timeline.number, compareLive(live, side)] as const;
    }),
  );
  return new Map(compared);
}

/** Every number that the account has or had. */
function allNumbers({ sandbox }: Ledger): string[] {
  const held = sandbox.account(account);
  const disconnected = held.disconnectedNumbers().map(({ telephoneNumber }) => telephoneNumber);
  const ported = held.portOuts().map(({ telephoneNumber }) => telephoneNumber);
  return [
    ...new Set([...[...held.numbers()].map(({ telephoneNumber }) => telephoneNumber), ...disconnected, ...ported]),
  ];
}

for (const seed of [1, 2]) {
  test(`after a run, the API agrees with the ledger about every number, and has no orders that it lacks (seed ${seed})`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 120, seed, ...amounts } });
    t.is((await ledger.run('nightly')).result, 'succeeded');
    const compared = await compare(ledger, allNumbers(ledger));
    t.true(compared.size > 120);
    let events = 0;
    for (const [number, { differences, events: found }] of compared) {
      t.deepEqual(differences, [], number);
      t.deepEqual(
        found.filter(({ inLedger }) => inLedger === false),
        [],
        number,
      );
      events += found.filter(({ inLedger }) => inLedger).length;
    }
    t.true(events > 120);
  });
}

test('what changed since the last run differs, number by number', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 120, ...amounts } });
  await ledger.run('nightly');
  const held = ledger.sandbox.account(account);
  const before = allNumbers(ledger);
  const numbers = [...held.numbers()].filter(({ status }) => status === 'Inservice');
  const [gone = '', aged = '', moved = '', changed = '', marked = ''] = numbers
    .filter(({ rateCenter }) => rateCenter !== undefined)
    .map(({ telephoneNumber }) => telephoneNumber);
  held.disconnect([gone]);
  held.disconnect([aged], { aging: true });
  held.moveNumbers([moved], held.sites()[0]?.locations[1]?.sipPeerId);
  held.change(changed, { rateCenter: 'ELSEWHERE' });
  held.setAttributes(marked, ['Hosted']);
  const [added = ''] = held.add(1);
  const compared = await compare(ledger, [...before, added]);
  const differing = new Map([...compared].filter(([, { differences }]) => differences.length > 0));
  t.deepEqual([...differing.keys()].sort(), [gone, aged, moved, changed, marked, added].sort());
  const first = (number: string) => differing.get(number)?.differences[0] ?? '';
  t.regex(first(gone), /^The ledger has it in service in account 9900000\. The API doesn't know the number\.$/);
  t.is(first(aged), 'Status: Inservice in the ledger, Aging in the API.');
  t.regex(first(moved), /^Location: \d+ in the ledger, 500002 in the API\.$/);
  t.regex(first(changed), /^Rate center: .+ in the ledger, ELSEWHERE in the API\.$/);
  t.regex(first(marked), /^Attributes: .+ in the ledger, Hosted in the API\.$/);
  t.is(first(added), "The API has it in account 9900000, where the ledger doesn't have it.");
  t.deepEqual(
    differing.get(added)?.events.map(({ inLedger }) => inLedger),
    [null, false],
  );
});
