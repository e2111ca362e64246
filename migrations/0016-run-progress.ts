import type { Knex } from 'knex';

// Breaks nothing: earlier versions leave the new column null.

export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.sync_runs add column rows_expected bigint');
  await knex.raw(`
    comment on column tn_ledger.sync_runs.rows_expected is
      'Rows that a running job expected to read in all when its counts were last written, every ten seconds; null: unknown'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.sync_runs drop column rows_expected');
}
