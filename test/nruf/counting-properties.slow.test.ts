import test, { type ExecutionContext } from 'ava';
import fc, { cases } from '../support/fast-check.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type CountingLedger, openCountingLedger } from './support/ledger.js';
import { type Counted, countLives } from './support/model.js';
import { days, dayText, emptyTables, type Life, moment, orderTables, world, writeLives } from './support/world.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const day = fc.integer({ min: -1, max: days + 1 });
const agingDays = fc.constantFrom(0, 1, 10, 365);
const oneAccount = ['9900001'];
const twoAccounts = ['9900001', '9900002'];

interface Question {
  day: number;
  agingDays?: number;
  account?: string;
  knownAt?: string;
}

const parameters = ({ day, agingDays = 0, account, knownAt }: Question) => [
  dayText(day),
  account ?? null,
  agingDays,
  knownAt ?? null,
];

async function counted(ledger: CountingLedger, question: Question): Promise<Counted[]> {
  return ledger.query<Counted & Record<string, unknown>>(
    `select account_id as account, telephone_number as number, category, undeclared, left_out as "leftOut"
       from nruf_number_categories($1, $2, $3, $4)`,
    parameters(question),
  );
}

const sorted = (list: Counted[]) =>
  list.map((each) => JSON.stringify([each.account, each.number, each.category, each.undeclared, each.leftOut])).sort();

const categories = ['assigned', 'intermediate', 'reserved', 'aging', 'administrative', 'available'] as const;

/** Asserts that the table of blocks is the sum of the rows per number. */
async function assertAddedUp(t: ExecutionContext, ledger: CountingLedger, question: Question): Promise<void> {
  const numbers = await ledger.query<{
    telephone_number: string;
    npa_nxx_x: string;
    category: string;
    undeclared: boolean;
  }>('select * from nruf_number_categories($1, $2, $3, $4) where left_out is null', parameters(question));
  for (const [name, length] of [
    ['', 7],
    ['_by_code', 6],
  ] as const) {
    const rows = await ledger.query<Record<string, string>>(
      `select * from nruf_utilization${name}($1, $2, $3, $4)`,
      parameters(question),
    );
    const expected = [...new Set(numbers.map((each) => each.npa_nxx_x.slice(0, length)))].sort();
    t.deepEqual(
      rows.map((row) => row[length === 7 ? 'npa_nxx_x' : 'npa_nxx']),
      expected,
    );
    for (const [index, row] of rows.entries()) {
      const own = numbers.filter((each) => each.npa_nxx_x.startsWith(expected[index] as string));
      t.is(Number(row.numbers_received), own.length);
      for (const category of categories) {
        t.is(Number(row[category]), own.filter((each) => each.category === category).length, category);
      }
      t.is(
        categories.reduce((sum, category) => sum + Number(row[category]), 0),
        own.length,
      );
      t.is(Number(row.undeclared), own.filter((each) => each.undeclared).length);
      const assigned = own.filter((each) => each.category === 'assigned').length;
      t.is(Number(row.utilization_percent).toFixed(2), ((assigned / own.length) * 100).toFixed(2));
    }
  }
}

async function assertCounts(
  t: ExecutionContext,
  ledger: CountingLedger,
  lives: Life[],
  question: Question,
): Promise<void> {
  const rows = await counted(ledger, question);
  const asked = question.account === undefined ? lives : lives.filter(({ account }) => account === question.account);
  // Orders apply in every account, whichever account placed them.
  const known = asked.map((life) => {
    const same = lives.filter((other) => other.number === life.number);
    return {
      ...life,
      ports: same.flatMap(({ ports }) => ports),
      imports: same.flatMap(({ imports }) => imports),
      orders: same.flatMap(({ orders }) => orders),
    };
  });
  t.deepEqual(sorted(rows), sorted(countLives(known, question.day, question.agingDays)));
  t.is(new Set(rows.map((row) => row.number)).size, rows.length, 'every number occurs once');
  await assertAddedUp(t, ledger, question);
}

test.serial('each number has the block and category of the model, with and without intervals', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await fc.assert(
    fc.asyncProperty(world(oneAccount), day, agingDays, async (lives, day, agingDays) => {
      await emptyTables(ledger);
      await writeLives(ledger, lives);
      await assertCounts(t, ledger, lives, { day, agingDays });
      await assertCounts(t, ledger, lives, { day, agingDays, knownAt: 'infinity' });
      await ledger.query('select nruf_refresh()');
      t.deepEqual(await ledger.query('select * from nruf_change_notes'), []);
      await assertCounts(t, ledger, lives, { day, agingDays });
    }),
    { ...cases({ test: 12, soak: 60 }), includeErrorInReport: true },
  );
});

