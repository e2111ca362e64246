import type pg from 'pg';
import { fillTable } from './fill-table.js';
import { reconcileNumbers } from './history/reconcile.js';

/** Rows of `telephone_numbers` that a transaction wrote. */
export interface WrittenNumbers {
  inserted: number;
  /** Changed or closed. */
  changed: number;
}

/**
 * Brings the histories in line with the rows of `telephone_numbers` that this transaction wrote (`changed_at` is the
 * transaction's time), and with the orders that are already stored about them. Answers with how many rows it wrote.
 *
 * Numbers that were never seen before and that no order names have no evidence but their row, and so get their intervals in one
 * statement: on the first night they are all such. Every other number that changed is looked at with all that is known of it.
 */
export async function reconcileStatusHistory(
  client: pg.ClientBase,
  account: string,
  { inserted, changed }: WrittenNumbers,
): Promise<number> {
  const write = async (sql: string) => (await client.query(sql, [account])).rowCount ?? 0;
  let written = 0;
  // Each statement looks through all of the account's numbers: those that can't find any are left out.
  const toLookAt = changed > 0 ? [changedNumbers] : [];
  if (inserted > 0) {
    const { rows } = await client.query(`select ${numberTables.map(someRow).join(' or ')} as stored`, [account]);
    const stored: boolean = rows[0].stored;
    written += await fillTable(client, 'number_status_history', () => write(beginFirstIntervals(stored)));
    written += await write(beginFormerService(stored));
    if (stored) toLookAt.push(firstSeenWithOrders);
  }
  if (toLookAt.length === 0) return written;
  return written + (await reconcileNumbers(client, account, { text: toLookAt.join(' union all '), values: [account] }));
}

const numberTables = [
  'orders_numbers',
  'disconnects_numbers',
  'portins_numbers',
  'portouts_numbers',
  'number_assignment_order_numbers',
];

const someRow = (table: string) => `exists (select from ${table} where account_id = $1)`;

const named = `(${numberTables
  .map(
    (table) =>
      `exists (select from ${table} n where n.account_id = t.account_id and n.telephone_number = t.telephone_number)`,
  )
  .join(' or ')})`;

// The two statements below say for a number seen for the first time what claims.ts says, and must go on doing so.

const firstSeen = (exceptNamed: boolean) =>
  `t.account_id = $1 and t.changed_at = now() and t.first_seen_at = now() ${exceptNamed ? `and not ${named}` : ''}`;

// In the key's order, see apply-numbers.ts.
const beginFirstIntervals = (exceptNamed: boolean) => `
  insert into number_status_history (account_id, telephone_number, status, valid_from)
  select t.account_id, t.telephone_number, t.status,
    least(coalesce(case when t.status = 'Inservice' then t.in_service_date else t.last_modified end, now()), now())
  from telephone_numbers t
  where ${firstSeen(exceptNamed)}
  order by t.telephone_number`;

// A number that is no longer the account's when it is first seen was in service before, from its in-service date to its last change.
const beginFormerService = (exceptNamed: boolean) => `
  insert into number_status_history (account_id, telephone_number, status, valid_from, valid_to)
  select t.account_id, t.telephone_number, 'Inservice', t.in_service_date, least(t.last_modified, now())
  from telephone_numbers t
  where ${firstSeen(exceptNamed)} and t.status not in ('Inservice', 'InAccount') and t.in_service_date < least(t.last_modified, now())`;

const firstSeenWithOrders = `
  select t.telephone_number from telephone_numbers t
  where t.account_id = $1 and t.changed_at = now() and t.first_seen_at = now() and ${named}`;

// Where the night changed nothing but the tier or the rate center, as it may for all numbers at once, the history stays.
const changedNumbers = `
  select t.telephone_number
  from telephone_numbers t
  left join telephone_number_versions v
    on v.account_id = t.account_id and v.telephone_number = t.telephone_number and v.replaced_at = now()
  where t.account_id = $1 and t.changed_at = now() and t.first_seen_at < now()
    and (v.replaced_at is null or (v.removed_at is null) <> (t.removed_at is null) or v.status <> t.status
      or v.in_service_date is distinct from t.in_service_date
      or (v.last_modified is distinct from t.last_modified and t.status <> 'Inservice'))`;
