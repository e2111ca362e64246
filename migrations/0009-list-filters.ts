import type { Knex } from 'knex';

// Breaks nothing: it adds tables and a column.

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tn_ledger.sync_date_filters (
      account_id text collate "C" not null,
      listing text not null,
      date_format text not null check (date_format in ('yyyy-MM-dd', 'yy-MM-dd')),
      api_url text not null,
      proved_at timestamptz,
      updated_at timestamptz not null default clock_timestamp(),
      primary key (account_id, listing)
    );
    comment on table tn_ledger.sync_date_filters is 'Format in which the API reads the days of each list that is read by date windows.';
    comment on column tn_ledger.sync_date_filters.account_id is 'Bandwidth account';
    comment on column tn_ledger.sync_date_filters.listing is 'Name of the listing, as in sync_watermarks';
    comment on column tn_ledger.sync_date_filters.date_format is 'Format of the days in its date filter';
    comment on column tn_ledger.sync_date_filters.api_url is 'Address of the API that was asked; at another one the format is proved again';
    comment on column tn_ledger.sync_date_filters.proved_at is 'When a filtered request showed an entry and an impossible range did not; null while only the other format is known to be refused';
    comment on column tn_ledger.sync_date_filters.updated_at is 'When this row was last written';

    create table tn_ledger.sync_billing_ranges (
      account_id text collate "C" not null,
      type text collate "C" not null,
      source text not null check (source in ('billingreports', 'bdrs')),
      refused_at timestamptz not null default clock_timestamp(),
      primary key (account_id, type, source)
    );
    comment on table tn_ledger.sync_billing_ranges is 'Types of billing report for which Bandwidth refuses a range whose end equals its start (15501): a day is requested together with the next one.';
    comment on column tn_ledger.sync_billing_ranges.account_id is 'Bandwidth account';
    comment on column tn_ledger.sync_billing_ranges.type is 'Type of report, as in billing_reports';
    comment on column tn_ledger.sync_billing_ranges.source is 'Resource of the API, as in billing_reports';
    comment on column tn_ledger.sync_billing_ranges.refused_at is 'When Bandwidth refused a range of one day and accepted one of two';

    alter table tn_ledger.billing_reports
      add column requested_end_date date check (requested_end_date > end_date);
    comment on column tn_ledger.billing_reports.requested_end_date is 'Last day of the requested range where it is later than end_date (Bandwidth refuses a range of one day): rows after end_date are left out; null where the range ends with end_date';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tn_ledger.billing_reports drop column requested_end_date;
    drop table tn_ledger.sync_billing_ranges;
    drop table tn_ledger.sync_date_filters;
  `);
}
