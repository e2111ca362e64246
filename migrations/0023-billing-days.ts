import type { Knex } from 'knex';

// Breaks nothing: it makes indexes. Most queries ask for the latest days, so the last day of a report comes before its first.

const indexes = {
  billing_reports_last_days: 'billing_reports (account_id, type, end_date, start_date)',
  billing_reports_to_roll_up:
    "billing_reports (account_id) where state = 'loaded' and replaced_by is null and rolled_up_at is null",
};

export async function up(knex: Knex): Promise<void> {
  for (const [name, target] of Object.entries(indexes)) await knex.raw(`create index ${name} on tn_ledger.${target}`);
  await knex.raw('drop index tn_ledger.billing_reports_days');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'create index billing_reports_days on tn_ledger.billing_reports (account_id, type, start_date, end_date)',
  );
  for (const name of Object.keys(indexes)) await knex.raw(`drop index tn_ledger.${name}`);
}
