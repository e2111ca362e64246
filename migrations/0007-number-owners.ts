import type { Knex } from 'knex';

// Breaks nothing: it adds columns that are null at first. The trigger that keeps versions keeps the owner, too (keep-versions.sql).

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tn_ledger.telephone_numbers
      add column owner_account_id text collate "C",
      add column discrepancy text check (discrepancy in ('no details', 'other status'));
    alter table tn_ledger.telephone_number_versions add column owner_account_id text collate "C";
    comment on column tn_ledger.telephone_numbers.owner_account_id is
      'Other account that the number details name for a number in service (hosted numbers: the account that has the voice service); the details are then that account''s, and its in-service date is in raw. Null: the account itself, or unknown';
    comment on column tn_ledger.telephone_numbers.discrepancy is
      'How the number details differ from the in-service list, which names the number. no details: they leave it out, or were not read yet; what the row says of it is of an earlier time, or null. other status: they give it another status than Inservice. Null: they agree';
    comment on column tn_ledger.telephone_numbers.status is
      'Status in the number details (Inservice, Aging, …); Inservice where only the in-service list or the details of another account know the number. The last known one where removed_at is set';
    comment on column tn_ledger.telephone_number_versions.owner_account_id is 'owner_account_id as it was';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tn_ledger.telephone_number_versions drop column owner_account_id;
    alter table tn_ledger.telephone_numbers drop column discrepancy, drop column owner_account_id;
    comment on column tn_ledger.telephone_numbers.status is
      'Status in the number details (Inservice, Aging, …); Inservice where only the in-service list knows the number. The last known one where removed_at is set';
  `);
}
