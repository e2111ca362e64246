import type pg from 'pg';
import { historyDescriptions } from '../dashboard/registry.js';
import { fillTable } from '../database/fill-table.js';
import { reconcileNumbers } from './history/reconcile.js';

/** Rows of `telephone_numbers` written by a transaction. */
export interface WrittenNumbers {
  inserted: number;
  /** Updated or closed. */
  changed: number;
  /** How many accounts may be written at the same time; see `fillTable`. */
  accounts: number;
}

/**
 * Updates the histories from the rows of `telephone_numbers` that this transaction wrote (`changed_at` is the transaction's time)
 * and from the stored orders for those numbers. Returns how many rows it wrote.
 *
 * For a new number without orders, the row is the only evidence. One statement writes the intervals of all of these; on the first
 * run, that's every number. Every other changed number is reconciled with all the evidence about it.
 */
export async function reconcileStatusHistory(
  client: pg.ClientBase,
  account: string,
  { inserted, changed, accounts }: WrittenNumbers,
): Promise<number> {
  const write = async (sql: string) => (await client.query(sql, [account])).rowCount ?? 0;
  let written = 0;
  // Each statement scans all of the account's numbers, so those that can't find any are skipped.
  const toLookAt = changed > 0 ? [changedNumbers] : [];
  if (inserted > 0) {
    const { rows } = await client.query(`select ${numberTables.map(someRow).join(' or ')} as stored`, [account]);
    const stored: boolean = rows[0].stored;
    const target = { table: 'number_status_history', accounts };
    written += await fillTable(client, target, () => write(beginFirstIntervals(stored)));
    written += await write(beginFormerService(stored));
    if (stored) toLookAt.push(firstSeenWithOrders);
  }
  if (toLookAt.length === 0) return written;
  return written + (await reconcileNumbers(client, account, { text: toLookAt.join(' union all '), values: [account] }));
}

const numberTables = historyDescriptions.map(({ numbersTable }) => numbersTable);

const someRow = (table: string) => `exists (select from ${table} where account_id = $1)`;

const named = `(${numberTables
  .map(
    (table) =>
      `exists (select from ${table} n where n.account_id = t.account_id and n.telephone_number = t.telephone_number)`,
  )
  .join(' or ')})`;

// For a new number, the next two statements must produce the same intervals as observed-statuses.ts.

const firstSeen = (exceptNamed: boolean) =>
  `t.account_id = $1 and t.changed_at = now() and t.first_seen_at = now() ${exceptNamed ? `and not ${named}` : ''}`;

// In key order: see apply-numbers.ts.
const beginFirstIntervals = (exceptNamed: boolean) => `
  insert into number_status_history (account_id, telephone_number, status, valid_from)
  select t.account_id, t.telephone_number, t.status,
    least(coalesce(case when t.status = 'Inservice' then t.in_service_date else t.last_modified end, now()), now())
  from telephone_numbers t
  where ${firstSeen(exceptNamed)}
  order by t.telephone_number`;

// A new number that is no longer in service was in service from its in-service date to its last change.
const beginFormerService = (exceptNamed: boolean) => `
  insert into number_status_history (account_id, telephone_number, status, valid_from, valid_to)
  select t.account_id, t.telephone_number, 'Inservice', t.in_service_date, least(t.last_modified, now())
  from telephone_numbers t
  where ${firstSeen(exceptNamed)} and t.status not in ('Inservice', 'InAccount') and t.in_service_date < least(t.last_modified, now())`;

const firstSeenWithOrders = `
  select t.telephone_number from telephone_numbers t
  where t.account_id = $1 and t.changed_at = now() and t.first_seen_at = now() and ${named}`;

// A change of only the tier or the rate center, which may affect all numbers at once, doesn't change the history.
const changedNumbers = `
  select t.telephone_number
  from telephone_numbers t
  left join telephone_number_versions v
    on v.account_id = t.account_id and v.telephone_number = t.telephone_number and v.replaced_at = now()
  where t.account_id = $1 and t.changed_at = now() and t.first_seen_at < now()
    and (v.replaced_at is null or (v.removed_at is null) <> (t.removed_at is null) or v.status <> t.status
      or v.in_service_date is distinct from t.in_service_date
      or (v.last_modified is distinct from t.last_modified and t.status <> 'Inservice'))`;
