import { disconnectedNumbers } from '../../dashboard/order-resources.js';
import { checkedNumber } from '../number-listings.js';
import type { WindowListing } from './listing.js';

/**
 * Numbers that the account gave back. The list tells neither when nor by which order: a number that is new takes both from its
 * latest disconnect order, where the ledger knows its numbers already; else whoever reads that order fills them in.
 */
export const disconnectedNumbersListing: WindowListing = {
  name: 'disconnected_numbers',
  title: 'disconnected numbers',
  entry: 'number',
  resource: disconnectedNumbers,
  columns: [{ name: 'telephone_number', type: 'text collate "C"' }],
  toRow: (item, warnings) => [checkedNumber(item.values[0], warnings)],
  async apply(client, { account }, staging) {
    const { rowCount } = await client.query(
      `insert into disconnected_numbers (account_id, telephone_number, disconnected_at, order_id)
       select $1, s.telephone_number, latest.order_date, latest.order_id
         from ${staging.sql} s
         left join lateral (
           select d.order_date, d.order_id
             from disconnects_numbers n
             join disconnects d on d.account_id = n.account_id and d.order_id = n.order_id
            where n.account_id = $1 and n.telephone_number = s.telephone_number
            order by d.order_date desc nulls last, d.order_id
            limit 1
         ) as latest on true
        where not exists (
          select from disconnected_numbers k where k.account_id = $1 and k.telephone_number = s.telephone_number
        )
        order by s.telephone_number
       on conflict do nothing`,
      [account],
    );
    return rowCount ?? 0;
  },
};
