import anyTest, { type TestFn } from 'ava';
import type pg from 'pg';
import { documentedQueries } from '../support/documented-queries.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, openLedger } from '../sync/support/ledger.js';
import { filledRows, fillLedger } from './support/fill-ledger.js';
import { explainSettings, type Plan, readPlan, scansOf } from './support/plans.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres({ settings: explainSettings });
});
test.after.always((t) => t.context.server?.stop());

/** Statements that rightly read a whole table, by what their SQL has, each with the reason. */
const readEverything: readonly [sql: RegExp, reason: string][] = [
  [
    /tn_ledger_staging\."(inservice_numbers|number_details|sites) /,
    'compares a whole listing with all numbers of the account',
  ],
  [/\bnumber_location_history h\b/, 'compares the open intervals with all numbers of the account'],
  [/telephone_numbers\s+where removed_at is null and/, 'looks at the current details of every number in service'],
  [
    /from billing_reports r\s+where .* rolled_up_at is null/s,
    'compares all loaded reports with the numbers that were seen later',
  ],
  [
    /select distinct telephone_number from number_status_history\s+where account_id = \$1 and recorded_from between/,
    'finds what was recorded since by ranges of 128 pages (BRIN), and this table has two',
  ],
  [/\bnumbers_by_location\(/, 'counts the whole inventory'],
  [
    /\bnruf_(numbers|number_categories|utilization|utilization_by_digits|counts|totals_by_day)\(/,
    'counts the whole inventory',
  ],
];

/** Statements of the documented queries that rightly do. */
const documented: typeof readEverything = [
  ...readEverything,
  [/group by 1, 2 order by 3 desc;$|group by 1 order by 1;$/, 'counts the whole inventory, or all failures of a month'],
  [/valid_from < '2026-07-01'/, 'reads the inventory of a day'],
  [/nruf_recorded_since|portins_numbers n|imported_numbers m/, 'counts as known before this ledger began'],
];

/** Rows of a growing table that a statement may read, for what a quiet night, or a month, changed. */
const few = filledRows / 10;

function excessive(plans: readonly Plan[], growing: ReadonlySet<string>, allowed: typeof readEverything): string[] {
  const found = plans
    .filter(({ sql }) => !allowed.some(([pattern]) => pattern.test(sql)))
    .flatMap((plan) =>
      scansOf(plan)
        .filter(({ table, rows }) => growing.has(table) && rows > few)
        .map(
          ({ table, type, rows }) => `${type} of ${table} (${rows} rows): ${plan.sql.replaceAll(/\s+/g, ' ').trim()}`,
        ),
    );
  return [...new Set(found)];
}

/** Collects the plans of whatever the pool's clients run from now on, statements inside of functions and triggers included. */
function watchPlans(pool: pg.Pool): Plan[] {
  const plans: Plan[] = [];
  pool.on('acquire', (client) => {
    client.removeAllListeners('notice');
    client.on('notice', (notice) => plans.push(...readPlan(notice)));
  });
  return plans;
}

test('a quiet nightly run and the documented queries read only what changed', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 200, orders: 20, disconnects: 20, portins: 20, portouts: 20, assignments: 20 },
  });
  t.is((await ledger.run('nightly')).result, 'succeeded');
  await fillLedger(ledger.database.pool, account);
  await ledger.query('select nruf_refresh()');
  const filled = await ledger.query<{ relname: string }>('select relname from pg_class where reltuples >= $1', [
    filledRows,
  ]);
  const growing = new Set(filled.map(({ relname }) => relname));
  t.true(growing.size > 30);

  const plans = watchPlans(ledger.database.pool);
  t.is((await ledger.run('nightly')).result, 'succeeded');
  t.true(plans.length > 100);
  t.deepEqual(excessive(plans, growing, readEverything), []);
  for (const query of await documentedQueries()) await ledger.database.pool.query(query);
  t.deepEqual(excessive(plans, growing, documented), []);
  for (const [pattern, reason] of documented)
    t.true(
      plans.some(({ sql }) => pattern.test(sql)),
      `needless: ${reason}`,
    );
});
