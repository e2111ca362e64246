import type { Knex } from 'knex';

// Breaks nothing: earlier versions see the batches of `reconcile` as batches of `assign`, and finish them.

const table = 'tn_ledger.assignment_batches';
const resultKinds = (kinds: readonly string[]) => `
  alter table tn_ledger.result_files drop constraint result_files_kind_check;
  alter table tn_ledger.result_files add constraint result_files_kind_check
    check (kind in (${kinds.map((kind) => `'${kind}'`).join(', ')}));`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ${table}
      add column purpose text not null default 'assign' check (purpose in ('assign', 'reconcile')),
      add column part_of bigint,
      add column unchanged_count integer not null default 0,
      add column reported_at timestamptz;
    comment on column ${table}.purpose is
      'assign: the file names the numbers and the action; reconcile: the file lists the numbers in use, and the batch has those that the ledger did not show as it does';
    comment on column ${table}.part_of is
      'For the numbers that tn-ledger reconcile --prune marks UNASSIGNED: the batch with the lines of the same file. Null: any other batch';
    comment on column ${table}.unchanged_count is
      'Lines of a reconciled file whose numbers were marked ASSIGNED already: they count as skipped, and have no rows in assignment_numbers';
    comment on column ${table}.reported_at is
      'When the results of a reconciled file were written; until then, the same file resumes this batch. Null: not yet, or any other batch';
    comment on column ${table}.skipped_count is
      'Numbers that were not sent because they were marked so already, or, in a reconciled file, because an order for them is in progress or a classification contradicts';
    comment on column tn_ledger.assignment_numbers.line_number is
      'Line of the file, from 1; for numbers that tn-ledger reconcile --prune marks UNASSIGNED, which are on no line, their position by number';
    comment on column tn_ledger.assignment_numbers.outcome is
      'ACCEPTED or FAILED by Bandwidth; REJECTED before anything was sent; SKIPPED because it was marked so already (reconcile: because an order for it is in progress, or a classification contradicts); UNKNOWN if the order has ended and its counts are inconsistent; null while the order is open';
    create index assignment_batches_part_of on ${table} (part_of) where part_of is not null;
    create index assignment_batches_unreported on ${table} (account_id, batch_id)
      where purpose = 'reconcile' and status <> 'rejected' and reported_at is null;
    comment on table tn_ledger.submitted_files is
      'Files stored with tn-ledger submit, for the next run on any host to assign, reconcile or classify their numbers.';
    comment on column tn_ledger.submitted_files.purpose is 'What the file is for: assign, reconcile or classify';
    comment on column tn_ledger.submitted_files.options is
      'Options of the command: action, force and others for assign; prune, maxChange and others for reconcile; category, from, to, note and others for classify';
    comment on column tn_ledger.result_files.kind is
      'report: the HTML report; results: every line of a submitted file with its outcome (reconcile: without those that were right already); unassigned: the numbers that tn-ledger reconcile --prune marked UNASSIGNED; rejected: the lines of a submitted file that were rejected';
    ${resultKinds(['report', 'results', 'unassigned', 'rejected'])}
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from tn_ledger.result_files where kind = 'unassigned';
    ${resultKinds(['report', 'results', 'rejected'])}
    alter table ${table} drop column purpose, drop column part_of, drop column unchanged_count, drop column reported_at;
  `);
}
