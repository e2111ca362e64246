import type { Knex } from 'knex';
import { type Columns, createTable, dropTables, identifier } from './create-table.js';
import {
  createOrderTables,
  dateColumns,
  dropOrderTables,
  firstSeenColumn,
  type OrderTables,
  outcomeColumns,
} from './order-tables.js';

const subAccountColumns: Columns = {
  site_id: ['text', 'Sub-account (site) that the numbers are for'],
  peer_id: ['text', 'Location (SIP peer) that the numbers are for'],
};

const orderColumns = (statuses: string): Columns => ({
  order_type: ['text', "Bandwidth's name of the order's type"],
  status: ['text', `Status of the order: ${statuses}`],
  ...dateColumns,
});

const kinds: readonly OrderTables[] = [
  {
    name: 'orders',
    comment: 'Orders for new numbers.',
    columns: {
      ...orderColumns('RECEIVED, PROCESSING, BACKORDERED, then COMPLETE, PARTIAL, FAILED or CANCELLED'),
      count_of_tns: ['integer', 'How many numbers the order delivered'],
      name: ['text', 'Name of the order'],
      ...subAccountColumns,
      completed_quantity: ['integer', 'How many numbers the order delivered, according to its details'],
      failed_quantity: ['integer', 'How many numbers it could not deliver'],
      order_complete_date: ['timestamptz', 'When the order ended'],
      back_order_requested: ['boolean', 'Whether the order waits for numbers that were not available'],
      partial_allowed: ['boolean', 'Whether fewer numbers than ordered are acceptable'],
    },
    numbers: { comment: 'Numbers that an order delivered to the account.', columns: firstSeenColumn },
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED', 'CANCELLED'],
    outcomes: false,
  },
  {
    name: 'disconnects',
    comment: 'Orders that disconnect numbers.',
    columns: {
      ...orderColumns('RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED'),
      count_of_tns: ['integer', 'How many numbers the order names, including those that failed'],
      name: ['text', 'Name of the order'],
      disconnect_mode: ['text', 'Mode of the disconnect, typically normal'],
      protected: ['text', 'What the order does to the protection of its numbers: TRUE, FALSE or UNCHANGED'],
    },
    numbers: {
      comment: 'Numbers that a disconnect order removed from the account, without those that failed.',
      columns: firstSeenColumn,
    },
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED', 'CANCELLED'],
    outcomes: false,
  },
  {
    name: 'portins',
    comment: 'Orders that port numbers in from another carrier.',
    columns: {
      ...orderColumns(
        'DRAFT, PENDING_DOCUMENTS, SUBMITTED, EXCEPTION, REQUESTED_SUPP, FOC, REQUESTED_CANCEL, then CANCELLED or COMPLETE',
      ),
      count_of_tns: ['integer', 'How many numbers the order names'],
      losing_carrier_id: ['text', "Bandwidth's ID of the losing carrier"],
      losing_carrier_name: ['text', 'Losing carrier'],
      losing_carrier_is_wireless: ['boolean', 'Whether the losing carrier is a wireless carrier'],
      billing_telephone_number: [identifier, 'Billing telephone number at the losing carrier'],
      new_billing_telephone_number: [
        identifier,
        'Billing telephone number of the numbers that stay with the losing carrier',
      ],
      requested_foc_date: ['timestamptz', 'When the numbers should be ported'],
      actual_foc_date: ['timestamptz', 'FOC date: when the losing carrier committed to port the numbers'],
      pon: ['text', 'Purchase order number'],
      port_type: ['text', 'AUTOMATED, INTERNAL, …'],
      partial_port: ['boolean', 'Whether numbers of the same billing telephone number stay with the losing carrier'],
      triggered: ['boolean', 'Whether the customer triggers the port at a time of their choice'],
      ...subAccountColumns,
      vendor_id: ['text', 'ID of the carrier that receives the numbers for Bandwidth'],
      vendor_name: ['text', 'Name of that carrier'],
      error_code: ['text', 'Last error or notice in the list; its text is not kept because it may quote personal data'],
      internal: [
        'boolean',
        'Whether the numbers move within Bandwidth, from one of its accounts to another; null if neither the list nor the order says',
      ],
    },
    numbers: { comment: 'Numbers that a port-in names.', columns: firstSeenColumn },
    terminalStatuses: ['COMPLETE', 'CANCELLED'],
    outcomes: false,
    indexes: { portins_exceptions: `(account_id, last_modified_date) where upper(status) = 'EXCEPTION'` },
  },
  {
    name: 'portouts',
    comment: "Other carriers' orders that port numbers out.",
    columns: {
      ...orderColumns('NEW, FOC, then CANCELLED or COMPLETE'),
      count_of_tns: ['integer', 'How many numbers the order names; 0 while its status is NEW'],
      requested_foc_date: ['timestamptz', 'When the numbers should be ported'],
      actual_foc_date: ['timestamptz', 'FOC date: when the port was committed to'],
      pon: ['text', 'Purchase order number'],
      spid: ['text', 'Service provider ID of the winning carrier'],
      vendor_id: ['text', 'ID of the winning carrier in the list'],
      vendor_name: ['text', 'Name of the winning carrier'],
      error_code: ['text', 'Last error or notice in the list (200: ported)'],
      error_message: ['text', 'Text of error_code'],
    },
    numbers: { comment: 'Numbers that a port-out names in the list of port-outs.', columns: firstSeenColumn },
    terminalStatuses: ['COMPLETE', 'CANCELLED', 'REJECTED', 'FAILED'],
    outcomes: false,
  },
  {
    name: 'number_assignment_orders',
    comment:
      'Orders that mark numbers as assigned or unassigned to end users, as the API lists them, whoever placed them.',
    columns: {
      action: ["text check (action in ('ASSIGN', 'UNASSIGN'))", 'ASSIGN or UNASSIGN'],
      status: ['text', 'Status of the order: RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED'],
      total_quantity: ['integer', 'How many numbers the order names'],
      failed_quantity: ['integer', 'How many of them failed'],
      ...dateColumns,
    },
    numbers: {
      name: 'number_assignment_order_numbers',
      comment: 'Numbers that an assignment order names, each with its outcome.',
      columns: outcomeColumns({
        accepted: 'marked as the order says',
        errors: '5076: not on the account, 5130: external, 5131: not in service',
      }),
      indexes: {
        number_assignment_order_numbers_unknown: `(account_id, order_id) where outcome = 'UNKNOWN'`,
      },
    },
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
    outcomes: true,
  },
  {
    name: 'import_tn_orders',
    comment:
      "Orders that import numbers of other carriers for hosted messaging (importTnOrders). An imported number stays in the other carrier's inventory.",
    columns: {
      ...orderColumns('RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED'),
      count_of_tns: ['integer', 'How many numbers the order names, according to the list'],
      ...subAccountColumns,
      loa_type: ['text', 'Type of the letter of authorization: CARRIER or SUBSCRIBER'],
    },
    numbers: {
      comment: 'Numbers that an import order names, each with its outcome.',
      columns: outcomeColumns({ accepted: 'imported', errors: '7518: not active' }),
    },
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
    outcomes: true,
  },
  {
    name: 'remove_imported_tn_orders',
    comment: 'Orders that remove imported numbers from the account (removeImportedTnOrders).',
    columns: {
      ...orderColumns('PROCESSING, then COMPLETE, PARTIAL or FAILED'),
      count_of_tns: ['integer', 'How many numbers the order names, according to the list'],
    },
    numbers: {
      comment: 'Numbers that an order to remove imported numbers names, each with its outcome.',
      columns: outcomeColumns({ accepted: 'removed', errors: '7518: not active' }),
    },
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
    outcomes: true,
  },
];

export async function up(knex: Knex): Promise<void> {
  for (const kind of kinds) await createOrderTables(knex, kind);
  await createTable(knex, {
    name: 'order_status_changes',
    comment:
      "Changes of orders' statuses that runs found. Several changes between two runs are recorded as one, from the first status to the last.",
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      order_kind: ['text not null', 'Table that holds the order: orders, disconnects, portins, …'],
      order_id: [`${identifier} not null`, 'The order'],
      status_before: ['text', 'Status before the change'],
      status_after: ['text', 'Status after the change'],
      changed_at: ['timestamptz not null', 'When tn-ledger found the change'],
    },
    indexes: {
      order_status_changes_order: '(account_id, order_id)',
      order_status_changes_changed_at: '(account_id, changed_at)',
    },
  });
}

export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, ['order_status_changes']);
  for (const kind of kinds.toReversed()) await dropOrderTables(knex, kind);
}
