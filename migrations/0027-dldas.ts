import type { Knex } from 'knex';
import { createOrderTables, dateColumns, dropOrderTables, type OrderTables, outcomeColumns } from './order-tables.js';

// Breaks nothing: it makes new tables.

const dldas: OrderTables = {
  name: 'dldas',
  comment:
    'Orders that set directory listings of numbers (directory listing and directory assistance, DL/DA). They move no numbers. Names and addresses are not kept.',
  columns: {
    order_type: ['text', "Bandwidth's name of the order's type"],
    status: ['text', 'Status of the order: RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED'],
    ...dateColumns,
    count_of_tns: ['integer', 'How many numbers the order names, according to the list'],
  },
  numbers: {
    comment: 'Numbers that a directory listing order names, and what became of each.',
    columns: outcomeColumns({ accepted: 'its directory listing was set', errors: '16103: already being processed' }),
  },
  terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  outcomes: true,
};

export const up = (knex: Knex) => createOrderTables(knex, dldas);
export const down = (knex: Knex) => dropOrderTables(knex, dldas);
