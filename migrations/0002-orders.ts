import type { Knex } from 'knex';

// Breaks nothing: it makes new tables.
//
// The four kinds of orders have much in common, and the same names for it: what is common is written once, below.

type Column = readonly [name: string, type: string, comment: string];

const text = 'text';
const timestamp = 'timestamptz';
const identifier = 'text collate "C"';

const keyColumns: readonly Column[] = [
  ['account_id', `${identifier} not null`, 'Bandwidth account'],
  ['order_id', `${identifier} not null`, "Bandwidth's id of the order"],
  ['customer_order_id', text, 'Id that the customer gave the order'],
];

const dateColumns: readonly Column[] = [
  ['order_date', timestamp, 'When the order was placed'],
  ['last_modified_date', timestamp, 'When Bandwidth last changed the order'],
  ['user_id', text, 'User who placed the order'],
];

const ledgerColumns: readonly Column[] = [
  [
    'details_at',
    timestamp,
    'When its numbers and fields were last read by its id, readings that brought nothing new not counted; null: never',
  ],
  ['details_status', text, 'Status of the order when its details were read'],
  ['details_modified_date', timestamp, 'last_modified_date of the order when its details were read'],
  ['details_error', text, 'Why its details could not be read at the last try; null: they could'],
  [
    'details_tried_at',
    timestamp,
    'When the try was made that details_error tells of; a later one that ended alike leaves it',
  ],
  ['first_seen_at', `${timestamp} not null default now()`, 'When tn-ledger first wrote the order'],
  ['changed_at', `${timestamp} not null default now()`, 'When tn-ledger last changed this row'],
  [
    'raw',
    'jsonb',
    'What Bandwidth says beyond the columns, and the text of values that fit no column type: list, as the list of orders says it, and details, as the order itself; never PINs, carrier account numbers, names or street addresses of subscribers. Null where there is nothing such',
  ],
];

interface OrderTable {
  name: string;
  comment: string;
  statuses: string;
  countComment: string;
  own: readonly Column[];
  numbersComment: string;
}

const orderTables: readonly OrderTable[] = [
  {
    name: 'orders',
    comment: 'Orders of new numbers.',
    statuses: 'RECEIVED, PROCESSING, BACKORDERED, then COMPLETE, PARTIAL, FAILED or CANCELLED',
    countComment: 'How many numbers came',
    own: [
      ['name', text, 'Name of the order'],
      ['site_id', text, 'Site (sub-account) that the numbers are for'],
      ['peer_id', text, 'SIP peer (location) that the numbers are for'],
      ['completed_quantity', 'integer', 'How many numbers the order brought'],
      ['failed_quantity', 'integer', 'How many numbers it could not bring'],
      ['order_complete_date', timestamp, 'When the order ended'],
      ['back_order_requested', 'boolean', 'Whether it waits for numbers that were not available'],
      ['partial_allowed', 'boolean', 'Whether fewer numbers than asked for will do'],
    ],
    numbersComment: 'Numbers that an order brought to the account.',
  },
  {
    name: 'disconnects',
    comment: 'Orders that give numbers back.',
    statuses: 'RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED',
    countComment: 'How many numbers the order names, failed ones too',
    own: [
      ['name', text, 'Name of the order'],
      ['disconnect_mode', text, 'Mode of the disconnect, typically normal'],
      ['protected', text, 'What becomes of the protection of the numbers: TRUE, FALSE or UNCHANGED'],
    ],
    numbersComment: 'Numbers that a disconnect order took from the account; those that failed are not among them.',
  },
  {
    name: 'portins',
    comment: 'Orders that bring numbers from another carrier.',
    statuses:
      'DRAFT, PENDING_DOCUMENTS, SUBMITTED, EXCEPTION, REQUESTED_SUPP, FOC, REQUESTED_CANCEL, then CANCELLED or COMPLETE',
    countComment: 'How many numbers the order names',
    own: [
      ['losing_carrier_id', text, "Bandwidth's id of the carrier that loses the numbers"],
      ['losing_carrier_name', text, 'Carrier that loses the numbers'],
      ['losing_carrier_is_wireless', 'boolean', 'Whether that carrier is a wireless one'],
      ['billing_telephone_number', identifier, 'Billing telephone number at the losing carrier'],
      ['new_billing_telephone_number', identifier, 'Billing telephone number of what stays there'],
      ['requested_foc_date', timestamp, 'When the numbers should be ported'],
      ['actual_foc_date', timestamp, 'When the losing carrier confirmed they are ported (firm order commitment)'],
      ['pon', text, 'Purchase order number'],
      ['port_type', text, 'AUTOMATED, INTERNAL, …'],
      ['partial_port', 'boolean', 'Whether numbers of the same billing telephone number stay behind'],
      ['triggered', 'boolean', 'Whether the customer triggers the port at the time of his choice'],
      ['site_id', text, 'Site (sub-account) that the numbers are for'],
      ['peer_id', text, 'SIP peer (location) that the numbers are for'],
      ['vendor_id', text, 'Id of the carrier that takes the numbers over for Bandwidth'],
      ['vendor_name', text, 'Name of that carrier'],
      ['error_code', text, 'Last error or notice, as the list says; its text may quote personal data, and is not kept'],
    ],
    numbersComment: 'Numbers that a port-in names.',
  },
  {
    name: 'portouts',
    comment: "Other carriers' orders that take numbers away.",
    statuses: 'NEW, FOC, then CANCELLED or COMPLETE',
    countComment: 'How many numbers the order names; 0 while it is new',
    own: [
      ['requested_foc_date', timestamp, 'When the numbers should be ported'],
      ['actual_foc_date', timestamp, 'When it was confirmed that they are ported (firm order commitment)'],
      ['pon', text, 'Purchase order number'],
      ['spid', text, 'Service provider id of the carrier that takes the numbers over'],
      ['vendor_id', text, 'Id of that carrier, as the list says'],
      ['vendor_name', text, 'Name of that carrier'],
      ['error_code', text, 'Last error or notice, as the list says (200: ported)'],
      ['error_message', text, 'Its text'],
    ],
    numbersComment: 'Numbers that a port-out takes away, as the list of port-outs names them.',
  },
];

