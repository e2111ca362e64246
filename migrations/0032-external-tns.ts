import type { Knex } from 'knex';
import { createOrderTables, dateColumns, dropOrderTables, type OrderTables, outcomeColumns } from './order-tables.js';

// Breaks nothing: it makes new tables.

const externalTns: OrderTables = {
  name: 'external_tns',
  comment:
    "Orders that add numbers of other carriers, which the customer provides, to the account, or remove them (externalTns). Such a number stays in the other carrier's inventory.",
  columns: {
    order_type: ['text', "Bandwidth's name of the order's type, if the list has it"],
    status: ['text', 'Status of the order: RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED'],
    ...dateColumns,
    count_of_tns: ['integer', 'How many numbers the order names, those in its errors included'],
    action: ['text', 'What the order does with its numbers: IMPORT (add or reset them) or REMOVE'],
    site_id: ['text', 'Sub-account (site) of the numbers'],
    peer_id: ['text', 'Location (SIP peer) of the numbers'],
    loa_type: ['text', 'Type of the letter of authorization: CARRIER or SUBSCRIBER; null if the order does not say'],
  },
  numbers: {
    comment: 'Numbers that an order for external numbers names, each with its outcome.',
    columns: outcomeColumns({ accepted: 'imported or removed', errors: '13552: exists already' }),
  },
  terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  outcomes: true,
  indexes: {
    external_tns_unknown_action: `(account_id, order_id) where coalesce(upper(action) not in ('IMPORT', 'REMOVE'), true)`,
  },
};

export const up = (knex: Knex) => createOrderTables(knex, externalTns);
export const down = (knex: Knex) => dropOrderTables(knex, externalTns);
