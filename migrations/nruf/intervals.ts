import type { Knex } from 'knex';

/** The copy that counting reads, and what shows how far it can be trusted; see repeatable/nruf-intervals.sql. */
export async function createIntervals(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tn_ledger.nruf_places (
      place_id integer generated always as identity primary key,
      account_id text collate "C" not null,
      npa_nxx_x text collate "C" not null,
      rate_center text not null,
      state text not null,
      left_out text,
      unique (account_id, npa_nxx_x, rate_center, state)
    );
    comment on table tn_ledger.nruf_places is
      'Where numbers of nruf_intervals belong. Maintained by nruf_refresh(); a place without numbers may stay.';
    comment on column tn_ledger.nruf_places.place_id is 'As in nruf_intervals';
    comment on column tn_ledger.nruf_places.account_id is 'Bandwidth account';
    comment on column tn_ledger.nruf_places.npa_nxx_x is 'Thousands-block; empty for numbers that are not NANP';
    comment on column tn_ledger.nruf_places.rate_center is 'Rate center abbreviation; empty: unknown';
    comment on column tn_ledger.nruf_places.state is 'State; empty: unknown';
    comment on column tn_ledger.nruf_places.left_out is 'Why numbers of this block are left out of the geographic forms; null: they are not';

    create table tn_ledger.nruf_intervals (
      place_id integer not null,
      from_day date not null,
      to_day date not null,
      stay_from date not null,
      declared_on date,
      declared "char" not null,
      shared boolean not null,
      telephone_number text collate "C" not null
    );
    comment on table tn_ledger.nruf_intervals is
      'Days in which a number was in service and declared one and the same thing, made from number_status_history and number_assignment_history so that counting need not join them. It may lag behind them: ask nruf_number_categories(), which knows what changed since.';
    comment on column tn_ledger.nruf_intervals.place_id is 'Account, block, rate center and state, as in nruf_places';
    comment on column tn_ledger.nruf_intervals.from_day is 'First day (UTC) at whose end it was so';
    comment on column tn_ledger.nruf_intervals.to_day is 'First day at whose end it was no longer so; infinity: it still is';
    comment on column tn_ledger.nruf_intervals.stay_from is 'Day on which the time in service began that this belongs to';
    comment on column tn_ledger.nruf_intervals.declared_on is 'Day of the declaration that held; null where none did';
    comment on column tn_ledger.nruf_intervals.declared is 'A: assigned; U: unassigned, right after it was assigned; F: unassigned otherwise, or declared once and no longer; N: never declared so far';
    comment on column tn_ledger.nruf_intervals.shared is 'Whether another account had the number in service, too, at some time';
    comment on column tn_ledger.nruf_intervals.telephone_number is 'The number, as in telephone_numbers';

    create table tn_ledger.nruf_intervals_mark (
      only_row boolean primary key default true check (only_row),
      refreshed_at timestamptz not null,
      unfinished_xid bigint not null,
      written_by_xid bigint not null
    );
    comment on table tn_ledger.nruf_intervals_mark is 'Up to which changes nruf_intervals was brought; no row: not at all.';
    comment on column tn_ledger.nruf_intervals_mark.only_row is 'There is at most one row';
    comment on column tn_ledger.nruf_intervals_mark.refreshed_at is 'When nruf_refresh() brought it there';
    comment on column tn_ledger.nruf_intervals_mark.unfinished_xid is 'Every transaction before this one is contained; what later ones wrote may not be';
    comment on column tn_ledger.nruf_intervals_mark.written_by_xid is 'Transaction that wrote this row; another one did where the database was restored from a dump, and transaction ids mean nothing';

    create table tn_ledger.nruf_writes (
      table_name text not null,
      xid bigint not null,
      primary key (table_name, xid)
    );
    comment on table tn_ledger.nruf_writes is 'Which tables were written, by which transactions that nruf_intervals may not contain.';
    comment on column tn_ledger.nruf_writes.table_name is 'The table';
    comment on column tn_ledger.nruf_writes.xid is 'The transaction';

    create table tn_ledger.nruf_deletions (
      account_id text collate "C" not null,
      telephone_number text collate "C" not null,
      xid bigint not null
    );
    comment on table tn_ledger.nruf_deletions is 'Numbers of which rows were deleted by transactions that nruf_intervals may not contain.';
    comment on column tn_ledger.nruf_deletions.account_id is 'Bandwidth account';
    comment on column tn_ledger.nruf_deletions.telephone_number is 'The number';
    comment on column tn_ledger.nruf_deletions.xid is 'The transaction';
  `);
}

export async function dropIntervals(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table tn_ledger.nruf_deletions;
    drop table tn_ledger.nruf_writes;
    drop table tn_ledger.nruf_intervals_mark;
    drop table tn_ledger.nruf_intervals;
    drop table tn_ledger.nruf_places;
  `);
}
