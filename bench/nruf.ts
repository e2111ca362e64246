import type pg from 'pg';
import type { Database } from '../src/database/connect.js';
import { migrate } from '../src/database/migrations.js';
import { formatCount } from '../src/format.js';
import { type Benchmark, type Comparison, compete, print, type Scope, timed } from './benchmark.js';
import { type Setting, withDatabase } from './setting.js';

const day = '2025-12-31';
const plainCount = 'select npa_nxx_x, count(*) from telephone_numbers group by 1';
const totals = 'select sum(numbers_received)::int as received, sum(assigned)::int as assigned';

/**
 * NRUF counting. The floor is the simplest count on the same database: numbers per block. Each number has three rows in both histories.
 * Measured as a nightly run leaves the ledger, with 1% of the numbers changed since, as known before that change, and after the next
 * run.
 */
export const nruf: Benchmark = {
  name: 'nruf',
  size: 5_000_000,
  unit: 'numbers',
  rivalSize: 500_000,
  measure: (scope) => withDatabase((setting) => measure(scope, setting)),
};

async function measure(scope: Scope, setting: Setting): Promise<Comparison[]> {
  const { database, rival } = setting;
  const { pool } = database;
  await migrate(database);
  const changed = Math.ceil(scope.size / 100);
  const refresh = async () =>
    print(`nruf_refresh: ${(await timed(() => pool.query('select nruf_refresh()'))).seconds.toFixed(1)} s`);
  print(
    `loading ${formatCount(scope.size)} numbers took ${(await timed(() => load(pool, scope.size))).seconds.toFixed(0)} s`,
  );
  await refresh();
  const { rows } = await pool.query('select clock_timestamp()::text as now');
  const [{ now: knownAt }] = rows as [{ now: string }];

  let counted = '';
  const count = async (...values: string[]) => {
    const knownThen = values.length === 0 ? '' : ', known_at => $1';
    const { rows: sums } = await pool.query(`${totals} from nruf_utilization('${day}'${knownThen})`, values);
    counted = JSON.stringify(sums[0]);
    if (sums[0].received !== scope.size) throw new Error(`Counted ${counted}, but ${scope.size} are in service.`);
  };
  const contest = (work: string, ...values: string[]) => ({
    work: `nruf_utilization${work}`,
    goals: { floor: 3 },
    ours: { run: () => timed(() => count(...values)) },
    floor: { run: () => timed(() => pool.query(plainCount)) },
  });

  const comparisons = [
    await compete(scope, {
      ...contest(''),
      rival: {
        run: async () => {
          const output = await rival('nruf', [day]);
          if (output.stdout !== counted) throw new Error(`The rival counted ${output.stdout}, tn-ledger ${counted}.`);
          // The peak is that of a process that only waits.
          return { seconds: output.seconds };
        },
      },
    }),
  ];
  if (!scope.roles.includes('floor')) return comparisons;
  await change(database, changed);
  comparisons.push(await compete(scope, contest(', 1% of the numbers changed since the last run')));
  comparisons.push(await compete(scope, contest(', known_at before that change', knownAt)));
  await refresh();
  comparisons.push(await compete(scope, contest(' after the next run')));
  return comparisons;
}

/** In number order, as nightly runs write them. A third of the numbers is assigned on the day. */
async function load(pool: pg.Pool, numbers: number): Promise<void> {
  const begin = `timestamptz '2022-01-01' + (g::bigint * 7919 % 1000) * interval '8 hours'`;
  const series = `from generate_series(0, ${numbers - 1}) g, lateral (select (2010000000 + g)::text as number, ${begin} as b) n`;
  await pool.query(
    `insert into telephone_numbers (account_id, telephone_number, status, city, state, rate_center, lata, tier, vendor_id, vendor_name, in_service_date)
     select '9900000', number, 'Inservice', 'RALEIGH', 'NC', 'RC' || g / 1000 % 300, '426', '0', '49', 'Bandwidth CLEC', b ${series}`,
  );
  await pool.query(
    `insert into number_status_history (account_id, telephone_number, status, valid_from, valid_to)
     select '9900000', number, s.status, s.valid_from, s.valid_to ${series},
       lateral (values ('Inservice', b, b + interval '300 days'), ('Aging', b + interval '300 days', b + interval '390 days'),
         ('Inservice', b + interval '390 days', null)) as s (status, valid_from, valid_to)`,
  );
  await pool.query(
    `insert into number_assignment_history (account_id, telephone_number, assignment_status, order_id, valid_from, valid_to)
     select '9900000', number, s.status, 'order', s.valid_from, s.valid_to ${series},
       lateral (values ('ASSIGNED', b + interval '1 day', b + interval '300 days'), ('ASSIGNED', b + interval '400 days', b + interval '500 days'),
         (case g % 3 when 0 then 'ASSIGNED' else 'UNASSIGNED' end, b + interval '500 days', null)) as s (status, valid_from, valid_to)`,
  );
  await pool.query('vacuum analyze telephone_numbers');
  await pool.query('vacuum analyze number_status_history');
  await pool.query('vacuum analyze number_assignment_history');
}

/** An assignment dated today for each of some numbers, as a nightly run records it. */
async function change({ pool }: Database, numbers: number): Promise<void> {
  await pool.query(
    `with numbers as (select telephone_number from telephone_numbers order by hashtext(telephone_number) limit $1),
          ended as (update number_assignment_history h set valid_to = now(), recorded_from = now() from numbers n
                     where h.account_id = '9900000' and h.telephone_number = n.telephone_number and h.valid_to is null returning h.*)
     insert into number_assignment_history (account_id, telephone_number, assignment_status, order_id, valid_from)
     select account_id, telephone_number, 'ASSIGNED', 'new', now() from ended`,
    [numbers],
  );
}
