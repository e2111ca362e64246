import type { Knex } from 'knex';

// Breaks nothing: earlier versions leave the new columns at their defaults and write one number per line. The new primary key is built
// under a lock, about a second per million numbers that were ever submitted.

const primaryKey = (columns: string) =>
  `alter table tn_ledger.assignment_numbers drop constraint assignment_numbers_pkey, add primary key (${columns})`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tn_ledger.assignment_numbers add column position_in_line integer not null default 1;
    ${primaryKey('batch_id, line_number, position_in_line')};
    alter table tn_ledger.assignment_batches add column sheet text;
    comment on column tn_ledger.assignment_numbers.line_number is 'Line of the file, or row of the sheet, from 1';
    comment on column tn_ledger.assignment_numbers.position_in_line is
      'Position among the numbers of the line, from 1; above 1 only if the line has a range';
    comment on column tn_ledger.assignment_batches.sheet is 'Sheet of the workbook; null for a CSV file';
    comment on column tn_ledger.assignment_batches.file_path is
      'Where the file is, on the machine that read it; null if it was submitted to the database, and for batches of earlier versions'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from tn_ledger.assignment_numbers where position_in_line > 1;
    ${primaryKey('batch_id, line_number')};
    alter table tn_ledger.assignment_numbers drop column position_in_line;
    alter table tn_ledger.assignment_batches drop column sheet;
    comment on column tn_ledger.assignment_numbers.line_number is 'Line of the file, from 1';
    comment on column tn_ledger.assignment_batches.file_path is
      'Where a rejected file is, on the machine that read it; null if it was not rejected'`);
}