export async function up(knex: Knex): Promise<void> {
  for (const table of orderTables) {
    await createTable(knex, `tn_ledger.${table.name}`, table.comment, 'account_id, order_id', [
      ...keyColumns,
      ['order_type', text, 'Type of the order, as Bandwidth names it'],
      ['status', text, `Status of the order: ${table.statuses}`],
      ...dateColumns,
      ['count_of_tns', 'integer', table.countComment],
      ...table.own,
      ...ledgerColumns,
    ]);
    await createTable(
      knex,
      `tn_ledger.${table.name}_numbers`,
      table.numbersComment,
      'account_id, order_id, telephone_number',
      [
        ['account_id', `${identifier} not null`, 'Bandwidth account'],
        ['order_id', `${identifier} not null`, `The order, as in ${table.name}`],
        ['telephone_number', `${identifier} not null`, 'Ten digits for a NANP number, E.164 with + for any other'],
        ['first_seen_at', `${timestamp} not null default now()`, 'When tn-ledger first wrote this row'],
      ],
    );
    await createOrderIndexes(knex, table.name);
    await knex.raw(
      `create index ${table.name}_numbers_number on tn_ledger.${table.name}_numbers (account_id, telephone_number)`,
    );
  }
  await createTable(
    knex,
    'tn_ledger.number_assignment_orders',
    'Orders that declare numbers assigned or unassigned to end users, as the API lists them, whoever placed them.',
    'account_id, order_id',
    [
      ...keyColumns,
      ['action', `${text} check (action in ('ASSIGN', 'UNASSIGN'))`, 'ASSIGN or UNASSIGN'],
      ['status', text, 'Status of the order: RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED'],
      ['total_quantity', 'integer', 'How many numbers the order names'],
      ['failed_quantity', 'integer', 'How many of them it refused'],
      ...dateColumns,
      ...ledgerColumns,
    ],
  );
  await createOrderIndexes(knex, 'number_assignment_orders');
  await createTable(
    knex,
    'tn_ledger.number_assignment_order_numbers',
    'Numbers that an assignment order names, and what became of each.',
    'account_id, order_id, telephone_number',
    [
      ['account_id', `${identifier} not null`, 'Bandwidth account'],
      ['order_id', `${identifier} not null`, 'The order, as in number_assignment_orders'],
      ['telephone_number', `${identifier} not null`, 'Ten digits for a NANP number, E.164 with + for any other'],
      [
        'outcome',
        `${text} check (outcome in ('ACCEPTED', 'FAILED'))`,
        'ACCEPTED or FAILED; null while the order is open',
      ],
      ['error_code', text, 'Why it failed (5076: not on the account, 5130: external, 5131: not in service)'],
      ['error_description', text, "The same in Bandwidth's words"],
    ],
  );
  await knex.raw(
    'create index number_assignment_order_numbers_number on tn_ledger.number_assignment_order_numbers (account_id, telephone_number)',
  );
  await createTable(
    knex,
    'tn_ledger.disconnected_numbers',
    'Numbers that the account gave back, each with its latest disconnect.',
    'account_id, telephone_number',
    [
      ['account_id', `${identifier} not null`, 'Bandwidth account'],
      ['telephone_number', `${identifier} not null`, 'Ten digits for a NANP number, E.164 with + for any other'],
      [
        'disconnected_at',
        timestamp,
        'When the number was last disconnected; null while no order is known that tells it',
      ],
      ['order_id', identifier, 'The disconnect order, as in disconnects; null while none is known'],
      ['first_seen_at', `${timestamp} not null default now()`, 'When tn-ledger first wrote the number'],
      ['changed_at', `${timestamp} not null default now()`, 'When tn-ledger last changed this row'],
    ],
  );
  await knex.raw(
    'create index disconnected_numbers_disconnected_at on tn_ledger.disconnected_numbers (account_id, disconnected_at)',
  );
  await createTable(
    knex,
    'tn_ledger.sync_watermarks',
    'Up to where each list that is read by date windows was read completely.',
    'account_id, listing',
    [
      ['account_id', `${identifier} not null`, 'Bandwidth account'],
      ['listing', `${text} not null`, 'Name of the listing'],
      ['since', 'date not null', 'First day (UTC) that was read'],
      ['read_to', 'date not null', 'Last day (UTC) that was read; the next run begins three days before it'],
      ['updated_at', `${timestamp} not null default clock_timestamp()`, 'When read_to was last moved'],
    ],
  );
  await knex.raw(`
    alter table tn_ledger.sync_cursors
      add column window_from date,
      add column window_to date,
      add column rows_left_out bigint not null default 0;
    comment on column tn_ledger.sync_cursors.window_from is 'First day of the date window that is being read; null for a listing that is read whole';
    comment on column tn_ledger.sync_cursors.window_to is 'Last day of the date window that is being read; null for a listing that is read whole';
    comment on column tn_ledger.sync_cursors.rows_left_out is 'Entries of the list that name nothing, and so were not staged';
  `);
}

