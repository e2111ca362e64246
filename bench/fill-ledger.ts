import type { Writable } from 'node:stream';
import type pg from 'pg';
import { descriptions } from '../src/dashboard/registry.js';

/** The account whose ledger is filled. */
export const account = '9900000';

/** Area codes that the numbers are in. */
const areaCodes = 50;

/**
 * Fills a migrated, empty ledger with the numbers of one account and two years of history, as nightly runs leave it. Each number has a
 * kind from 0 to 999, `k`, which decides what it is: 2 % left the account, 1 % are aging, 0.5 % are hosted, 0.2 % imported, 5 % ported
 * in; of the others, 95 % are marked ASSIGNED. A quarter has three intervals in each history.
 *
 * Ends with the intervals for counting, as a nightly run does.
 */
export async function fillLedger(pool: pg.ClientBase, numbers: number): Promise<void> {
  for (const statement of statements(numbers)) await pool.query(statement);
  await pool.query('vacuum analyze');
  await pool.query('select nruf_refresh()');
  await pool.query('vacuum analyze');
}

/** Whole blocks in number order: 10 blocks per exchange, from 220 on. */
function statements(numbers: number): string[] {
  const blocks = Math.ceil(numbers / 1000 / areaCodes);
  const orders = Math.ceil(numbers / 200);
  const jobs = [...new Set(descriptions.map(({ job }) => job.name)), 'nightly'];
  const arrived = `case when k between 50 and 99 then 'portins' else 'orders' end`;
  return [
    `create temp table filled as
     select g, k, is_long, number, began, case when k < 20 then began + interval '31 days' + (now() - began - interval '31 days') * (k / 20.0) end as left_at
       from (select array_agg(npa order by npa) as npas from (
            select npa from area_codes where country = 'US' and npa !~ '^(5|8|900)' order by npa limit ${areaCodes}) a) a,
         generate_series(0, ${numbers - 1}) g,
         lateral (select (g::bigint * 7919 % 1000)::integer as k, g % 4 = 0 as is_long,
           npas[1 + g / 1000 / ${blocks}] || (220 + g / 1000 % ${blocks} / 10) || g / 1000 % ${blocks} % 10 || lpad((g % 1000)::text, 3, '0') as number) n,
         -- All intervals of a long history, and of a number that left, are in the past.
         lateral (select date_trunc('hour', now()) - interval '750 days'
           + (g::bigint / 200 * 7919 % case when is_long or k < 20 then 690 else 750 end) * interval '1 day' as began) b`,
    'analyze filled',
    `insert into telephone_numbers (account_id, telephone_number, status, city, state, rate_center, lata, tier, vendor_id, vendor_name,
       in_service_date, last_modified, assignment_status, first_seen_at, removed_at, owner_account_id, discrepancy)
     select '${account}', number, case when k between 20 and 29 then 'Aging' else 'Inservice' end, 'RALEIGH', 'NC', 'RC' || g / 1000 % 300, '426',
            '0', '49', 'Bandwidth CLEC', began, began, ${markedAs}, began, left_at,
            case when k between 30 and 34 then '9900999' end, case when k = 40 then 'no details' when k = 41 then 'other status' end
       from filled`,
    `insert into telephone_number_versions (account_id, telephone_number, status, city, state, rate_center, lata, tier, vendor_id, vendor_name,
       in_service_date, last_modified, replaced_at)
     select '${account}', number, 'Inservice', 'RALEIGH', 'NC', 'RC0', '426', '0', '49', 'Bandwidth', began, began,
            coalesce(left_at, began + interval '20 days')
       from filled where k < 20 or is_long`,
    `insert into number_status_history (account_id, telephone_number, status, valid_from, valid_to, from_order_id, to_order_id, recorded_from)
     select '${account}', number, s.status, s.valid_from, s.valid_to, s.order_id, case when s.valid_to = left_at then 'disconnects-' || g / 5000 end, s.valid_from
       from filled, lateral (values
           ('Inservice', began, began + interval '10 days', ${arrived} || '-' || g / 200, is_long),
           ('Aging', began + interval '10 days', began + interval '20 days', null, is_long),
           ('Inservice', began + interval '20 days', left_at, null, is_long),
           ('Inservice', began, left_at, ${arrived} || '-' || g / 200, not is_long)) as s (status, valid_from, valid_to, order_id, is_used)
      where s.is_used`,
    `insert into number_assignment_history (account_id, telephone_number, assignment_status, order_id, valid_from, valid_to, recorded_from)
     select '${account}', number, s.status, 'assign-' || g / 1000 || '-' || s.place, s.valid_from, s.valid_to, s.valid_from
       from filled, lateral (values
           (1, 'ASSIGNED', began + interval '1 day', began + interval '10 days', is_long),
           (2, 'ASSIGNED', began + interval '21 days', began + interval '30 days', is_long),
           (3, ${markedAs}, began + interval '30 days', left_at, is_long),
           (4, ${markedAs}, began + interval '1 hour', left_at, not is_long)) as s (place, status, valid_from, valid_to, is_used)
      where s.is_used and s.status is not null`,
    `insert into disconnected_numbers (account_id, telephone_number, disconnected_at, order_id)
     select '${account}', number, left_at, 'disconnects-' || g / 5000 from filled where k < 20`,
    ...[
      { kind: 'orders', per: 200, members: 'k not between 50 and 99 and k not between 35 and 36' },
      { kind: 'portins', per: 200, members: 'k between 50 and 99' },
      { kind: 'disconnects', per: 5000, members: 'k < 20' },
    ].flatMap(({ kind, per, members }) => [
      `insert into ${kind} (account_id, order_id, status, order_date, last_modified_date, user_id, count_of_tns, details_at, details_status,
         details_modified_date, first_seen_at)
       select '${account}', '${kind}-' || g / ${per}, 'COMPLETE', min(began), min(began), 'user', count(*), min(began), 'COMPLETE', min(began), min(began)
         from filled where ${members} group by g / ${per}`,
      `insert into ${kind}_numbers (account_id, order_id, telephone_number, first_seen_at)
       select '${account}', '${kind}-' || g / ${per}, number, began from filled where ${members}`,
    ]),
    `update portins set losing_carrier_name = 'Other Carrier', actual_foc_date = order_date`,
    `insert into portins (account_id, order_id, status, order_date, last_modified_date, count_of_tns, losing_carrier_name, details_at, details_status,
       details_modified_date)
     select '${account}', 'open-' || g, s.status, s.at, s.at, 1, 'Other Carrier', s.at, s.status, s.at
       from generate_series(1, ${Math.ceil(numbers / 5000)}) g,
         lateral (select case g % 4 when 0 then 'EXCEPTION' else 'SUBMITTED' end as status, now() - g % 100 * interval '1 day' as at) s`,
    `insert into number_assignment_orders (account_id, order_id, action, status, total_quantity, failed_quantity, order_date, last_modified_date,
       details_at, details_status, details_modified_date, first_seen_at)
     select account_id, order_id, rtrim(min(assignment_status), 'ED'), 'COMPLETE', count(*), 0, min(valid_from), min(valid_from), min(valid_from),
            'COMPLETE', min(valid_from), min(valid_from)
       from number_assignment_history group by account_id, order_id`,
    `insert into number_assignment_order_numbers (account_id, order_id, telephone_number, outcome)
     select account_id, order_id, telephone_number, 'ACCEPTED' from number_assignment_history`,
    `insert into number_assignment_orders (account_id, order_id, action, status, total_quantity, order_date, last_modified_date, details_at,
       details_status, details_modified_date) values ('${account}', 'assign-open', 'ASSIGN', 'PROCESSING', ${orders}, now(), now(), now(), 'PROCESSING', now())`,
    `insert into number_assignment_order_numbers (account_id, order_id, telephone_number)
     select '${account}', 'assign-open', number from filled where k = 990`,
    `insert into import_tn_orders (account_id, order_id, status, order_date, last_modified_date, details_at, details_status, details_modified_date)
     values ('${account}', 'import-1', 'COMPLETE', now() - interval '90 days', now(), now(), 'COMPLETE', now())`,
    `insert into import_tn_orders_numbers (account_id, order_id, telephone_number, outcome)
     select '${account}', 'import-1', number, 'ACCEPTED' from filled where k between 35 and 36`,
    `insert into number_categories (account_id, telephone_number, category, valid_from)
     select '${account}', number, case g % 2 when 0 then 'intermediate' else 'reserved' end, now() - interval '100 days' from filled where k = 991`,
    `insert into order_status_changes (account_id, order_kind, order_id, status_before, status_after, changed_at)
     select account_id, 'orders', order_id, 'PROCESSING', 'COMPLETE', order_date from orders`,
    `insert into sync_runs (job, account_id, started_at, finished_at, status, pages, rows_read, changes_until)
     select job, '${account}', s.at, s.at + interval '5 minutes', 'succeeded', 200, ${numbers}, s.at + interval '4 minutes'
       from generate_series(0, 729) d, unnest('{${jobs.join(',')}}'::text[]) with ordinality as j (job, place),
         lateral (select now() - interval '1 hour' - (729 - d) * interval '1 day' + place * interval '1 minute' as at) s
      order by s.at`,
    // A fifth of the numbers has traffic on ten of the last ninety days, and so do a few that the account never had.
    `insert into billing_daily (account_id, telephone_number, day, direction, report_id, records, calls, seconds, amount, messages)
     select '${account}', number, current_date - (d * 9 + g % 9), 'outbound', 'report', 3, 3, 180, 0.02, 0
       from (select g, number from filled where g % 5 = 0 union all select g, '606' || (2000000 + g) from filled where k = 0) f, generate_series(0, 9) d`,
    'drop table filled',
  ];
}

