import type { Knex } from 'knex';
import { type Columns, createTable, dropTables, identifier, numberColumns, type Table } from './create-table.js';

// Frozen, as create-table.ts is: migrations import this file.

/** A kind of order: its table, with the columns that all kinds have, and the table of its numbers. */
export interface OrderTables {
  /** Name of the table of orders. */
  name: string;
  comment: string;
  /** Between the columns that identify the order and those about its details. */
  columns: Columns;
  numbers: {
    /** Name of the table of numbers; by default `<name>_numbers`. */
    name?: string;
    comment: string;
    /** After account, order and number. */
    columns: Columns;
    indexes?: Table['indexes'];
  };
  /** Statuses in which an order stays, in capitals. */
  terminalStatuses: readonly string[];
  /** Whether the order's details state what became of each number. Details that contradict themselves are read again. */
  outcomes: boolean;
  /** More indexes of the table of orders, as `createTable` takes them. */
  indexes?: Table['indexes'];
}

/** When an order was placed and changed, and by whom. */
export const dateColumns: Columns = {
  order_date: ['timestamptz', 'When the order was placed'],
  last_modified_date: ['timestamptz', 'When Bandwidth last changed the order'],
  user_id: ['text', 'User who placed the order'],
};

/** When this row was first written: for tables of numbers whose rows are never changed. */
export const firstSeenColumn: Columns = {
  first_seen_at: ['timestamptz not null default now()', 'When tn-ledger first stored this row'],
};

/** What became of each number of an order: `meanings` says what ACCEPTED stands for, and which error codes are common. */
export function outcomeColumns(meanings: { accepted: string; errors: string }): Columns {
  return {
    outcome: [
      `text check (outcome in ('ACCEPTED', 'FAILED', 'UNKNOWN'))`,
      `ACCEPTED (${meanings.accepted}) or FAILED; UNKNOWN if the order has ended and its response doesn't say, which counts as not accepted; null while the order is open`,
    ],
    error_code: ['text', `Bandwidth's error code if the number failed (${meanings.errors}); else null`],
    error_description: ['text', "Bandwidth's text for error_code, without personal data"],
  };
}

const detailColumns: Columns = {
  details_at: [
    'timestamptz',
    'When the order was last read by its ID with a response that changed something; null: never',
  ],
  details_status: ['text', 'status of the order when its details were read'],
  details_modified_date: ['timestamptz', 'last_modified_date of the order when its details were read'],
  details_error: ['text', 'Why the last attempt to read the details failed; null if it succeeded'],
  details_tried_at: [
    'timestamptz',
    'When the attempt in details_error was made; repeated attempts with the same error leave it',
  ],
};

const unknownColumns: Columns = {
  unknown_since: [
    'timestamptz',
    "Since when the order has ended without a consistent statement of what became of its numbers; every run reads it again until there is one. Null: Bandwidth's responses are consistent",
  ],
  unknown_reason: ['text', 'What is inconsistent in the last response; null: nothing'],
};

const rowColumns: Columns = {
  first_seen_at: ['timestamptz not null default now()', 'When tn-ledger first stored the order'],
  changed_at: ['timestamptz not null default now()', 'When tn-ledger last changed this row'],
  raw: [
    'jsonb',
    'Fields that have no column, and the text of values that fit no column type: "list" as in the list of orders, "details" as in the order itself. Never PINs, carrier account numbers, or names, addresses or signatures of subscribers. Null if there are none',
  ],
};

/**
 * Creates the two tables. The indexes serve the change feed (`first_seen_at`) and the search for orders to read by ID, which are few
 * of many: src/sync/orders-to-read.ts must ask for them with the same condition, or PostgreSQL reads the whole table.
 */
export async function createOrderTables(knex: Knex, tables: OrderTables): Promise<void> {
  const { name, comment, columns, numbers, outcomes, indexes } = tables;
  await createTable(knex, {
    name,
    comment,
    columns: {
      ...orderKey("Bandwidth's ID of the order"),
      customer_order_id: ['text', 'ID that the customer gave the order'],
      ...columns,
      ...detailColumns,
      ...(outcomes ? unknownColumns : {}),
      ...rowColumns,
    },
    primaryKey: ['account_id', 'order_id'],
    indexes: {
      [`${name}_first_seen_at`]: '(account_id, first_seen_at)',
      [`${name}_to_read`]: `(account_id, coalesce(order_date, '-infinity') desc, order_id desc) where ${toRead(tables)}`,
      [`${name}_details_error`]: '(account_id) where details_error is not null',
      ...(outcomes ? { [`${name}_unknown`]: '(account_id, order_id) where unknown_since is not null' } : {}),
      ...indexes,
    },
  });
  // Of an expression that it has statistics for, PostgreSQL knows how few rows satisfy it; of such a condition it assumes most.
  await knex.raw(`create statistics tn_ledger.${name}_to_read on ${toRead(tables)} from tn_ledger.${name}`);
  await createTable(knex, {
    name: numbersTable(tables),
    comment: numbers.comment,
    columns: {
      ...orderKey(`The order, as in ${name}`),
      telephone_number: numberColumns.telephone_number,
      ...numbers.columns,
    },
    primaryKey: ['account_id', 'order_id', 'telephone_number'],
    indexes: { [`${numbersTable(tables)}_number`]: '(telephone_number, account_id)', ...numbers.indexes },
  });
}

/** Drops what `createOrderTables` created. */
export async function dropOrderTables(knex: Knex, tables: OrderTables): Promise<void> {
  await dropTables(knex, [numbersTable(tables), tables.name]);
}

const numbersTable = ({ name, numbers }: OrderTables) => numbers.name ?? `${name}_numbers`;

const orderKey = (orderId: string): Columns => ({
  account_id: [`${identifier} not null`, 'Bandwidth account ID'],
  order_id: [`${identifier} not null`, orderId],
});

/** Orders without current details, open ones, and those whose details leave open what became of their numbers. */
function toRead({ terminalStatuses, outcomes }: OrderTables): string {
  const statuses = `'{${terminalStatuses.join(',')}}'::text[]`;
  const reasons = [
    'details_at is null',
    '(status, last_modified_date) is distinct from (details_status, details_modified_date)',
    `coalesce(upper(status) <> all (${statuses}), true)`,
    ...(outcomes ? ['unknown_since is not null'] : []),
  ];
  return `(case when ${reasons.join(' or ')} then true else false end)`;
}
