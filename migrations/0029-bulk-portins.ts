import type { Knex } from 'knex';
import { createTable, dropTables, identifier } from './create-table.js';
import { createOrderTables, dateColumns, dropOrderTables, firstSeenColumn, type OrderTables } from './order-tables.js';

// Breaks nothing: it makes new tables.

const bulkPortins: OrderTables = {
  name: 'bulk_portins',
  comment:
    'Requests to port in many numbers at once. Bandwidth decomposes each into port-ins, which are in portins and add the numbers; the request itself adds none.',
  columns: {
    order_type: ['text', "Bandwidth's name of the order's type, if the list has it"],
    status: [
      'text',
      'Status of the request: DRAFT, IN_PROGRESS, NEEDS_ATTENTION, then COMPLETE, CANCELLED, or PARTIAL if some of its port-ins are cancelled',
    ],
    ...dateColumns,
    count_of_tns: ['integer', 'How many numbers the request has, if the list says so'],
    requested_foc_date: ['timestamptz', 'Requested date of the port'],
    billing_telephone_number: ['text', 'Billing telephone number of the account that the numbers leave'],
    site_id: ['text', 'Sub-account (site) that receives the numbers'],
    peer_id: ['text', 'Location (SIP peer) that receives the numbers'],
  },
  numbers: {
    comment:
      'Numbers of a bulk port-in that can be ported. Those that cannot are in bulk_portins.raw, under NonPortableTnList and InvalidTnList.',
    columns: firstSeenColumn,
  },
  terminalStatuses: ['COMPLETE', 'COMPLETED', 'PARTIAL', 'CANCELLED'],
  outcomes: false,
};

const members = {
  name: 'bulk_portins_members',
  comment: 'The port-ins that a bulk port-in consists of.',
  columns: {
    account_id: [`${identifier} not null`, 'Bandwidth account ID'],
    order_id: [`${identifier} not null`, 'The bulk port-in, as in bulk_portins'],
    portin_order_id: [`${identifier} not null`, 'The port-in, as in portins'],
    ...firstSeenColumn,
  },
  primaryKey: ['account_id', 'order_id', 'portin_order_id'],
  indexes: { bulk_portins_members_portin: '(account_id, portin_order_id)' },
} as const;

export async function up(knex: Knex): Promise<void> {
  await createOrderTables(knex, bulkPortins);
  await createTable(knex, members);
}

export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, [members.name]);
  await dropOrderTables(knex, bulkPortins);
}
