import type { Knex } from 'knex';

// Breaks nothing: a listing that was left half-read is read again from its first page.

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tn_ledger.sync_cursors add column api_url text, add column page_size integer;
    comment on column tn_ledger.sync_cursors.api_url is 'Address of the API that its pages were read from; pages of another address are not resumed';
    comment on column tn_ledger.sync_cursors.page_size is 'Size of its pages, which the next ones must have, too; null where none was sent';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.sync_cursors drop column api_url, drop column page_size');
}