export async function down(knex: Knex): Promise<void> {
  const tables = [
    'sync_watermarks',
    'disconnected_numbers',
    'number_assignment_order_numbers',
    'number_assignment_orders',
    ...orderTables.flatMap(({ name }) => [`${name}_numbers`, name]),
  ];
  await knex.raw(`
    alter table tn_ledger.sync_cursors drop column window_from, drop column window_to, drop column rows_left_out;
    ${tables.map((table) => `drop table tn_ledger.${table};`).join('\n')}
  `);
}

async function createTable(
  knex: Knex,
  table: string,
  comment: string,
  key: string,
  columns: readonly Column[],
): Promise<void> {
  const definitions = [...columns.map(([name, type]) => `${name} ${type}`), `primary key (${key})`];
  const comments = columns.map(([name, , text]) => `comment on column ${table}.${name} is ${quote(text)};`);
  await knex.raw(`
    create table ${table} (${definitions.join(', ')});
    comment on table ${table} is ${quote(comment)};
    ${comments.join('\n')}
  `);
}

/** For the questions of users (by date, by status), and for finding those whose details are still to be read. */
async function createOrderIndexes(knex: Knex, table: string): Promise<void> {
  await knex.raw(`
    create index ${table}_order_date on tn_ledger.${table} (account_id, order_date);
    create index ${table}_status on tn_ledger.${table} (account_id, status);
    create index ${table}_changed_at on tn_ledger.${table} (changed_at);
  `);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
