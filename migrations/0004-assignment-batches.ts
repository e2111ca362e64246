import type { Knex } from 'knex';

// Breaks nothing: it makes new tables.
//
// There are no foreign keys: a batch of a million numbers is recorded in one transaction of seconds, of which the checks would take
// half, and batches are never deleted.

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tn_ledger.assignment_batches (
      batch_id bigint generated always as identity primary key,
      account_id text collate "C" not null,
      action text not null check (action in ('ASSIGN', 'UNASSIGN', 'MIXED')),
      file_name text not null,
      file_sha256 text collate "C" not null,
      number_column text,
      has_action_column boolean not null,
      batch_key text collate "C" not null unique,
      customer_order_id text,
      results_folder text,
      status text not null check (status in ('open', 'finished')),
      total_count integer not null,
      accepted_count integer not null default 0,
      failed_count integer not null default 0,
      rejected_count integer not null default 0,
      skipped_count integer not null default 0,
      unknown_count integer not null default 0,
      created_at timestamptz not null default clock_timestamp(),
      finished_at timestamptz
    );
    create index assignment_batches_content on tn_ledger.assignment_batches (account_id, file_sha256);
    create index assignment_batches_open on tn_ledger.assignment_batches (account_id, batch_id) where status = 'open';
    comment on table tn_ledger.assignment_batches is
      'Files of numbers that were handed in to be declared assigned or unassigned, one row for each that was taken.';
    comment on column tn_ledger.assignment_batches.batch_id is 'Number of the batch, rising';
    comment on column tn_ledger.assignment_batches.account_id is 'Bandwidth account';
    comment on column tn_ledger.assignment_batches.action is 'ASSIGN or UNASSIGN; MIXED where the lines of the file say different ones';
    comment on column tn_ledger.assignment_batches.file_name is 'Name of the file, without its folder';
    comment on column tn_ledger.assignment_batches.file_sha256 is 'Fingerprint of its content: the same content and action is the same batch';
    comment on column tn_ledger.assignment_batches.number_column is 'Header of the column that held the numbers; null for a list without a header';
    comment on column tn_ledger.assignment_batches.has_action_column is 'Whether the file said the action of each line';
    comment on column tn_ledger.assignment_batches.batch_key is 'What makes the CustomerOrderIds of the batch its own';
    comment on column tn_ledger.assignment_batches.customer_order_id is 'What the CustomerOrderIds begin with, where the operator said so';
    comment on column tn_ledger.assignment_batches.results_folder is 'Where the results were asked for; null for a file of the inbox, whose results go with it';
    comment on column tn_ledger.assignment_batches.status is 'open: some order is still to be placed, or not at its end; finished';
    comment on column tn_ledger.assignment_batches.total_count is 'Lines of the file that name a number, or fail to';
    comment on column tn_ledger.assignment_batches.accepted_count is 'Numbers that Bandwidth accepted';
    comment on column tn_ledger.assignment_batches.failed_count is 'Numbers that Bandwidth refused';
    comment on column tn_ledger.assignment_batches.rejected_count is 'Lines that were not sent: no number, a duplicate, not in the inventory';
    comment on column tn_ledger.assignment_batches.skipped_count is 'Numbers that were not sent because they were already declared so';
    comment on column tn_ledger.assignment_batches.unknown_count is 'Numbers of orders at their end of which Bandwidth did not tell what became of them';
    comment on column tn_ledger.assignment_batches.created_at is 'When the batch was recorded, before its first order was placed';
    comment on column tn_ledger.assignment_batches.finished_at is 'When the last of its orders was at its end; null while one is not';

    create table tn_ledger.assignment_orders (
      batch_id bigint not null,
      chunk_number integer not null,
      action text not null check (action in ('ASSIGN', 'UNASSIGN')),
      customer_order_id text collate "C" not null unique,
      order_id text collate "C",
      status text not null,
      number_count integer not null,
      total_quantity integer,
      failed_quantity integer,
      attempts integer not null default 0,
      error_code text,
      error_description text,
      submitted_at timestamptz,
      finished_at timestamptz,
      primary key (batch_id, chunk_number)
    );
    create index assignment_orders_order_id on tn_ledger.assignment_orders (order_id) where order_id is not null;
    comment on table tn_ledger.assignment_orders is 'The orders of each batch, at most 5000 numbers each, whether they are placed yet or not.';
    comment on column tn_ledger.assignment_orders.batch_id is 'The batch, as in assignment_batches';
    comment on column tn_ledger.assignment_orders.chunk_number is 'Which of the batch''s orders, counted from 1';
    comment on column tn_ledger.assignment_orders.action is 'ASSIGN or UNASSIGN';
    comment on column tn_ledger.assignment_orders.customer_order_id is 'Our own id of the order, by which it is found again when its answer was lost';
    comment on column tn_ledger.assignment_orders.order_id is 'Bandwidth''s id of the order; null while none is known';
    comment on column tn_ledger.assignment_orders.status is 'prepared (not sent yet), submitting (sent, or about to be), unknown (sent, and nobody can tell what became of it); from there on Bandwidth''s word: RECEIVED, PROCESSING, COMPLETE, PARTIAL, FAILED';
    comment on column tn_ledger.assignment_orders.number_count is 'How many numbers it sends';
    comment on column tn_ledger.assignment_orders.total_quantity is 'How many numbers Bandwidth says it names';
    comment on column tn_ledger.assignment_orders.failed_quantity is 'How many of them Bandwidth says it refused';
    comment on column tn_ledger.assignment_orders.attempts is 'How often it was sent, or looked for instead';
    comment on column tn_ledger.assignment_orders.error_code is 'Why the order as a whole failed, by Bandwidth''s code';
    comment on column tn_ledger.assignment_orders.error_description is 'The same in words; also why nobody can tell what became of it';
    comment on column tn_ledger.assignment_orders.submitted_at is 'When it was last sent';
    comment on column tn_ledger.assignment_orders.finished_at is 'When it was found at its end';

    create table tn_ledger.assignment_numbers (
      batch_id bigint not null,
      line_number integer not null,
      number_as_given text,
      telephone_number text collate "C",
      chunk_number integer,
      outcome text check (outcome in ('ACCEPTED', 'FAILED', 'REJECTED', 'SKIPPED', 'UNKNOWN')),
      error_code text,
      error_description text,
      primary key (batch_id, line_number)
    ) with (fillfactor = 50); -- each row is written a second time, with its outcome: on its page, no index has to follow
    create index assignment_numbers_chunk on tn_ledger.assignment_numbers (batch_id, chunk_number) where chunk_number is not null;
    comment on table tn_ledger.assignment_numbers is 'The lines of each batch''s file, and what became of each.';
    comment on column tn_ledger.assignment_numbers.batch_id is 'The batch, as in assignment_batches';
    comment on column tn_ledger.assignment_numbers.line_number is 'Line of the file, counted from 1';
    comment on column tn_ledger.assignment_numbers.number_as_given is 'The cell as it was in the file; null where it was the ten digits and nothing else';
    comment on column tn_ledger.assignment_numbers.telephone_number is 'The number, ten digits; null where the line has none';
    comment on column tn_ledger.assignment_numbers.chunk_number is 'The order that sends it, as in assignment_orders; null where none does';
    comment on column tn_ledger.assignment_numbers.outcome is 'ACCEPTED or FAILED by Bandwidth, REJECTED before anything was sent, SKIPPED as declared already, UNKNOWN where the order is at its end and its counts do not add up; null while the order is open';
    comment on column tn_ledger.assignment_numbers.error_code is 'Bandwidth''s code (5076: not on the account, 5131: not in service), or a word of tn-ledger''s own for lines that were not sent';
    comment on column tn_ledger.assignment_numbers.error_description is 'The same in words';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table tn_ledger.assignment_numbers;
    drop table tn_ledger.assignment_orders;
    drop table tn_ledger.assignment_batches;
  `);
}
