import type { Knex } from 'knex';
import { createOrderTables, dateColumns, dropOrderTables, type OrderTables, outcomeColumns } from './order-tables.js';

// Breaks nothing: it makes new tables.

const tnoptions: OrderTables = {
  name: 'tnoptions',
  comment: 'Orders that set line features of numbers (TN options). They move no numbers.',
  columns: {
    order_type: ['text', "Bandwidth's name of the order's type"],
    status: ['text', 'Status of the order: RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED'],
    ...dateColumns,
    count_of_tns: ['integer', 'How many numbers the order names, according to the list'],
  },
  numbers: {
    comment: 'Numbers that a TN option order names, and what became of each.',
    columns: outcomeColumns({ accepted: 'its features were set', errors: '5076: not available' }),
  },
  terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  outcomes: true,
};

export const up = (knex: Knex) => createOrderTables(knex, tnoptions);
export const down = (knex: Knex) => dropOrderTables(knex, tnoptions);
