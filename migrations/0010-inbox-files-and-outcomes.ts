import type { Knex } from 'knex';

// Breaks nothing: it adds columns and allows values that earlier versions never wrote.
//
// Earlier versions took numbers for accepted though the counts of their order did not add up. Those orders are read again by the
// next run of sync-number-assignments, which corrects the outcomes and the histories that follow from them.

/** Orders at their end whose numbers and counts contradict each other, or of which an outcome was never stored. */
const contradictory = `
  upper(o.status) in ('COMPLETE', 'PARTIAL') and o.details_at is not null and (
    n.unknown > 0
    or upper(o.status) = 'PARTIAL' and n.failed = 0
    or o.total_quantity <> n.numbers
    or o.failed_quantity <> n.failed)`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tn_ledger.number_assignment_order_numbers
      drop constraint number_assignment_order_numbers_outcome_check,
      add constraint number_assignment_order_numbers_outcome_check check (outcome in ('ACCEPTED', 'FAILED', 'UNKNOWN'));
    comment on column tn_ledger.number_assignment_order_numbers.outcome is
      'ACCEPTED or FAILED; UNKNOWN where the order is at its end and its answer does not tell, which counts as not accepted until a later answer does; null while the order is open';
    alter table tn_ledger.number_assignment_orders
      add column unknown_since timestamptz,
      add column unknown_reason text;
    comment on column tn_ledger.number_assignment_orders.unknown_since is
      'Since when the order is at its end and its answers do not tell what became of its numbers: it is read again by every run until one does; null: they tell';
    comment on column tn_ledger.number_assignment_orders.unknown_reason is 'What in its last answer does not add up; null: nothing';

    create temp table contradictory on commit drop as
    select o.account_id, o.order_id, n.unknown
      from tn_ledger.number_assignment_orders o
      cross join lateral (
        select count(*) as numbers, count(*) filter (where outcome = 'FAILED') as failed,
               count(*) filter (where outcome is null) as unknown
          from tn_ledger.number_assignment_order_numbers n
         where n.account_id = o.account_id and n.order_id = o.order_id) as n
     where ${contradictory};
    update tn_ledger.number_assignment_order_numbers n set outcome = 'UNKNOWN'
      from contradictory c
     where n.account_id = c.account_id and n.order_id = c.order_id and n.outcome is null;
    update tn_ledger.number_assignment_orders o
       set unknown_since = now(), unknown_reason = 'its numbers and its counts did not add up in an earlier version of tn-ledger'
      from contradictory c
     where o.account_id = c.account_id and o.order_id = c.order_id;
    drop table contradictory;

    create index number_assignment_order_numbers_unknown on tn_ledger.number_assignment_order_numbers (account_id, order_id)
      where outcome = 'UNKNOWN';
    create index number_assignment_orders_unknown on tn_ledger.number_assignment_orders (account_id, order_id)
      where unknown_since is not null;

    alter table tn_ledger.assignment_batches
      drop constraint assignment_batches_status_check,
      add constraint assignment_batches_status_check check (status in ('open', 'finished', 'rejected')),
      alter column action drop not null,
      alter column file_sha256 drop not null,
      alter column has_action_column drop not null,
      alter column batch_key drop not null,
      alter column total_count drop not null,
      alter column rejected_count drop not null,
      add column reason text,
      add column file_path text,
      add column acknowledged_at timestamptz,
      add column replaced_by bigint,
      add constraint assignment_batches_taken_check check (status = 'rejected'
        or (action is not null and file_sha256 is not null and has_action_column is not null and batch_key is not null
          and total_count is not null and rejected_count is not null)),
      add constraint assignment_batches_reason_check check ((status = 'rejected') = (reason is not null));
    create index assignment_batches_rejected on tn_ledger.assignment_batches (account_id, file_name)
      where status = 'rejected' and acknowledged_at is null and replaced_by is null;
    comment on table tn_ledger.assignment_batches is
      'Files of numbers that were submitted to be marked assigned or unassigned: a row for each, those rejected as a whole included.';
    comment on column tn_ledger.assignment_batches.action is
      'ASSIGN or UNASSIGN; MIXED where the lines of the file say different ones; null where a rejected file does not tell';
    comment on column tn_ledger.assignment_batches.file_sha256 is
      'Fingerprint of its content: the same content and action is the same batch; null for a rejected file that can not be read';
    comment on column tn_ledger.assignment_batches.has_action_column is 'Whether the file said the action of each line; null for a rejected file';
    comment on column tn_ledger.assignment_batches.batch_key is 'What makes the CustomerOrderIds of the batch its own; null for a rejected file';
    comment on column tn_ledger.assignment_batches.status is
      'open: some order is still to be placed, or not at its end; finished; rejected: the file was not submitted, and reason says why';
    comment on column tn_ledger.assignment_batches.total_count is
      'Lines of the file that name a number, or fail to; null for a rejected file whose lines were not read';
    comment on column tn_ledger.assignment_batches.rejected_count is
      'Lines that were not sent: no number, a duplicate, not in the inventory; null for a rejected file whose lines were not read';
    comment on column tn_ledger.assignment_batches.reason is 'Why the file was rejected as a whole; null for any other';
    comment on column tn_ledger.assignment_batches.file_path is
      'Where a rejected file is, on the machine that read it; null for any other';
    comment on column tn_ledger.assignment_batches.acknowledged_at is
      'When somebody acknowledged that the file was rejected (tn-ledger assignments <batch> --acknowledge): it needs no attention any more; null: nobody did';
    comment on column tn_ledger.assignment_batches.replaced_by is
      'The batch of a later file that took the place of this rejected one: of the same name, or of the same content and not rejected; null: there is none';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from tn_ledger.assignment_batches where status = 'rejected';
    alter table tn_ledger.assignment_batches
      drop constraint assignment_batches_reason_check,
      drop constraint assignment_batches_taken_check,
      drop column replaced_by,
      drop column acknowledged_at,
      drop column file_path,
      drop column reason,
      alter column rejected_count set not null,
      alter column total_count set not null,
      alter column batch_key set not null,
      alter column has_action_column set not null,
      alter column file_sha256 set not null,
      alter column action set not null,
      drop constraint assignment_batches_status_check,
      add constraint assignment_batches_status_check check (status in ('open', 'finished'));
    drop index tn_ledger.number_assignment_order_numbers_unknown;
    alter table tn_ledger.number_assignment_orders drop column unknown_since, drop column unknown_reason;
    update tn_ledger.number_assignment_order_numbers set outcome = null where outcome = 'UNKNOWN';
    alter table tn_ledger.number_assignment_order_numbers
      drop constraint number_assignment_order_numbers_outcome_check,
      add constraint number_assignment_order_numbers_outcome_check check (outcome in ('ACCEPTED', 'FAILED'));
    comment on column tn_ledger.number_assignment_order_numbers.outcome is 'ACCEPTED or FAILED; null while the order is open';
    comment on table tn_ledger.assignment_batches is
      'Files of numbers that were handed in to be declared assigned or unassigned, one row for each that was taken.';
    comment on column tn_ledger.assignment_batches.action is 'ASSIGN or UNASSIGN; MIXED where the lines of the file say different ones';
    comment on column tn_ledger.assignment_batches.file_sha256 is 'Fingerprint of its content: the same content and action is the same batch';
    comment on column tn_ledger.assignment_batches.has_action_column is 'Whether the file said the action of each line';
    comment on column tn_ledger.assignment_batches.batch_key is 'What makes the CustomerOrderIds of the batch its own';
    comment on column tn_ledger.assignment_batches.status is 'open: some order is still to be placed, or not at its end; finished';
    comment on column tn_ledger.assignment_batches.total_count is 'Lines of the file that name a number, or fail to';
    comment on column tn_ledger.assignment_batches.rejected_count is 'Lines that were not sent: no number, a duplicate, not in the inventory';
  `);
}
