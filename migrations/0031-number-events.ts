import type { Knex } from 'knex';
import { createTable, dropTables, identifier, numberColumns } from './create-table.js';

// Breaks nothing: it makes new tables.

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'number_events',
    comment:
      "What Bandwidth's history of single numbers (/tns/{tn}/history) says about this account. fetch-number-histories reads it for numbers whose moves no order in the ledger explains. It is shown and doesn't change other tables.",
    columns: {
      ...numberColumns,
      event_number: ['integer not null', 'Position of the event among those of the number in this account, from 1'],
      event_at: ['timestamptz', 'When it happened, according to Bandwidth; null: unknown'],
      status: ['text', 'Status of the number from then on'],
      order_id: [identifier, 'The order that caused it'],
      order_type: ['text', "Bandwidth's name of the order's type, such as NEW_NUMBER_ORDER"],
      order_status: ['text', 'Status of the order at the time; only some types of orders have one'],
      order_date: ['timestamptz', 'When the order was placed'],
      user_id: ['text', 'User who placed the order'],
      recorded_from: ['timestamptz not null default now()', 'When tn-ledger first read the event'],
    },
    primaryKey: ['account_id', 'telephone_number', 'event_number'],
    indexes: { number_events_number: '(telephone_number)' },
  });
  await createTable(knex, {
    name: 'unexplained_moves',
    comment:
      "Numbers that joined or left the inventory without an order in the ledger that explains it, since the first day from which number orders were read, and what Bandwidth's history of the number says about it. A row is deleted when an order explains the move.",
    columns: {
      ...numberColumns,
      kind: ['text not null', 'arrival: it joined the inventory; departure: it left'],
      moved_at: ['timestamptz not null', 'When, according to number_status_history: a start or an end of service'],
      after_at: [
        'timestamptz',
        'Earliest time for an explanation: of an arrival, the end of the service before it (null: there was none); of a departure, the start of the service',
      ],
      found_at: ['timestamptz not null default now()', 'When tn-ledger found that no order explains it'],
      read_at: ['timestamptz', "When tn-ledger read Bandwidth's history of the number for it; null: not yet"],
      event_at: ['timestamptz', 'When the event in that history happened that explains it; null: none does'],
      order_id: [identifier, 'Order of that event'],
      order_type: ['text', "Bandwidth's name of the order's type; null for an event on another customer's account"],
      error: ['text', "Why the history couldn't be read; null: it was, or wasn't requested"],
    },
    primaryKey: ['account_id', 'telephone_number', 'kind', 'moved_at'],
    constraints: { unexplained_moves_kind: `check (kind in ('arrival', 'departure'))` },
    indexes: { unexplained_moves_to_read: '(account_id, moved_at) where read_at is null' },
  });
  await createTable(knex, {
    name: 'move_checks',
    comment: 'Up to when fetch-number-histories compared the status history of each account with its orders.',
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      since: ['date not null', 'First day of the moves that were compared: from that day on, number orders were read'],
      checked_to: ['timestamptz not null', 'Whatever was recorded before this time was compared'],
    },
    primaryKey: ['account_id'],
  });
}

export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, ['move_checks', 'unexplained_moves', 'number_events']);
}
