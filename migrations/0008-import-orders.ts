import type { Knex } from 'knex';

// Breaks nothing: it makes new tables, and adds a column that is null at first.

type Column = readonly [name: string, type: string, comment: string];

const identifier = 'text collate "C"';

interface OrderTable {
  name: string;
  comment: string;
  statuses: string;
  own: readonly Column[];
  numbersComment: string;
  acceptedMeans: string;
}

const orderTables: readonly OrderTable[] = [
  {
    name: 'import_tn_orders',
    comment:
      "Orders that import numbers of other carriers for hosted messaging (importTnOrders). Such a number stays in the other carrier's inventory.",
    statuses: 'RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED',
    own: [
      ['site_id', 'text', 'Sub-account (site) that the numbers are for'],
      ['peer_id', 'text', 'Location (SIP peer) that the numbers are for'],
      ['loa_type', 'text', 'Type of the letter of authorization: CARRIER or SUBSCRIBER'],
    ],
    numbersComment: 'Numbers that an import order names, and what became of each.',
    acceptedMeans: 'imported',
  },
  {
    name: 'remove_imported_tn_orders',
    comment: 'Orders that remove imported numbers from the account (removeImportedTnOrders).',
    statuses: 'PROCESSING, then COMPLETE, PARTIAL or FAILED',
    own: [],
    numbersComment: 'Numbers that an order to remove imported numbers names, and what became of each.',
    acceptedMeans: 'removed',
  },
];

export async function up(knex: Knex): Promise<void> {
  for (const table of orderTables) {
    await createTable(knex, table.name, table.comment, 'account_id, order_id', orderColumns(table));
    await createTable(
      knex,
      `${table.name}_numbers`,
      table.numbersComment,
      'account_id, order_id, telephone_number',
      numberColumns(table),
    );
    await knex.raw(`
      create index ${table.name}_order_date on tn_ledger.${table.name} (account_id, order_date);
      create index ${table.name}_status on tn_ledger.${table.name} (account_id, status);
      create index ${table.name}_changed_at on tn_ledger.${table.name} (changed_at);
      create index ${table.name}_numbers_number on tn_ledger.${table.name}_numbers (account_id, telephone_number);
    `);
  }
  await knex.raw(`
    alter table tn_ledger.portins add column internal boolean;
    comment on column tn_ledger.order_status_changes.order_kind is
      'Table that holds the order: orders, disconnects, portins, portouts, number_assignment_orders, import_tn_orders or remove_imported_tn_orders';
    comment on column tn_ledger.portins.internal is
      'Whether the numbers move within Bandwidth, from one of its accounts to another; null where neither list nor order says so';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tn_ledger.portins drop column internal;
    comment on column tn_ledger.order_status_changes.order_kind is
      'Table that holds the order: orders, disconnects, portins, portouts or number_assignment_orders';
    ${orderTables.map(({ name }) => `drop table tn_ledger.${name}_numbers; drop table tn_ledger.${name};`).join('\n')}
  `);
}

function orderColumns({ statuses, own }: OrderTable): Column[] {
  return [
    ['account_id', `${identifier} not null`, 'Bandwidth account'],
    ['order_id', `${identifier} not null`, "Bandwidth's id of the order"],
    ['customer_order_id', 'text', 'Id that the customer gave the order'],
    ['order_type', 'text', 'Type of the order, as Bandwidth names it'],
    ['status', 'text', `Status of the order: ${statuses}`],
    ['order_date', 'timestamptz', 'When the order was placed'],
    ['last_modified_date', 'timestamptz', 'When Bandwidth last changed the order'],
    ['user_id', 'text', 'User who placed the order'],
    ['count_of_tns', 'integer', 'How many numbers the order has, as the list says'],
    ...own,
    [
      'details_at',
      'timestamptz',
      'When its numbers and fields were last read by its id, readings that brought nothing new not counted; null: never',
    ],
    ['details_status', 'text', 'Status of the order when its details were read'],
    ['details_modified_date', 'timestamptz', 'last_modified_date of the order when its details were read'],
    ['details_error', 'text', 'Why its details could not be read at the last attempt; null: they could'],
    ['details_tried_at', 'timestamptz', 'When the attempt that details_error describes was made'],
    [
      'unknown_since',
      'timestamptz',
      'Since when the order is at its end and its answers do not tell what became of its numbers: it is read again by every run until one does; null: they tell',
    ],
    ['unknown_reason', 'text', 'What in its last answer does not add up; null: nothing'],
    ['first_seen_at', 'timestamptz not null default now()', 'When tn-ledger first wrote the order'],
    ['changed_at', 'timestamptz not null default now()', 'When tn-ledger last changed this row'],
    [
      'raw',
      'jsonb',
      'What Bandwidth says beyond the columns, and the text of values that fit no column type: list, as the list of orders says it, and details, as the order itself; never names or addresses of subscribers, nor who signed the letter of authorization. Null where there is nothing such',
    ],
  ];
}

function numberColumns({ name, acceptedMeans }: OrderTable): Column[] {
  return [
    ['account_id', `${identifier} not null`, 'Bandwidth account'],
    ['order_id', `${identifier} not null`, `The order, as in ${name}`],
    ['telephone_number', `${identifier} not null`, 'Ten digits for a NANP number, E.164 with + for any other'],
    [
      'outcome',
      "text check (outcome in ('ACCEPTED', 'FAILED', 'UNKNOWN'))",
      `ACCEPTED (${acceptedMeans}) or FAILED; UNKNOWN where the order is at its end and its answer does not tell; null while the order is open`,
    ],
    ['error_code', 'text', 'Why it failed (7518: not active)'],
    ['error_description', 'text', "The same in Bandwidth's words, personal data left out"],
  ];
}

async function createTable(
  knex: Knex,
  name: string,
  comment: string,
  key: string,
  columns: readonly Column[],
): Promise<void> {
  const table = `tn_ledger.${name}`;
  const definitions = [...columns.map(([column, type]) => `${column} ${type}`), `primary key (${key})`];
  const comments = columns.map(([column, , text]) => `comment on column ${table}.${column} is ${quote(text)};`);
  await knex.raw(`
    create table ${table} (${definitions.join(', ')});
    comment on table ${table} is ${quote(comment)};
    ${comments.join('\n')}
  `);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
