import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { type Database, openDatabase } from '../src/database/connect.js';
import { migrate } from '../src/database/migrations.js';
import { removeDataFolder } from '../test/support/postgres.js';
import { median, timed } from './support.js';

/**
 * NRUF counting, compared with the simplest count on the same database: numbers per block. Each number has three rows
 * in both histories. Measured with current intervals, with 5,000 numbers changed since, and without intervals.
 */
export async function benchNruf({ numbers, rounds }: { numbers: number; rounds: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-bench-'));
  const database = await openDatabase({
    dataDir: join(folder, 'data'),
    applicationName: 'tn-ledger bench',
    log: () => undefined,
  });
  try {
    await migrate(database);
    const say = (text: string) => void process.stdout.write(`${text}\n`);
    say(`Counting ${numbers.toLocaleString('en-US')} numbers with 3 rows each in both histories; loading …`);
    const loading = await timed(() => load(database.pool, numbers));
    say(`loaded in ${loading.toFixed(0)} s`);

    const plain = () => timed(() => database.pool.query(plainCount));
    const counted = async () => {
      let received = 0;
      const seconds = await timed(async () => {
        const { rows } = await database.pool.query(count);
        received = Number(rows[0].received);
      });
      if (received !== numbers) throw new Error(`Counted ${received} numbers, but ${numbers} are in service.`);
      return seconds;
    };
    const compare = async (what: string, times: number) => {
      // The first query finds less of its table in the cache.
      await plain();
      await counted();
      const ratios: number[] = [];
      for (let round = 1; round <= times; round += 1) {
        const [base, own] = [await plain(), await counted()];
        ratios.push(own / base);
        say(`${what}, round ${round}: by block ${base.toFixed(2)} s, nruf_utilization ${own.toFixed(2)} s`);
      }
      say(`${what}: median ratio ${median(ratios).toFixed(2)}`);
    };
    const refresh = async (what: string) =>
      say(`${what}: ${(await timed(() => database.pool.query('select tn_ledger.nruf_refresh()'))).toFixed(1)} s`);

    await refresh('making the intervals');
    await compare('with intervals', rounds);
    await change(database);
    await compare('with 5,000 numbers changed since', 1);
    await refresh('refreshing the intervals');
    await compare('with refreshed intervals', 1);
    await database.pool.query('delete from nruf_intervals_mark');
    await compare('without intervals', 1);
  } finally {
    await database.close();
    await removeDataFolder(join(folder, 'data'));
    await rm(folder, { recursive: true, force: true });
  }
}

const plainCount = 'select npa_nxx_x, count(*) from telephone_numbers group by 1';
const count = `select sum(numbers_received) as received from nruf_utilization('2025-12-31')`;

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

/** An assignment dated today for each of 5,000 numbers, as a nightly run records it. */
async function change({ pool }: Database): Promise<void> {
  await pool.query(
    `with numbers as (select telephone_number from telephone_numbers order by hashtext(telephone_number) limit 5000),
          ended as (update number_assignment_history h set valid_to = now(), recorded_from = now() from numbers n
                     where h.account_id = '9900000' and h.telephone_number = n.telephone_number and h.valid_to is null returning h.*)
     insert into number_assignment_history (account_id, telephone_number, assignment_status, order_id, valid_from)
     select account_id, telephone_number, 'ASSIGNED', 'new', now() from ended`,
  );
}
