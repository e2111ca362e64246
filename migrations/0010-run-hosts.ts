import type { Knex } from 'knex';

// Breaks nothing: earlier versions leave the new column null.

export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.sync_runs add column host text');
  await knex.raw(
    `comment on column tn_ledger.sync_runs.host is
       'Name of the host whose process runs or ran it; null for runs recorded by earlier versions'`,
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.sync_runs drop column host');
}
