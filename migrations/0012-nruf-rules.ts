import type { Knex } from 'knex';

// Breaks nothing: it adds a table and columns, and drops two functions that come back with other parameters or columns
// (repeatable/nruf-days.sql, nruf-ports.sql). The copy that counting reads is rebuilt by the next nruf_refresh().

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    drop function if exists tn_ledger.nruf_left_out(text);
    drop function if exists tn_ledger.nruf_ports(timestamptz);

    create table tn_ledger.area_codes (
      npa text collate "C" primary key,
      country text not null,
      united_states boolean not null
    );
    comment on table tn_ledger.area_codes is
      'Area codes of the North American Numbering Plan and their countries, from the npm package libphonenumber-js. tn-ledger migrate fills it, again after every update of the package.';
    comment on column tn_ledger.area_codes.npa is 'Area code (919)';
    comment on column tn_ledger.area_codes.country is 'Country by ISO 3166: US, CA, JM …; PR, VI, GU, AS and MP are territories of the United States';
    comment on column tn_ledger.area_codes.united_states is 'Whether its numbers are reported to the FCC: those of the United States and its territories';

    alter table tn_ledger.number_categories add column residential boolean not null default false;
    alter table tn_ledger.number_categories_superseded add column residential boolean not null default false;
    comment on column tn_ledger.number_categories.residential is 'Aging number of a residential customer, which may age for 90 days at most; others for 365';
    comment on column tn_ledger.number_categories_superseded.residential is 'Whether it was declared to be of a residential customer';

    delete from tn_ledger.nruf_intervals_mark;
    delete from tn_ledger.nruf_intervals;
    delete from tn_ledger.nruf_places;
    alter table tn_ledger.nruf_places
      add column hosted boolean not null default false,
      drop constraint nruf_places_account_id_npa_nxx_x_rate_center_state_key,
      add constraint nruf_places_key unique (account_id, npa_nxx_x, rate_center, state, hosted);
    comment on column tn_ledger.nruf_places.hosted is 'Whether the details of these numbers name another account as their owner';
    comment on column tn_ledger.nruf_places.left_out is 'Why these numbers are left out of the geographic forms at any time; null: they are not';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from tn_ledger.nruf_intervals_mark;
    delete from tn_ledger.nruf_intervals;
    delete from tn_ledger.nruf_places;
    alter table tn_ledger.nruf_places
      drop column hosted,
      add constraint nruf_places_account_id_npa_nxx_x_rate_center_state_key unique (account_id, npa_nxx_x, rate_center, state);
    comment on column tn_ledger.nruf_places.left_out is 'Why numbers of this block are left out of the geographic forms; null: they are not';
    alter table tn_ledger.number_categories_superseded drop column residential;
    alter table tn_ledger.number_categories drop column residential;
    drop table tn_ledger.area_codes;
  `);
}
