import type { Knex } from 'knex';

// Breaks nothing: earlier versions leave the new column null.

export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.sync_runs add column requests bigint');
  await knex.raw(`
    comment on column tn_ledger.sync_runs.requests is
      'Requests that the run sent to the API, retries included, tokens not; of a run in progress or killed, up to ten seconds ago. Null: unknown, in runs of earlier versions'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.sync_runs drop column requests');
}
