import { disconnectedNumbers } from '../dashboard/resources/disconnected-numbers.js';

// Which numbers Bandwidth would assign, for statements over the lines of a file and the inventory: `t` is the number's row in
// telephone_numbers, `d` in disconnected_numbers, `i` in imported; each is null if there is none.

/**
 * A CTE: the account's ($n) numbers that belong to another carrier, according to their import orders or to their attributes, unless an
 * order removed the import after the attributes were found.
 */
export const imported = (account: string) => `imports as materialized (
    select telephone_number, removed_at from imported_numbers where account_id = ${account}
  ), imported as materialized (
    select telephone_number from imports where removed_at is null
    union
    select telephone_number from number_location_history h
     where account_id = ${account} and valid_to is null and tn_attributes && '{External,Imported}'
       and not exists (select from imports r where r.telephone_number = h.telephone_number and r.removed_at > h.valid_from)
  )`;

/** Joins `d` and `i` to a line's number. */
export const joinChecks = (account: string, number: string) => `
      left join ${disconnectedNumbers.table} d on d.account_id = ${account} and d.telephone_number = ${number}
      left join imported i on i.telephone_number = ${number}`;

/** Branches of a CASE: why the account can't assign the number. */
export const inventoryCodes = `
             when t.telephone_number is null and d.telephone_number is null then '5076'
             when t.telephone_number is null or t.removed_at is not null or t.status = 'Aging' then 'disconnected'
             when i.telephone_number is not null or t.owner_account_id is not null then '5130'`;

/** Columns that `inventoryReasons` needs. */
export const reasonColumns = `t.status, coalesce(d.disconnected_at, t.removed_at) as left_at,
           i.telephone_number is not null as is_imported, t.owner_account_id`;

/** Branches of a CASE over the code: the same as a phrase. */
export const inventoryReasons = `
             when '5076' then 'not in the account''s inventory'
             when 'disconnected' then
               case when left_at is null then 'disconnected (status ' || coalesce(status, 'unknown') || ')'
                 else 'disconnected on ' || to_char(left_at, 'YYYY-MM-DD') end
             when '5130' then
               case when is_imported then 'imported from another carrier; Bandwidth refuses to assign it (5130)'
                 else 'hosted: account ' || owner_account_id || ' provides its voice service; Bandwidth refuses to assign it here (5130)' end`;
