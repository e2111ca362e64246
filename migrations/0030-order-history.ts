import type { Knex } from 'knex';
import { type Columns, createTable, dropTables, identifier } from './create-table.js';

// Breaks nothing: it makes new tables.

const ofOrder: Columns = {
  account_id: [`${identifier} not null`, 'Bandwidth account ID'],
  order_kind: [`${identifier} not null`, 'Table that contains the order'],
  order_id: [`${identifier} not null`, 'The order'],
};

const rowColumns: Columns = {
  first_seen_at: ['timestamptz not null default now()', 'When tn-ledger first stored this row'],
  missing_since: [
    'timestamptz',
    "When Bandwidth's response first lacked it, although it lists others of the same order; null: the last response has it. Such a row is kept",
  ],
  raw: [
    'jsonb',
    'Fields that have no column, and the text of values that fit no column type, if they are known to hold no personal data; null if there are none',
  ],
};

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'order_history',
    comment:
      "What happened to orders, as Bandwidth tells it (orders/{id}/history): read for orders that are open or newly closed. order_history_reads has when each order's history was read.",
    columns: {
      ...ofOrder,
      event_number: [
        'integer not null',
        'Number of the event within the order, from 1, in the order in which tn-ledger first saw them; equal events have one each',
      ],
      occurred_at: ['timestamptz', 'When it happened; null if the date cannot be read'],
      status: ['text', 'Status of the order after it'],
      author: ['text', 'User who caused it; System: Bandwidth'],
      note: [
        'text',
        'What happened. A text that is not one of the sentences that tn-ledger knows to be standard may contain personal data: it is stored only with TN_LEDGER_KEEP_NOTES=1',
      ],
      note_code: ['text', 'Error code at the beginning of the text, such as 7999; stored in any case'],
      changed_fields: ['text[]', 'Names of the fields of the order that it changed; stored in any case'],
      difference: [
        'text',
        'What it changed in these fields, old and new values; stored only with TN_LEDGER_KEEP_NOTES=1',
      ],
      free_text: [
        "text check (free_text in ('kept', 'left out'))",
        'Whether free text of the event is stored in note or difference: kept or left out; null: it has none',
      ],
      ...rowColumns,
    },
    primaryKey: ['account_id', 'order_kind', 'order_id', 'event_number'],
    indexes: { order_history_free_text: `(account_id) where free_text = 'kept'` },
  });
  await createTable(knex, {
    name: 'order_notes',
    comment:
      'Notes of orders (orders/{id}/notes): read for orders that are open or newly closed, and only with TN_LEDGER_KEEP_NOTES=1, because they may contain personal data. Without it, the next run deletes them.',
    columns: {
      ...ofOrder,
      note_number: [
        'integer not null',
        'Number of the note within the order, from 1, in the order in which tn-ledger first saw them',
      ],
      note_id: [identifier, "Bandwidth's ID of the note; null if it has none"],
      user_id: ['text', 'User who wrote it'],
      description: ['text', 'Text of the note'],
      last_modified_date: ['timestamptz', 'When the note was written or last changed'],
      ...rowColumns,
    },
    primaryKey: ['account_id', 'order_kind', 'order_id', 'note_number'],
  });
  await createTable(knex, {
    name: 'order_history_reads',
    comment:
      'When the history and the notes of each order were read, and what the order was like then: what was read is read again when the order has changed.',
    columns: {
      ...ofOrder,
      part: ["text not null check (part in ('history', 'notes'))", 'What was read: history or notes'],
      tried_at: [
        'timestamptz',
        "Last attempt to read it, by the API's clock; null: none yet, because a limit of the run was reached",
      ],
      read_at: ['timestamptz', 'Last attempt that succeeded; null: none did'],
      result: [
        "text check (result in ('listed', 'none', 'unsupported'))",
        'What the API returned: listed, none, or unsupported (Bandwidth has no history of drafts); null: it was never read',
      ],
      status: ['text', 'Status of the order, as known before it was read'],
      last_modified_date: ['timestamptz', 'last_modified_date of the order, as known before it was read'],
      is_final: ['boolean not null', 'Whether the order was closed when it was read'],
      error: ['text', 'Why the last attempt failed; null if it succeeded'],
    },
    primaryKey: ['account_id', 'order_kind', 'order_id', 'part'],
    indexes: { order_history_reads_open: '(account_id, order_kind, part, order_id) where not is_final' },
  });
}

export const down = (knex: Knex) => dropTables(knex, ['order_history_reads', 'order_notes', 'order_history']);
