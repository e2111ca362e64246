import type { Knex } from 'knex';

/** Categories that Bandwidth doesn't know, which people declare (`tn-ledger classify`). */
export async function createDeclarations(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tn_ledger.number_categories (
      account_id text collate "C" not null,
      telephone_number text collate "C" not null,
      category text not null check (category in ('administrative', 'intermediate', 'reserved', 'aging')),
      valid_from timestamptz not null,
      valid_to timestamptz,
      note text,
      overridden boolean not null default false,
      file_name text,
      believed_since timestamptz not null default now(),
      primary key (account_id, telephone_number, valid_from),
      check (valid_to > valid_from)
    );
    comment on table tn_ledger.number_categories is
      'Categories that people declared (tn-ledger classify) because Bandwidth does not know them. The intervals of one number never overlap; nothing else counts where one holds.';
    comment on column tn_ledger.number_categories.account_id is 'Bandwidth account that holds the number';
    comment on column tn_ledger.number_categories.telephone_number is 'The number, as in telephone_numbers';
    comment on column tn_ledger.number_categories.category is 'administrative, intermediate, reserved or aging, as 47 CFR 52.15(f)(1) defines them';
    comment on column tn_ledger.number_categories.valid_from is 'Begin of the first day for which it holds, UTC';
    comment on column tn_ledger.number_categories.valid_to is 'Begin of the first day for which it no longer holds, UTC; null: still';
    comment on column tn_ledger.number_categories.note is 'What the person who declared it wrote';
    comment on column tn_ledger.number_categories.overridden is 'Declared for longer than the rule allows (reserved 180 days, aging 365), on purpose: --override';
    comment on column tn_ledger.number_categories.file_name is 'File that it was declared with';
    comment on column tn_ledger.number_categories.believed_since is 'When it was declared, or last shortened by a later declaration';

    create table tn_ledger.number_categories_superseded (
      account_id text collate "C" not null,
      telephone_number text collate "C" not null,
      category text not null,
      valid_from timestamptz not null,
      valid_to timestamptz,
      note text,
      overridden boolean not null,
      file_name text,
      believed_from timestamptz not null,
      believed_to timestamptz not null
    );
    create index number_categories_superseded_number
      on tn_ledger.number_categories_superseded (account_id, telephone_number);
    comment on table tn_ledger.number_categories_superseded is
      'What number_categories said before a later declaration replaced or shortened it, and when it said so.';
    comment on column tn_ledger.number_categories_superseded.account_id is 'Bandwidth account that holds the number';
    comment on column tn_ledger.number_categories_superseded.telephone_number is 'The number, as in telephone_numbers';
    comment on column tn_ledger.number_categories_superseded.category is 'Category as it was declared';
    comment on column tn_ledger.number_categories_superseded.valid_from is 'Begin as it was declared';
    comment on column tn_ledger.number_categories_superseded.valid_to is 'End as it was declared; null: open';
    comment on column tn_ledger.number_categories_superseded.note is 'Note as it was';
    comment on column tn_ledger.number_categories_superseded.overridden is 'Whether it was longer than the rule allows, on purpose';
    comment on column tn_ledger.number_categories_superseded.file_name is 'File that it was declared with';
    comment on column tn_ledger.number_categories_superseded.believed_from is 'Since when it was so';
    comment on column tn_ledger.number_categories_superseded.believed_to is 'Until when it was so';
  `);
}

export async function dropDeclarations(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table tn_ledger.number_categories_superseded;
    drop table tn_ledger.number_categories;
  `);
}
