import type { Knex } from 'knex';

// Breaks nothing: it makes indexes, because number_timelines() looks up numbers in all accounts at once.

const indexes = {
  assignment_numbers_number: 'assignment_numbers (telephone_number) where telephone_number is not null',
  number_categories_number: 'number_categories (telephone_number)',
  disconnected_numbers_number: 'disconnected_numbers (telephone_number)',
};

export async function up(knex: Knex): Promise<void> {
  for (const [name, target] of Object.entries(indexes)) await knex.raw(`create index ${name} on tn_ledger.${target}`);
}

export async function down(knex: Knex): Promise<void> {
  for (const name of Object.keys(indexes)) await knex.raw(`drop index tn_ledger.${name}`);
}
