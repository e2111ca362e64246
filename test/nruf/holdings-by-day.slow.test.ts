import test, { type ExecutionContext } from 'ava';
import { inTransaction } from '../../src/database/transaction.js';
import { type DayHoldings, holdingsByDay } from '../../src/nruf/holdings-by-day.js';
import fc, { cases } from '../support/fast-check.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type CountingLedger, openCountingLedger } from './support/ledger.js';
import { days, dayText, emptyTables, type Life, world, writeLives } from './support/world.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const twoAccounts = ['9900001', '9900002'];
const asked = Array.from({ length: 12 }, (_, index) => dayText(-1 + index * 4)).concat(dayText(days + 30));

/** Compares the totals with `nruf_utilization` and returns those of the last account. */
async function assertTotals(
  t: ExecutionContext,
  ledger: CountingLedger,
  accounts: readonly (string | undefined)[],
): Promise<DayHoldings[]> {
  let totals: DayHoldings[] = [];
  for (const account of accounts) {
    totals = await inTransaction(ledger.database, { snapshot: true }, (client) =>
      holdingsByDay(client, asked, account),
    );
    const sums = await ledger.query<DayHoldings>(
      `select to_char(d.day, 'YYYY-MM-DD') as day, (select count(*)::float8 from nruf_number_categories(d.day, $2)) as held,
              coalesce(sum(u.numbers_received), 0)::float8 as numbers_received,
              coalesce(sum(u.assigned), 0)::float8 as assigned,
              round(sum(u.assigned) * 100.0 / sum(u.numbers_received), 2)::text as utilization_percent,
              case when d.index > 1 then (
                select count(*)::float8 from nruf_derive(array(select a from nruf_accounts() a where a = $2 or $2 is null), null, null, null, null) i
                 where i.from_day = i.stay_from and i.from_day <= d.day and i.from_day > ($1::date[])[d.index - 1]) end as added
         from unnest($1::date[]) with ordinality as d (day, index) left join lateral nruf_utilization(d.day, $2) u on true
        group by d.day, d.index order by d.day`,
      [asked, account ?? null],
    );
    t.deepEqual(totals, sums);
    // What left between two days follows from the rest, and is never negative.
    for (const [index, { held, added }] of totals.entries())
      if (index > 0) t.true((totals[index - 1]?.held ?? 0) + (added ?? 0) - held >= 0);
  }
  return totals;
}

for (const accounts of [['9900001'], twoAccounts]) {
  test.serial(
    `the holdings by day equal nruf_utilization and the numbers added for ${accounts.length === 1 ? 'one account' : 'accounts that share numbers'}, with and without intervals`,
    async (t) => {
      const ledger = await openCountingLedger(t, server);
      await fc.assert(
        fc.asyncProperty(world(accounts), fc.boolean(), async (lives, withIntervals) => {
          await emptyTables(ledger);
          await writeLives(ledger, lives);
          if (withIntervals) {
            await ledger.query('select nruf_refresh()');
            t.deepEqual(await ledger.query('select * from nruf_change_notes'), []);
          }
          await assertTotals(t, ledger, [undefined, ...accounts]);
        }),
        { ...cases({ test: 8, soak: 40 }), includeErrorInReport: true },
      );
    },
  );
}

test.serial('a number in two accounts has the assignment status of the account where service began last', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const life = (account: string, from: number, marked: Life['declarations']): Life => ({
    account,
    number: '9195550001',
    rateCenter: 'RALEIGH',
    state: 'NC',
    statuses: [{ status: 'Inservice', from, to: undefined }],
    declarations: marked,
    categories: [],
    ports: [],
    owner: null,
    imports: [],
    orders: [],
  });
  const assigned: Life['declarations'] = [{ status: 'ASSIGNED', from: 6 * 24, to: undefined }];
  for (const [first, second] of [
    [[], assigned],
    [assigned, []],
  ] as const) {
    await emptyTables(ledger);
    await writeLives(ledger, [life('9900001', 1, [...first]), life('9900002', 5 * 24, [...second])]);
    await ledger.query('select nruf_refresh()');
    t.deepEqual(await ledger.query('select * from nruf_change_notes'), []);
    const last = (await assertTotals(t, ledger, [undefined])).at(-1);
    t.like(last, { numbers_received: 1, assigned: second.length });
  }
});
