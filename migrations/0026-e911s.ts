import type { Knex } from 'knex';
import { createOrderTables, dateColumns, dropOrderTables, type OrderTables, outcomeColumns } from './order-tables.js';

// Breaks nothing: it makes new tables.

const e911s: OrderTables = {
  name: 'e911s',
  comment:
    'Orders that set or delete emergency (E911) addresses of numbers, endpoints or locations. They move no numbers. Addresses and caller names are not kept.',
  columns: {
    order_type: ['text', "Bandwidth's name of the order's type; null if only whole orders were read, which omit it"],
    status: [
      'text',
      'Status of the order: RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED; ADJUSTED_COMPLETE or ADJUSTED_PARTIAL if Bandwidth changed the address slightly so that it can be located',
    ],
    ...dateColumns,
    count_of_tns: ['integer', 'How many numbers the order names, according to the list'],
    deletes_address: [
      'boolean',
      'Whether the order deletes the address instead of setting one; null if it does not say',
    ],
  },
  numbers: {
    comment:
      'Numbers that an E911 order names, and what became of each. An order for endpoints or locations names no numbers.',
    columns: outcomeColumns({
      accepted: 'its emergency address was set or deleted',
      errors: '8003: not on the account; 8009: not in service',
    }),
  },
  terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED', 'ADJUSTED_COMPLETE', 'ADJUSTED_PARTIAL'],
  outcomes: true,
};

export const up = (knex: Knex) => createOrderTables(knex, e911s);
export const down = (knex: Knex) => dropOrderTables(knex, e911s);
