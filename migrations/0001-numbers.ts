import type { Knex } from 'knex';
import { type Columns, createTable, dropTables, identifier, numberColumns } from './create-table.js';

// Numbers and their histories. Histories are bitemporal: valid_from and valid_to say when something was so, recorded_from and
// recorded_to when the ledger said so.

/** Part of a number that a NANP number has, and no other. */
const nanpPrefix = (length: number) => `${identifier} generated always as (
  case when length(telephone_number) = 10 and telephone_number >= '2' and ltrim(telephone_number, '0123456789') = ''
    then substr(telephone_number, 1, ${length}) end) stored`;

const interval: Columns = {
  valid_from: [
    'timestamptz not null',
    'Start of the interval: the date of the event if Bandwidth gives one, else when tn-ledger found it',
  ],
  valid_to: ['timestamptz', 'End of the interval, exclusive; null: still valid'],
};

const recordedNow: Columns = {
  recorded_from: ['timestamptz not null default now()', 'When tn-ledger recorded this interval'],
};

const recordedOnce: Columns = {
  recorded_from: ['timestamptz not null', 'When tn-ledger recorded this interval'],
  recorded_to: ['timestamptz not null', 'When tn-ledger replaced it, exclusive'],
};

const statusColumns: Columns = {
  status: ['text not null', 'Status in the interval: Inservice, Aging, …'],
  ...interval,
};

const statusOrders: Columns = {
  from_order_id: [
    identifier,
    'Order that dates the start: a number order or port-in, or the disconnect or port-out that a status after service starts with; null if the start comes from the number itself or from the run that found it',
  ],
  to_order_id: [
    identifier,
    'Disconnect order or port-out that dates the end; null if the end comes from the number itself or from the run that found it',
  ],
};

const assignmentColumns: Columns = {
  assignment_status: [
    "text not null check (assignment_status in ('ASSIGNED', 'UNASSIGNED'))",
    'ASSIGNED or UNASSIGNED',
  ],
  order_id: [
    `${identifier} not null`,
    'Assignment order that set the status, as in number_assignment_orders; the first of several that set the same',
  ],
  ...interval,
};

