import { disconnectedNumbers } from '../../dashboard/resources/disconnected-numbers.js';
import { disconnects } from '../../dashboard/resources/disconnects.js';
import { checkedNumber } from '../number-listings.js';
import type { WindowListing } from './listing.js';

/**
 * The account's disconnected numbers. The list gives neither the date nor the order. A new number takes both from its latest stored
 * disconnect order; if that order's numbers are not stored yet, they are set when the order is read.
 */
export const disconnectedNumbersListing: WindowListing = {
  name: disconnectedNumbers.name,
  title: disconnectedNumbers.titles.many,
  entry: 'a number',
  resource: disconnectedNumbers.list,
  columns: [{ name: 'telephone_number', type: 'text collate "C"' }],
  toRow: (item, warnings) => [checkedNumber(item.values[0], warnings)],
  async apply(client, { account }, staging) {
    const { rowCount } = await client.query(
      `insert into ${disconnectedNumbers.table} (account_id, telephone_number, disconnected_at, order_id)
       select $1, s.telephone_number, latest.order_date, latest.order_id
         from ${staging.sql} s
         left join lateral (
           select d.order_date, d.order_id
             from ${disconnects.numbersTable} n
             join ${disconnects.table} d on d.account_id = n.account_id and d.order_id = n.order_id
            where n.account_id = $1 and n.telephone_number = s.telephone_number
            order by d.order_date desc nulls last, d.order_id
            limit 1
         ) as latest on true
        where not exists (
          select from ${disconnectedNumbers.table} k where k.account_id = $1 and k.telephone_number = s.telephone_number
        )
        order by s.telephone_number
       on conflict do nothing`,
      [account],
    );
    return rowCount ?? 0;
  },
};
