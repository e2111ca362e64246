import type { Knex } from 'knex';
import { createOrderTables, dateColumns, dropOrderTables, type OrderTables, outcomeColumns } from './order-tables.js';

// Breaks nothing: it makes new tables.

const lidbs: OrderTables = {
  name: 'lidbs',
  comment: 'Orders that change calling names of numbers in the line information database (LIDB). They move no numbers.',
  columns: {
    order_type: ['text', "Bandwidth's name of the order's type"],
    status: ['text', 'Status of the order: RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED'],
    ...dateColumns,
    count_of_tns: ['integer', 'How many numbers the order names, according to the list'],
    order_complete_date: ['timestamptz', 'When the order ended'],
  },
  numbers: {
    comment: 'Numbers that a LIDB order names, and what became of each. The calling name is not kept.',
    columns: outcomeColumns({ accepted: 'its calling name was changed', errors: '11020: has LIDB already' }),
  },
  terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  outcomes: true,
};

export const up = (knex: Knex) => createOrderTables(knex, lidbs);
export const down = (knex: Knex) => dropOrderTables(knex, lidbs);
