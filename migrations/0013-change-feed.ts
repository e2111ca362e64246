import type { Knex } from 'knex';

// Breaks nothing: it adds a column. Runs of before are taken to have seen what was there when they began.

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tn_ledger.sync_runs add column changes_until timestamptz;
    update tn_ledger.sync_runs set changes_until = started_at;
    comment on column tn_ledger.sync_runs.changes_until is
      'Every change seen before this was visible to the report of this run; where it wrote none, it was committed before the run began. Changes seen since are news to the next run. Null: unknown, because a transaction of another user was writing whose begin this user may not see';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.sync_runs drop column changes_until');
}
