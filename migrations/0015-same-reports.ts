import type { Knex } from 'knex';

// Breaks nothing: earlier versions leave the new column null.

export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.billing_reports add column same_as text');
  await knex.raw(`
    comment on column tn_ledger.billing_reports.same_as is
      'Earlier report of the same days with the same content, whose rows stay; this one was not loaded. Null: none';
    comment on column tn_ledger.billing_reports.state is
      'waiting (for Bandwidth), downloaded (not loaded yet), loaded, kept (nothing to load: an invoice, or the content of the report same_as), failed';
    comment on column tn_ledger.billing_reports.files is
      'Files in the archive: an array of name, bytes, rows, rejected and sha256 (rows null: not loaded; sha256: of the uncompressed content, hexadecimal, of loaded files)';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.billing_reports drop column same_as');
}