/** SQL: how a filled number is marked. */
const markedAs = `case when k % 100 < 95 then 'ASSIGNED' when k % 100 < 99 then 'UNASSIGNED' end`;

/**
 * Writes a list of numbers in use in no particular order, with one line per number of the ledger: nearly all of those that are marked
 * ASSIGNED, one tenth of them in a spelling of their own, and some of each kind that a plan tells apart.
 */
export async function writeNumbersInUse(pool: pg.Pool, numbers: number, file: Writable): Promise<void> {
  // 1 % of the numbers marked ASSIGNED is missing; most of those that aren't marked so are in the file.
  const { rows } = await pool.query<{ line: string }>(
    `with known as (
       select telephone_number as number, hashtext(telephone_number) as place, hashtext('spelling' || telephone_number) as spelling
         from telephone_numbers where account_id = '${account}'
     ), listed as (
       select case when spelling % 10 = 0 then regexp_replace(number, '(...)(...)(....)', '(\\1) \\2-\\3') else number end as given, place
         from known where place % 100 <> 0
       union all
       select case when place % 400 = 0 then left(number, 9) when place % 400 = 100 then '606' || substr(number, 4) else number end, place + 1
         from known where place % 100 = 0 or place % 1000 = 1
     )
     select given || ',Customer ' || abs(place) % 5000 as line from listed order by place, given limit $1`,
    [numbers],
  );
  file.write('Telephone number,Customer\n');
  for (let at = 0; at < rows.length; at += 10_000) {
    file.write(
      `${rows
        .slice(at, at + 10_000)
        .map(({ line }) => line)
        .join('\n')}\n`,
    );
  }
}