test.serial('a number in two accounts counts once in total, and once in the count of each account', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await fc.assert(
    fc.asyncProperty(world(twoAccounts), day, fc.boolean(), async (lives, day, withIntervals) => {
      await emptyTables(ledger);
      await writeLives(ledger, lives);
      if (withIntervals) await ledger.query('select nruf_refresh()');
      await assertCounts(t, ledger, lives, { day });
      for (const account of twoAccounts) await assertCounts(t, ledger, lives, { day, account });
      t.deepEqual(
        sorted(await counted(ledger, { day, account: twoAccounts.join(',') })),
        sorted(await counted(ledger, { day })),
      );
    }),
    { ...cases({ test: 8, soak: 40 }), includeErrorInReport: true },
  );
});

test.serial('numbers that changed after the last refresh are counted as they are now', async (t) => {
  const ledger = await openCountingLedger(t, server);
  await fc.assert(
    fc.asyncProperty(world(twoAccounts), world(twoAccounts), day, fc.boolean(), async (before, changes, day, again) => {
      await emptyTables(ledger);
      await writeLives(ledger, before);
      await ledger.query('select nruf_refresh()');
      const isChanged = (life: Life) =>
        changes.some(({ account, number }) => account === life.account && number === life.number);
      for (const { account, number } of before.filter(isChanged)) {
        for (const table of [
          'telephone_numbers',
          'number_status_history',
          'number_assignment_history',
          'number_categories',
        ]) {
          await ledger.query(`delete from ${table} where account_id = $1 and telephone_number = $2`, [account, number]);
        }
        for (const table of orderTables) {
          await ledger.query(
            `with gone as (delete from ${table}_numbers where account_id = $1 and telephone_number = $2 returning *)
             delete from ${table} p using gone g where p.account_id = g.account_id and p.order_id = g.order_id`,
            [account, number],
          );
        }
      }
      await writeLives(ledger, changes);
      const lives = [...before.filter((life) => !isChanged(life)), ...changes];
      if (again) await ledger.query('select nruf_refresh()');
      await assertCounts(t, ledger, lives, { day });
    }),
    { ...cases({ test: 8, soak: 40 }), includeErrorInReport: true },
  );
});

test.serial('a day before all history has no numbers, and later events do not change the count of a day', async (t) => {
  const ledger = await openCountingLedger(t, server);
  const later = (life: Life): boolean => life.statuses.every(({ from }) => from >= 0);
  await fc.assert(
    fc.asyncProperty(
      world(oneAccount),
      world(oneAccount),
      day,
      fc.boolean(),
      async (lives, news, day, withIntervals) => {
        await emptyTables(ledger);
        t.true(lives.every(later));
        await writeLives(ledger, lives);
        if (withIntervals) await ledger.query('select nruf_refresh()');
        t.deepEqual(await counted(ledger, { day: -1 }), []);
        const question = { day, agingDays: 10 };
        const before = sorted(await counted(ledger, question));
        // Later events: other numbers with all kinds of events, moved to after the day.
        const shift = (day + 1) * 24;
        const shiftInterval = <T extends { from: number; to: number | undefined }>(one: T): T => ({
          ...one,
          from: one.from + shift,
          to: one.to === undefined ? undefined : one.to + shift,
        });
        const known = new Set(lives.map(({ number }) => number));
        const shifted = news.map((life) => ({
          ...life,
          statuses: life.statuses.map(shiftInterval),
          declarations: life.declarations.map(shiftInterval),
          categories: life.categories.map(({ category, fromDay, toDay }) => ({
            category,
            fromDay: fromDay + day + 1,
            toDay: toDay === undefined ? undefined : toDay + day + 1,
          })),
          imports: life.imports.map(shiftInterval),
          orders: life.orders.map(({ at, status }) => ({ status, at: at === undefined ? undefined : at + shift })),
          ports: life.ports.map((port) => ({
            ...port,
            ordered: port.ordered === undefined ? undefined : port.ordered + shift,
            done: port.done === undefined ? undefined : port.done + shift,
            changed: port.changed + shift,
          })),
        }));
        await writeLives(
          ledger,
          shifted.filter(({ number }) => !known.has(number)),
        );
        // Open intervals of the existing numbers end, and others follow.
        const end = moment(shift + 5);
        for (const [table, column, value] of [
          ['number_status_history', 'status', 'Aging'],
          ['number_assignment_history', 'assignment_status', 'UNASSIGNED'],
        ]) {
          await ledger.query(
            `with ended as (update ${table} set valid_to = $1 where valid_to is null and valid_from < $1 returning *)
           insert into ${table} (account_id, telephone_number, ${column}, valid_from${column === 'status' ? '' : ', order_id'})
           select account_id, telephone_number, '${value}', $1${column === 'status' ? '' : ", 'b'"} from ended`,
            [end],
          );
        }
        t.deepEqual(sorted(await counted(ledger, question)), before);
      },
    ),
    { ...cases({ test: 8, soak: 40 }), includeErrorInReport: true },
  );
});
