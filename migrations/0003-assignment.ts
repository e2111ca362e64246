import type { Knex } from 'knex';
import { createTable, dropTables, identifier } from './create-table.js';

// Without foreign keys: a batch of a million numbers is recorded in one transaction of seconds, the checks would take half of it,
// and batches are never deleted.

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'assignment_batches',
    comment:
      'Files of numbers that were submitted to be marked assigned or unassigned, one row per file, including files rejected as a whole.',
    columns: {
      batch_id: ['bigint generated always as identity', 'Number of the batch, ascending'],
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      action: [
        "text check (action in ('ASSIGN', 'UNASSIGN', 'MIXED'))",
        "ASSIGN or UNASSIGN; MIXED if the file's lines have both; null if a rejected file doesn't say",
      ],
      file_name: ['text not null', 'Name of the file, without its folder'],
      file_sha256: [
        identifier,
        "SHA-256 of the file's content: the same content and action is the same batch; null if a rejected file can't be read",
      ],
      number_column: ['text', 'Header of the column of numbers; null for a list without a header'],
      has_action_column: [
        'boolean',
        'Whether the file has a column with the action of each line; null for a rejected file',
      ],
      batch_key: [
        `${identifier} unique`,
        "Part of the orders' CustomerOrderIds that is unique to the batch; null for a rejected file",
      ],
      customer_order_id: ['text', 'Prefix of the CustomerOrderIds if the operator chose one'],
      results_folder: ['text', 'Folder for the results; null for a file of the inbox, whose results are put with it'],
      status: [
        "text not null check (status in ('open', 'finished', 'rejected'))",
        'open: an order is still to be placed or has not ended; finished; rejected: the file was not submitted, for the reason in reason',
      ],
      total_count: [
        'integer',
        'Lines that have a number or should have one; null if the lines of a rejected file were not read',
      ],
      accepted_count: ['integer not null default 0', 'Numbers that Bandwidth accepted'],
      failed_count: ['integer not null default 0', 'Numbers that Bandwidth refused'],
      rejected_count: [
        'integer default 0',
        'Lines that were not sent: not a number, a duplicate, not in the inventory; null if the lines of a rejected file were not read',
      ],
      skipped_count: ['integer not null default 0', 'Numbers that were not sent because they were marked so already'],
      unknown_count: ['integer not null default 0', "Numbers of ended orders whose outcome Bandwidth doesn't state"],
      created_at: [
        'timestamptz not null default clock_timestamp()',
        'When the batch was recorded, before its first order was placed',
      ],
      finished_at: ['timestamptz', 'When the last of its orders ended; null while one has not'],
      reason: ['text', 'Why the file was rejected as a whole; null if it was not'],
      file_path: ['text', 'Where a rejected file is, on the machine that read it; null if it was not rejected'],
      acknowledged_at: [
        'timestamptz',
        'When the rejection was acknowledged (tn-ledger assignments <batch> --acknowledge): it needs no more attention; null: it was not',
      ],
      replaced_by: [
        'bigint',
        'Batch of a later file that replaces this rejected one: one with the same name, or one with the same content that was not rejected; null: none',
      ],
    },
    primaryKey: ['batch_id'],
    constraints: {
      assignment_batches_taken_check: `check (status = 'rejected'
        or (action is not null and file_sha256 is not null and has_action_column is not null and batch_key is not null
          and total_count is not null and rejected_count is not null))`,
      assignment_batches_reason_check: `check ((status = 'rejected') = (reason is not null))`,
    },
    indexes: {
      assignment_batches_content: '(account_id, file_sha256)',
      assignment_batches_ended: '(coalesce(finished_at, created_at))',
      assignment_batches_unknown: '(account_id, batch_id) where unknown_count > 0',
      assignment_batches_open: `(account_id, batch_id) where status = 'open'`,
      assignment_batches_rejected: `(account_id, file_name) where status = 'rejected' and acknowledged_at is null and replaced_by is null`,
    },
  });
  await createTable(knex, {
    name: 'assignment_orders',
    comment: 'The orders of each batch, at most 5,000 numbers each, including orders that are not placed yet.',
    columns: {
      batch_id: ['bigint not null', 'The batch, as in assignment_batches'],
      chunk_number: ['integer not null', 'Position among the orders of the batch, from 1'],
      action: ["text not null check (action in ('ASSIGN', 'UNASSIGN'))", 'ASSIGN or UNASSIGN'],
      customer_order_id: [
        `${identifier} not null unique`,
        "tn-ledger's own ID of the order, by which it is found if Bandwidth's response was lost",
      ],
      order_id: [identifier, "Bandwidth's ID of the order; null while none is known"],
      status: [
        'text not null',
        "prepared (not sent), submitting (sent, or about to be), unknown (sent, with no way to tell whether it was placed); then Bandwidth's status: RECEIVED, PROCESSING, COMPLETE, PARTIAL, FAILED",
      ],
      number_count: ['integer not null', 'How many numbers the order sends'],
      total_quantity: ['integer', 'How many numbers the order has, according to Bandwidth'],
      failed_quantity: ['integer', 'How many of them failed, according to Bandwidth'],
      attempts: ['integer not null default 0', 'How often the order was sent or searched for'],
      error_code: ['text', "Bandwidth's error code if the whole order failed; else null"],
      error_description: ['text', 'Text of error_code, or why the status is unknown'],
      submitted_at: ['timestamptz', 'When the order was last sent; null: never'],
      finished_at: ['timestamptz', 'When the order was found to have ended; null while it has not'],
    },
    primaryKey: ['batch_id', 'chunk_number'],
    indexes: {
      assignment_orders_order_id: '(order_id) where order_id is not null',
      assignment_orders_unknown: `(batch_id) where status = 'unknown'`,
    },
  });
  await createTable(knex, {
    name: 'assignment_numbers',
    comment: "The lines of each batch's file, each with its outcome.",
    columns: {
      batch_id: ['bigint not null', 'The batch, as in assignment_batches'],
      line_number: ['integer not null', 'Line of the file, from 1'],
      number_as_given: ['text', 'Content of the cell; null if it is just the ten digits'],
      telephone_number: [identifier, 'The number, ten digits; null if the line has none'],
      chunk_number: ['integer', 'The order that sends the number, as in assignment_orders; null: none'],
      outcome: [
        "text check (outcome in ('ACCEPTED', 'FAILED', 'REJECTED', 'SKIPPED', 'UNKNOWN'))",
        'ACCEPTED or FAILED by Bandwidth; REJECTED before anything was sent; SKIPPED because it was marked so already; UNKNOWN if the order has ended and its counts are inconsistent; null while the order is open',
      ],
      error_code: [
        'text',
        "Bandwidth's error code (5076: not on the account, 5131: not in service), or tn-ledger's own for a line that was not sent; null: no error",
      ],
      error_description: ['text', 'Text of error_code'],
    },
    primaryKey: ['batch_id', 'line_number'],
    indexes: { assignment_numbers_chunk: '(batch_id, chunk_number) where chunk_number is not null' },
    // Each row is written twice, the second time with its outcome: if its page has room for it, no index changes.
    storage: 'fillfactor = 50',
  });
}

export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, ['assignment_numbers', 'assignment_orders', 'assignment_batches']);
}
