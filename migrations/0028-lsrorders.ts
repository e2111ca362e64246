import type { Knex } from 'knex';
import { createOrderTables, dateColumns, dropOrderTables, firstSeenColumn, type OrderTables } from './order-tables.js';

// Breaks nothing: it makes new tables.

const lsrorders: OrderTables = {
  name: 'lsrorders',
  comment:
    "Local service requests: requests by API to port numbers out of Bandwidth's network. They move no numbers in the ledger: a number of the account that leaves is in portouts.",
  columns: {
    order_type: ['text', "Bandwidth's name of the order's type"],
    status: ['text', 'Status of the request: PENDING, FOC, EXCEPTION, …, then COMPLETE, CANCELLED or FAILED'],
    ...dateColumns,
    count_of_tns: ['integer', 'How many numbers the request names'],
    requested_foc_date: ['timestamptz', 'Requested date of the port'],
    actual_foc_date: ['timestamptz', 'Agreed date of the port (firm order commitment)'],
    pon: ['text', 'Purchase order number that the winning carrier gave the request'],
    pon_version: ['integer', 'Version of the request with this purchase order number'],
    billing_telephone_number: ['text', 'Billing telephone number of the account that the numbers leave'],
    spid: ['text', 'Service provider ID of the winning carrier'],
  },
  numbers: {
    comment:
      "Numbers that a local service request names. Most aren't the account's own. What failed is in lsrorders.raw, under LsrOrderErrors.",
    columns: firstSeenColumn,
  },
  terminalStatuses: ['COMPLETE', 'CANCELLED', 'FAILED'],
  outcomes: false,
};

export const up = (knex: Knex) => createOrderTables(knex, lsrorders);
export const down = (knex: Knex) => dropOrderTables(knex, lsrorders);