const validInterval = 'check (valid_from < valid_to)';
const recordedInterval = 'check (recorded_from < recorded_to)';

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'telephone_numbers',
    comment:
      'Every telephone number that the in-service list or the number details ever named for an account. A number that neither names any more keeps its row, with removed_at set.',
    columns: {
      ...numberColumns,
      status: [
        'text not null',
        'Status in the number details (Inservice, Aging, …); Inservice if only the in-service list or the details of another account name the number. If removed_at is set, the last known status',
      ],
      city: ['text', 'City, as Bandwidth spells it'],
      state: ['text', 'Two-letter state or province'],
      rate_center: ['text', 'Rate center abbreviation'],
      lata: ['text', 'LATA number, as text'],
      tier: ['text', 'Bandwidth price tier, as text'],
      vendor_id: ['text', 'ID of the carrier that the number comes from'],
      vendor_name: ['text', 'Name of the carrier that the number comes from'],
      in_service_date: ['timestamptz', 'When the number came into service, according to the number details'],
      last_modified: ['timestamptz', 'When Bandwidth last changed the number, according to the number details'],
      assignment_status: [
        "text check (assignment_status in ('ASSIGNED', 'UNASSIGNED'))",
        'Current assignment status at Bandwidth: ASSIGNED, UNASSIGNED, or null if none is known',
      ],
      first_seen_at: ['timestamptz not null default now()', 'When tn-ledger first stored the number'],
      removed_at: [
        'timestamptz',
        'When tn-ledger found that neither list names the number any more; null while one does',
      ],
      changed_at: ['timestamptz not null default now()', 'When tn-ledger last changed this row'],
      raw: [
        'jsonb',
        'Fields of the number details that have no column, and the text of values that fit no column type; null if there are none',
      ],
      npa: [nanpPrefix(3), 'Area code (919); null if the number is not a NANP number'],
      npa_nxx: [nanpPrefix(6), 'Central office code (919555); null if the number is not a NANP number'],
      npa_nxx_x: [nanpPrefix(7), 'Thousands-block (9195550); null if the number is not a NANP number'],
      owner_account_id: [
        identifier,
        "Other account that the number details name for a number in service (hosted numbers: the account that has the voice service). The details are then that account's, and its in-service date is in raw. Null: the account itself, or unknown",
      ],
      discrepancy: [
        "text check (discrepancy in ('no details', 'other status'))",
        'How the number details differ from the in-service list, which names the number. no details: they omit it, or were not read yet; the details in this row are older, or null. other status: they give it a status other than Inservice. Null: they agree',
      ],
    },
    primaryKey: ['account_id', 'telephone_number'],
    indexes: {
      telephone_numbers_number: '(telephone_number)',
      telephone_numbers_first_seen_at: '(account_id, first_seen_at)',
      telephone_numbers_removed_at: '(removed_at) where removed_at is not null',
    },
  });
  await createTable(knex, {
    name: 'telephone_number_versions',
    comment:
      'Earlier contents of rows of telephone_numbers. A version was current from replaced_at of the version before it (the first: from first_seen_at of the number) to its own replaced_at. Details that were merely unknown before leave no version.',
    columns: {
      ...numberColumns,
      status: ['text not null', 'Earlier status'],
      city: ['text', 'Earlier city'],
      state: ['text', 'Earlier state'],
      rate_center: ['text', 'Earlier rate_center'],
      lata: ['text', 'Earlier lata'],
      tier: ['text', 'Earlier tier'],
      vendor_id: ['text', 'Earlier vendor_id'],
      vendor_name: ['text', 'Earlier vendor_name'],
      in_service_date: ['timestamptz', 'Earlier in_service_date'],
      last_modified: ['timestamptz', 'Earlier last_modified'],
      removed_at: [
        'timestamptz',
        'Earlier removed_at; if set, the number was gone in this version and came back at replaced_at',
      ],
      owner_account_id: [identifier, 'Earlier owner_account_id'],
      replaced_at: ['timestamptz not null', 'When a run replaced this version'],
    },
    primaryKey: ['account_id', 'telephone_number', 'replaced_at'],
    indexes: { telephone_number_versions_replaced_at: '(account_id, replaced_at)' },
  });
  await createTable(knex, {
    name: 'number_status_history',
    comment:
      "The status of each number over time, as currently known. One number's intervals never overlap; when a number leaves the account, its last interval ends.",
    columns: { ...numberColumns, ...statusColumns, ...statusOrders, ...recordedNow },
    primaryKey: ['account_id', 'telephone_number', 'valid_from'],
    constraints: { number_status_history_interval: validInterval },
    indexes: {
      number_status_history_number: '(telephone_number)',
      number_status_history_recorded_from: 'using brin (recorded_from)',
      number_status_history_from_order: '(account_id, from_order_id) where from_order_id is not null',
      number_status_history_to_order: '(account_id, to_order_id) where to_order_id is not null',
    },
    uniqueIndexes: { number_status_history_open: '(account_id, telephone_number) where valid_to is null' },
  });
  await createTable(knex, {
    name: 'number_status_history_superseded',
    comment: 'Intervals of number_status_history that later information replaced, and when the ledger held them.',
    columns: { ...numberColumns, ...statusColumns, ...statusOrders, ...recordedOnce },
    constraints: {
      number_status_history_superseded_interval: validInterval,
      number_status_history_superseded_recorded: recordedInterval,
    },
    indexes: {
      number_status_history_superseded_number: '(telephone_number, account_id)',
      number_status_history_superseded_recorded_to: '(account_id, recorded_to)',
    },
  });
  await createTable(knex, {
    name: 'number_assignment_history',
    comment:
      "The assignment status of each number over time, as currently known. One number's intervals never overlap; when a number leaves the account, its last interval ends.",
    columns: { ...numberColumns, ...assignmentColumns, ...recordedNow },
    primaryKey: ['account_id', 'telephone_number', 'valid_from'],
    constraints: { number_assignment_history_interval: validInterval },
    indexes: {
      number_assignment_history_number: '(telephone_number)',
      number_assignment_history_order: '(account_id, order_id)',
      number_assignment_history_recorded_from: '(account_id, recorded_from)',
    },
    uniqueIndexes: { number_assignment_history_open: '(account_id, telephone_number) where valid_to is null' },
  });
  await createTable(knex, {
    name: 'number_assignment_history_superseded',
    comment: 'Intervals of number_assignment_history that later information replaced, and when the ledger held them.',
    columns: { ...numberColumns, ...assignmentColumns, ...recordedOnce },
    constraints: {
      number_assignment_history_superseded_interval: validInterval,
      number_assignment_history_superseded_recorded: recordedInterval,
    },
    indexes: {
      number_assignment_history_superseded_number: '(telephone_number, account_id)',
      number_assignment_history_superseded_recorded_to: '(account_id, recorded_to)',
    },
  });
  await createTable(knex, {
    name: 'disconnected_numbers',
    comment: 'Numbers that the account disconnected, each with its latest disconnect.',
    columns: {
      ...numberColumns,
      disconnected_at: [
        'timestamptz',
        'When the number was last disconnected; null while no known order gives the date',
      ],
      order_id: [identifier, 'The disconnect order, as in disconnects; null while none is known'],
      first_seen_at: ['timestamptz not null default now()', 'When tn-ledger first stored this row'],
      changed_at: ['timestamptz not null default now()', 'When tn-ledger last changed this row'],
    },
    primaryKey: ['account_id', 'telephone_number'],
    indexes: {
      disconnected_numbers_disconnected_at: '(disconnected_at)',
      disconnected_numbers_order: '(account_id, order_id) where order_id is not null',
    },
  });
}

export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, [
    'disconnected_numbers',
    'number_assignment_history_superseded',
    'number_assignment_history',
    'number_status_history_superseded',
    'number_status_history',
    'telephone_number_versions',
    'telephone_numbers',
  ]);
}
